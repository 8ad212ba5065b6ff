"""Recorded steps: a function of tensors runs once under observation and is replayed from then on.

Much of a small network's step is not arithmetic: PyTorch looks up modules, builds the autograd graph and walks it back,
and on CUDA launches hundreds of short kernels. All of it is the same at every step. A recording keeps only the
operations on tensors and repeats them on new inputs: the same kernels in the same order, so the results are the same
bit for bit. `Replay` does so on a CPU and `CudaGraph` on CUDA. Nothing here knows what the function computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import is_dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

Function = Callable[[Any], Any]  # inputs -> outputs
Replayed = Callable[[Any, list[Tensor]], Any]  # inputs and the tensors among them -> outputs


class RecordedStep(ABC):
    """Records functions that make up one training step.

    A function takes one frozen dataclass of tensors and hashable values and returns one dataclass of tensors and lists
    of tensors. It may also read `modules`, update their buffers, and draw from `rngs`, but from nothing else. Its
    outputs may be overwritten by its next call.

    Args:
        modules: all networks that the functions use; their parameters may change between calls.
        rngs: all random generators that the functions draw from.
    """

    keeps_graph: ClassVar[bool]  # whether one function can backpropagate into the outputs of another

    def __init__(self, modules: Sequence[nn.Module], rngs: Sequence[torch.Generator]) -> None:
        self._modules, self._rngs = modules, rngs

    def record(self, *functions: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
        """The same functions, recorded at their first call for each kind of input and replayed at every later one.

        Inputs are of one kind if they differ only in the values of their tensors. A call raises `ConfigError` if the
        function cannot be recorded. Earlier recordings are forgotten.
        """
        return tuple(map(self._recorded, functions))

    def _recorded(self, function: Function) -> Function:
        replays: dict[Hashable, Replayed] = {}

        def call(inputs: Any) -> Any:
            kind, tensors = flatten(inputs)
            if kind in replays:
                return replays[kind](inputs, tensors)
            outputs, replays[kind] = self._record(function, inputs)
            return outputs

        return call

    @abstractmethod
    def _record(self, function: Function, inputs: Any) -> tuple[Any, Replayed]:
        """Run the function once; its outputs, and how to replay it on inputs of this kind and their tensors."""


class TensorKind(NamedTuple):
    """Takes the place of a tensor in a flattened structure."""

    shape: torch.Size
    dtype: torch.dtype


def flatten(structure: Any) -> tuple[Any, list[Tensor]]:
    """A dataclass with a `TensorKind` for each tensor in its fields, and these tensors in order."""
    tensors: list[Tensor] = []

    def take(tensor: Tensor) -> TensorKind:
        tensors.append(tensor)
        return TensorKind(tensor.shape, tensor.dtype)

    return _replace(structure, Tensor, take), tensors


def unflatten(structure: Any, tensors: Iterable[Tensor]) -> Any:
    """The reverse of `flatten`."""
    remaining = iter(tensors)
    return _replace(structure, TensorKind, lambda _: next(remaining))


def _replace(structure: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    if isinstance(structure, kind):
        return change(structure)
    if isinstance(structure, list):
        return [_replace(item, kind, change) for item in structure]
    if is_dataclass(structure):
        constructor: Callable[..., Any] = type(structure)
        return constructor(*[_replace(field, kind, change) for field in vars(structure).values()])
    return structure
