"""On a CPU: a kind of step is recorded as a list of operations on tensors, and from then on done by that list alone.

Of an eager step up to a third is spent on the way: modules look up their parts, autograd takes notes and finds its way
back by them, all as in the step before. The list is what all that comes to in the end. The same operations on the same
numbers in the same order give the same result, bit for bit.

Where G's step goes on from the fakes of D's (`reuse_fakes`), autograd's notes of how they were made lead back to
numbers of D's step. So the list of D's step also leaves these behind, and that of G's takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gan_core.acceleration.recorded_step import Again, Made, RecordedStep, StepInput, ValuesOf
from gan_core.acceleration.trace import Trace
from gan_core.config import TrainConfig


class Replay(RecordedStep):
    """Does what `differentiate` does, by the list of operations that its first call of each kind came to."""

    @staticmethod
    def can_record(config: TrainConfig, device: torch.device, is_deterministic: bool) -> bool:
        """On a CPU.

        G's step that is to go on from D's fakes may have to make them once more, if D's step was not recorded with it.
        """
        return device.type == "cpu" and (not config.reuse_fakes or is_deterministic)

    def forget(self) -> None:
        super().forget()
        self._lists: list[_List] = []
        self._left: list[Tensor] | None = None  # by the last step, for the next; None after an eager one

    def _record(
        self, values_of: ValuesOf, parameters: list[nn.Parameter], drawn: Sequence[StepInput]
    ) -> tuple[Made, Again]:
        eager = partial(self._eager, values_of, parameters, drawn)
        tensors = [x for x in drawn if isinstance(x, Tensor)]
        states = [state for network in self._networks for state in (*network.parameters(), *network.buffers())]
        before = self._lists[-1].trace if self._lists else None
        with Trace((*states, *self._generators, *tensors), before) as trace:
            made = eager(*tensors)
        if trace.asked:
            return made, eager
        trace.end(made)
        listed = self._enlist(values_of.__name__, trace)
        lasting = *(state.detach() for state in states), *self._generators

        def by_list(*tensors: Tensor) -> Made:
            taken = self._left if trace.taken else []
            if taken is None:
                return eager(*tensors)
            with torch.inference_mode():  # quicker than `no_grad`, by a twentieth of a small network's step
                results = listed.function(*lasting, *tensors, *taken)
            self._left = results[len(made) :]
            return results[: len(made)]

        return made, by_list

    def _enlist(self, of: str, trace: Trace) -> _List:
        """A new list. It leaves what others of the same network's steps leave, and the one before, what it takes."""
        before, alike = self._lists[-1:], [one for one in self._lists if one.of == of]
        if trace.taken:
            for one in self._lists:
                if one.of == before[0].of:
                    one.leave(trace.taken)
        self._lists.append(_List(of, trace, alike[0].leaves if alike else []))
        return self._lists[-1]

    def _eager(
        self, values_of: ValuesOf, parameters: list[nn.Parameter], drawn: Sequence[StepInput], *tensors: Tensor
    ) -> Made:
        """The step as ever, of these tensors in the places of those that were drawn when it was recorded."""
        self._left = None
        rest = iter(tensors)
        values = self._differentiate(
            values_of, parameters, *(next(rest) if isinstance(x, Tensor) else x for x in drawn)
        )
        return [values, *(parameter.grad for parameter in parameters)]


class _List:
    """A trace as a function: (*weights and statistics, *generators, *drawn, *taken) -> (*made, *left)."""

    def __init__(self, of: str, trace: Trace, leaves: list[str]) -> None:
        self.of, self.trace = of, trace
        self.leave(leaves)

    def leave(self, names: list[str]) -> None:
        """Leave behind what these names stand for, on the trace of every step of this kind."""
        self.leaves, self.function = names, self.trace.function(names)
