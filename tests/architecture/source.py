"""The project's code as syntax trees: its modules, what each imports and what each calls."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def files(*folders: str) -> list[Path]:
    """Every Python file under these folders of the project."""
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def module_name(file: Path) -> str:
    """The dotted name under which a file is imported: "gan_core.data" for gan_core/data/__init__.py."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def nodes(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))))


@cache
def imports(file: Path) -> set[str]:
    """Every name that the file imports, inside functions and for type checking too: "torch", "gan_core.data.load"."""
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def packages(file: Path) -> set[str]:
    """The top-level packages that the file imports."""
    return {name.split(".")[0] for name in imports(file)}


@cache
def import_graph() -> dict[str, set[str]]:
    """Each module of the engine and the app, with those of them that it imports."""
    modules = {module_name(file): file for file in [ROOT / "app.py", *files("gan_core", "ui", "pages")]}

    def imported(name: str) -> str:  # "gan_core.data.load" is either a module or an attribute of gan_core.data
        return name if name in modules else name.rpartition(".")[0]

    return {
        module: ({imported(name) for name in imports(file)} & modules.keys()) - {module}
        for module, file in modules.items()
    }


@cache
def calls(file: Path) -> list[tuple[str, ast.Call]]:
    """Each call in the file by its dotted name: ("torch.load", node)."""
    return [(ast.unparse(node.func), node) for node in nodes(file) if isinstance(node, ast.Call)]


def keywords(call: ast.Call) -> dict[str | None, str]:
    """The keyword arguments of a call, as text."""
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def location(file: Path, node: ast.AST) -> str:
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
