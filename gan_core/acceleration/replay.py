"""Recorded steps on a CPU: each becomes a list of operations on tensors.

Up to a third of an eager step is overhead: modules look up their parts, autograd builds a graph and walks it back. A
replay runs only the tensor operations.

One function may backpropagate into the outputs of another, as a step of G into the fakes of D's step. Its backward
operations then read tensors that the other function's forward operations saved. So the replay of the other function
also keeps those tensors, and this function's replay reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gan_core.acceleration.recorded_step import Function, RecordedStep, tensors_of
from gan_core.acceleration.trace import Trace


class Replay(RecordedStep):
    """Replays the list of operations that each function executed when it was recorded."""

    keeps_graph = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._state = [tensor for module in self._modules for tensor in (*module.parameters(), *module.buffers())]

    def record(self, *functions: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
        self._recordings: list[_Recording] = []
        self._saved: list[Tensor] | None = None  # by the last replay, for the next one; None after an eager call
        return super().record(*functions)

    def _record(self, function: Function, inputs: Any) -> tuple[Any, Function]:
        def run_eagerly(inputs: Any) -> Any:
            self._saved = None
            return function(inputs)

        previous = self._recordings[-1].trace if self._recordings else None
        with Trace((*self._state, *self._rngs, *tensors_of(inputs)), previous) as trace:
            outputs = run_eagerly(inputs)
        if trace.is_data_dependent:
            return outputs, run_eagerly
        trace.end(list(vars(outputs).values()))
        recording, kind = self._add(function, trace), type(outputs)
        state = *(tensor.detach() for tensor in self._state), *self._rngs

        def replay(inputs: Any) -> Any:
            reads = self._saved if trace.reads else []
            if reads is None:
                return run_eagerly(inputs)
            with torch.inference_mode():  # faster than `no_grad`, by 5 % of a small network's step
                fields, self._saved = recording.run(*state, *tensors_of(inputs), *reads)
            return kind(*fields)

        return outputs, replay

    def _add(self, function: Function, trace: Trace) -> _Recording:
        """A new recording. The recordings of the function before it now also save the tensors that `trace` reads."""
        if trace.reads:
            for recording in self._recordings:
                if recording.function is self._recordings[-1].function:
                    recording.compile(trace.reads)
        saves = next((recording.saves for recording in self._recordings if recording.function is function), [])
        self._recordings.append(_Recording(function, trace, saves))
        return self._recordings[-1]


class _Recording:
    """One kind of call of a function.

    `run` takes (*state, *rngs, *inputs, *tensors read from the previous replay) and returns the fields of the outputs,
    and the tensors saved for the next replay.
    """

    def __init__(self, function: Function, trace: Trace, saves: list[str]) -> None:
        self.function, self.trace = function, trace
        self.compile(saves)

    def compile(self, saves: list[str]) -> None:
        """Save the tensors of these names, which are the same in the trace of every kind of call."""
        self.saves, self.run = saves, self.trace.function(saves)
