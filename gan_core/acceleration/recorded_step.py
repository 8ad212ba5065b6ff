"""Recorded steps: a function of tensors runs once under observation and is replayed from then on.

Much of a small network's step is not arithmetic: PyTorch looks up modules, builds the autograd graph and walks it back,
and on CUDA launches hundreds of short kernels. All of it is the same at every step. A recording keeps only the
operations on tensors and repeats them on new inputs: the same kernels in the same order, so the results are the same
bit for bit. `Replay` does so on a CPU and `CudaGraph` on CUDA. Nothing here knows what the function computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

Function = Callable[[Any], Any]  # inputs -> outputs


class RecordedStep(ABC):
    """Records functions that make up one training step.

    A function takes one dataclass of tensors and hashable values, and returns one of tensors, lists of tensors and
    None. It may also read `modules`, update their buffers, and draw from `rngs`, but from nothing else. Its outputs may
    be overwritten by its next call.

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
        replays: dict[Hashable, Function] = {}

        def call(inputs: Any) -> Any:
            fields = vars(inputs).values()
            kind = tuple([(value.shape, value.dtype) if isinstance(value, Tensor) else value for value in fields])
            if (replay := replays.get(kind)) is not None:
                return replay(inputs)
            outputs, replays[kind] = self._record(function, inputs)
            return outputs

        return call

    @abstractmethod
    def _record(self, function: Function, inputs: Any) -> tuple[Any, Function]:
        """Run the function once; its outputs, and its replay on inputs of this kind."""


def tensors_of(inputs: Any) -> list[Tensor]:
    """The tensors among the fields of a dataclass."""
    return [value for value in vars(inputs).values() if isinstance(value, Tensor)]
