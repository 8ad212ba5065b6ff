"""Whether an expression of the app's code can carry text from outside: from a user, a URL, a file or an error.

Text of this project consists of literals, numbers, constants, and calls of the escaping function. Local variables, our
own functions and their parameters are followed by name.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

WITHOUT_TEXT = {"plain", "len", "round", "int", "sum", "columns"}  # `plain` escapes the text
PASSING = {"list", "sorted", "filter", "enumerate", "zip", "get_args"}
PASSING |= {"join", "upper", "capitalize", "items", "values", "get"}  # methods
NUMERIC = re.compile(r".*,.*|.*[dfeg%]")  # format specs that no text accepts
NUMERIC_TYPES = re.compile(r"(int|float|bool|None|Literal\[.*\])( \| (int|float|None))*")
# Texts that the project's code writes, with Markdown on purpose or as names of widgets, which screen readers read raw.
OWN_TEXTS = re.compile(r"about\.\w+|describe\(loss\)\.\w+|penalty_formula\(.*\)|(setting_names\.)?label\(.*\)")
UNKNOWN = ast.Pass()  # the value of a variable that `with` or `except` sets


def called(call: ast.Call) -> str:
    """The last part of the name of a called function."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


class Code:
    """The calls, returned values and variables of some files by name, and the node around each node."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.file: dict[ast.AST, Path] = {}
        self.outer: dict[ast.AST, Any] = {}
        self.calls: dict[str, list[Any]] = defaultdict(list)
        self.returned: dict[str, list[Any]] = defaultdict(list)
        self.values: dict[tuple[ast.AST, str], list[Any]] = defaultdict(list)  # by scope and variable
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                self.file[node] = path
                self.outer |= dict.fromkeys(ast.iter_child_nodes(node), node)
        for node in self.file:
            match node:
                case ast.Call(func=function, args=args):
                    self.calls[called(node)].append(node)
                    if called(node) in ("append", "extend", "insert") and isinstance(function, ast.Attribute):
                        self._bind(function.value, *args)
                case ast.Return(value=ast.expr() as value):
                    self.returned[next(self._scopes(node)).name].append(value)
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value)
                case ast.AST(target=target, value=ast.expr() as value) | ast.AST(target=target, iter=value):
                    self._bind(target, value)
                case ast.withitem(optional_vars=ast.expr() as target):
                    self._bind(target, UNKNOWN)
                case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                    value = node if isinstance(node, ast.arg) else UNKNOWN
                    self.values[next(self._scopes(node)), name].append(value)

    def _bind(self, target: ast.AST, *values: ast.AST) -> None:
        """Note these values for each variable in a target."""
        if isinstance(target, ast.Tuple) and isinstance(values[0], ast.Tuple):
            for one, value in zip(target.elts, values[0].elts, strict=False):
                self._bind(one, value)
        else:
            for name in (each.id for each in ast.walk(target) if isinstance(each, ast.Name)):
                self.values[next(self._scopes(target)), name] += values

    def _scopes(self, node: ast.AST) -> Iterator[Any]:
        """The functions around a node, the innermost first, and its module."""
        while node := self.outer.get(node):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)):
                yield node

    def own(self, node: ast.AST) -> bool:
        """Whether the value of an expression, or its parts, are text of this project or numbers."""
        seen, left = set[ast.AST](), [node]
        while left:
            if (part := left.pop()) not in seen:
                seen.add(part)
                if (sources := self._sources(part)) is None:
                    return False
                left += sources
        return True

    def _sources(self, node: ast.AST) -> list[Any] | None:
        """The nodes that the text of this node comes from; None if it may come from outside."""
        match node:
            case ast.Constant() | ast.Compare() | ast.Lambda() | ast.UnaryOp(op=ast.Not()):
                return []
            case ast.BinOp(left=ast.Constant(), op=ast.Mult()):
                return []
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=str(spec))])) if (
                NUMERIC.fullmatch(spec)
            ):
                return []
            case ast.FormattedValue(value=part, conversion=-1) | ast.Subscript(value=part):
                return [part]
            case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.SetComp(elt=part):
                return [part]
            case ast.IfExp(body=one, orelse=other) | ast.DictComp(key=one, value=other):
                return [one, other]
            case ast.JoinedStr() | ast.BoolOp() | ast.BinOp() | ast.NamedExpr() | ast.Starred():
                return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
            case ast.Attribute(value=whole, attr=name):
                return [] if name.isupper() or OWN_TEXTS.fullmatch(ast.unparse(node)) else [whole]
            case ast.Call(func=function, args=args):
                name = called(node)
                if name in WITHOUT_TEXT or OWN_TEXTS.fullmatch(ast.unparse(node)):
                    return []
                if name in PASSING:  # the first argument of `get` is a key
                    return args[name == "get" :] + ([function.value] if isinstance(function, ast.Attribute) else [])
                return args[:1] if name == "map" else self._near(node, self.returned[name])
            case ast.Name(id=name):
                if name == "plain" or name.lstrip("_")[:1].isupper():  # a constant or a class
                    return []
                found = (self.values.get((scope, name)) for scope in self._scopes(node))
                return next(filter(None, found), None) or self._near(node, self.returned[name])
            case ast.arg(arg=name, annotation=kind):
                is_number = kind is not None and NUMERIC_TYPES.fullmatch(ast.unparse(kind))
                return [] if is_number else [value for key, value in self._given(node) if key == name] or None
        return None

    def _near(self, node: ast.AST, found: list[Any]) -> list[Any] | None:
        """Those of the found nodes that are in the file of `node`, or all if none is; None if there are none."""
        return [each for each in found if self.file[each] == self.file[node]] or found or None

    def _given(self, parameter: ast.arg) -> Iterator[tuple[str | None, Any]]:
        """The names and values of the arguments in all calls of a parameter's function."""
        function = self.outer[self.outer[parameter]]
        if isinstance(function, ast.FunctionDef):
            names, calls = [each.arg for each in function.args.args], self.calls[function.name]
            for call in (self._near(function, calls) or ()) if function.name.startswith("_") else calls:
                yield from zip(names[names[:1] == ["self"] :], call.args, strict=False)
                yield from ((each.arg, each.value) for each in call.keywords)

    def items(self, node: ast.AST, keys: set[str]) -> Iterator[ast.AST]:
        """The values of some keys of a dict, which is a literal, a variable, or the result of one of our functions."""
        match node:
            case ast.Dict(keys=names, values=values):
                for name, value in zip(names, values, strict=True):
                    if name is None:
                        yield from self.items(value, keys)
                    elif not isinstance(name, ast.Constant) or name.value in keys:
                        yield value
            case ast.arg() if self.outer[node].kwarg is node:
                yield from (value for key, value in self._given(node) if key in keys)
            case ast.BinOp() | ast.Call() | ast.Name() if sources := self._sources(node):
                yield from (value for part in sources for value in self.items(part, keys))
            case _:
                yield node
