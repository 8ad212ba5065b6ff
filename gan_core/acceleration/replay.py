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

from gan_core.acceleration.recorded_step import Again, Drawn, FiguresOf, Made, Recordings
from gan_core.acceleration.trace import Tape
from gan_core.config import TrainConfig
from gan_core.models.batch_layers import repeats_itself


class Replays(Recordings):
    """Does what `differentiate` does, by the list of operations that its first call of each kind came to."""

    @staticmethod
    def can_record(config: TrainConfig, device: torch.device, generator: nn.Module) -> bool:
        """On a CPU.

        G's step that is to go on from D's fakes may have to make them once more, if D's step was not recorded with it.
        """
        return device.type == "cpu" and (not config.reuse_fakes or repeats_itself(generator))

    def forget(self) -> None:
        super().forget()
        self._lists: list[_List] = []
        self._left: list[Tensor] | None = None  # by the last step, for the next; None after an eager one

    def _record(
        self, figures_of: FiguresOf, parameters: list[nn.Parameter], drawn: Sequence[Drawn]
    ) -> tuple[Made, Again]:
        eager = partial(self._eager, figures_of, parameters, drawn)
        tensors = [x for x in drawn if isinstance(x, Tensor)]
        states = [state for network in self._networks for state in (*network.parameters(), *network.buffers())]
        before = self._lists[-1].tape if self._lists else None
        with Tape((*states, *self._generators, *tensors), before) as tape:
            made = eager(*tensors)
        if tape.asked:
            return made, eager
        tape.end(made)
        listed = self._enlist(figures_of.__name__, tape)
        lasting = *(state.detach() for state in states), *self._generators

        def by_list(*tensors: Tensor) -> Made:
            taken = self._left if tape.taken else []
            if taken is None:
                return eager(*tensors)
            with torch.inference_mode():  # quicker than `no_grad`, by a twentieth of a small network's step
                results = listed.function(*lasting, *tensors, *taken)
            self._left = results[len(made) :]
            return results[: len(made)]

        return made, by_list

    def _enlist(self, of: str, tape: Tape) -> _List:
        """A new list. It leaves what others of the same network's steps leave, and the one before, what it takes."""
        before, alike = self._lists[-1:], [one for one in self._lists if one.of == of]
        if tape.taken:
            for one in self._lists:
                if one.of == before[0].of:
                    one.leave(tape.taken)
        self._lists.append(_List(of, tape, alike[0].leaves if alike else []))
        return self._lists[-1]

    def _eager(
        self, figures_of: FiguresOf, parameters: list[nn.Parameter], drawn: Sequence[Drawn], *tensors: Tensor
    ) -> Made:
        """The step as ever, of these tensors in the places of those that were drawn when it was recorded."""
        self._left = None
        rest = iter(tensors)
        figures = self._differentiate(
            figures_of, parameters, *(next(rest) if isinstance(x, Tensor) else x for x in drawn)
        )
        return [figures, *(parameter.grad for parameter in parameters)]


class _List:
    """A tape as a function: (*weights and statistics, *generators, *drawn, *taken) -> (*made, *left)."""

    def __init__(self, of: str, tape: Tape, leaves: list[str]) -> None:
        self.of, self.tape = of, tape
        self.leave(leaves)

    def leave(self, names: list[str]) -> None:
        """Leave behind what these names stand for, on the tape of every step of this kind."""
        self.leaves, self.function = names, self.tape.function(names)
