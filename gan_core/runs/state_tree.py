"""Nested state, as torch's optimisers and generators give it, as tensors by name and one plain JSON value.

So a checkpoint needs no pickle, and one from elsewhere can be checked before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

_PLAIN = (str, int, float, bool, type(None))


def take_apart(value: Any) -> tuple[dict[str, Tensor], Any]:
    """Every tensor in a nest of dicts, lists and tuples, by its path ("optimizer_g.state.0.exp_avg"), and the rest.

    In the rest, a tensor is `{"tensor": path}`, a dict `{"dict": [[key, value], ...]}` because JSON's keys are text
    only, and a tuple `{"tuple": [...]}`; so all comes back as it was.

    Raises:
        TypeError: the nest holds something else.
    """
    tensors: dict[str, Tensor] = {}

    def part(value: Any, path: str) -> Any:
        if isinstance(value, Tensor):
            tensors[path] = value.detach().contiguous()
            return {"tensor": path}
        if isinstance(value, dict):
            return {"dict": [[key, part(value[key], f"{path}.{key}".lstrip("."))] for key in value]}
        if isinstance(value, list | tuple):
            parts = [part(item, f"{path}.{i}".lstrip(".")) for i, item in enumerate(value)]
            return parts if isinstance(value, list) else {"tuple": parts}
        if isinstance(value, _PLAIN):
            return value
        raise TypeError(f"{path}: a {type(value).__name__} has no place in a checkpoint")

    rest = part(value, "")
    return tensors, rest


def put_together(tensors: Mapping[str, Tensor], rest: Any) -> Any:
    """What `take_apart` was given.

    Raises:
        ValueError: `rest` is not of its making, or a tensor is missing.
    """
    if isinstance(rest, list):
        return [put_together(tensors, item) for item in rest]
    if isinstance(rest, _PLAIN):
        return rest
    try:
        ((kind, content),) = rest.items()
        if kind == "tensor":
            return tensors[content]
        if kind == "tuple":
            return tuple(put_together(tensors, item) for item in content)
        if kind == "dict":
            return {key: put_together(tensors, item) for key, item in content}
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise ValueError(f"not the state of a checkpoint ({type(error).__name__}: {error})") from None
    raise ValueError(f"not the state of a checkpoint ({str(kind)[:40]!r})")
