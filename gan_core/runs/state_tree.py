"""Splits nested state, such as an optimiser's, into tensors by name and one JSON value.

So a checkpoint needs no pickle, and a checkpoint from elsewhere can be checked before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

_PLAIN = (str, int, float, bool, type(None))


def split(state: Any) -> tuple[dict[str, Tensor], Any]:
    """The tensors of nested dicts, lists and tuples by path ("optimizer_g.state.0.exp_avg"), and the JSON structure.

    In the structure, a tensor is `{"tensor": path}`, a dict is `{"dict": [[key, value], ...]}` because JSON allows only
    texts as keys, and a tuple is `{"tuple": [...]}`.

    Raises `TypeError` if the state holds a value of another type.
    """
    tensors: dict[str, Tensor] = {}

    def convert(value: Any, path: str) -> Any:
        if isinstance(value, Tensor):
            tensors[path] = value.detach().contiguous()
            return {"tensor": path}
        if isinstance(value, dict):
            return {"dict": [[key, convert(value[key], f"{path}.{key}".lstrip("."))] for key in value]}
        if isinstance(value, list | tuple):
            items = [convert(item, f"{path}.{i}".lstrip(".")) for i, item in enumerate(value)]
            return items if isinstance(value, list) else {"tuple": items}
        if isinstance(value, _PLAIN):
            return value
        raise TypeError(f"{path}: a checkpoint cannot hold a {type(value).__name__}")

    structure = convert(state, "")
    return tensors, structure


def join(tensors: Mapping[str, Tensor], structure: Any) -> Any:
    """The state that `split` was given.

    Raises `ValueError` if `split` did not make this structure, or a tensor is missing.
    """
    if isinstance(structure, list):
        return [join(tensors, item) for item in structure]
    if isinstance(structure, _PLAIN):
        return structure
    try:
        ((kind, content),) = structure.items()
        if kind == "tensor":
            return tensors[content]
        if kind == "tuple":
            return tuple(join(tensors, item) for item in content)
        if kind == "dict":
            return {key: join(tensors, item) for key, item in content}
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise ValueError(f"not the state of a checkpoint ({type(error).__name__}: {error})") from None
    raise ValueError(f"not the state of a checkpoint ({str(kind)[:40]!r})")
