"""Each kind of step is recorded once, and from then on done by its recording: the same numbers, without the way there.

How it is recorded depends on the device: `graphs` for CUDA, `replays` for a CPU; or, if somebody asks, as machine code,
`compiled`. The optimiser moves the weights after, as in the eager step, so that a rate may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig

Drawn = Tensor | bool | None  # what a loss depends on beside the weights; all but a tensor is recorded for good
FiguresOf = Callable[..., Sequence[Tensor]]  # what was drawn -> a loss, then what else to show; scalars
Differentiate = Callable[..., Tensor]  # (figures_of, parameters, *drawn) -> figures; `trainer.differentiate`
Made = Sequence[Tensor | None]  # figures, then the gradient of each parameter
Again = Callable[..., Made]  # drawn tensors -> the same of these, in memory that the next of its kind may overwrite


class Recordings(ABC):
    """Does what `differentiate` does, as it was recorded at the first call of each kind.

    Args:
        differentiate: gives `parameters` the gradient of a loss. It may read from its arguments and the networks only,
            and must go the same way whatever their numbers are.
        networks: the networks that it computes with.
        generators: where chance comes from on the way.
    """

    def __init__(
        self, differentiate: Differentiate, networks: Sequence[nn.Module], generators: Sequence[torch.Generator]
    ) -> None:
        self._differentiate, self._networks, self._generators = differentiate, networks, generators
        self._settings: tuple[Hashable, ...] = ()
        self.forget()

    @staticmethod
    @abstractmethod
    def can_record(config: TrainConfig, device: torch.device, generator: nn.Module) -> bool:
        """Whether steps under `config`, with this network G, may be recorded in this way there."""

    def under(self, *settings: Hashable) -> Differentiate:
        """`differentiate` under `settings`, which are all that a loss depends on beside weights and what is drawn."""
        if settings != self._settings:
            self._settings = settings
            self.forget()
        return self._call

    def forget(self) -> None:
        """Record each kind anew."""
        self._recorded: dict[Hashable, Again] = {}

    def _call(self, figures_of: FiguresOf, parameters: list[nn.Parameter], *drawn: Drawn) -> Tensor:
        """As `differentiate`.

        Raises:
            ConfigError: the step cannot be recorded.
        """
        kind = figures_of.__name__, *((x.shape, x.dtype) if isinstance(x, Tensor) else x for x in drawn)
        if kind in self._recorded:
            made = self._recorded[kind](*(x for x in drawn if isinstance(x, Tensor)))
        else:
            made, self._recorded[kind] = self._record(figures_of, parameters, drawn)
        figures, *gradients = made
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        assert figures is not None
        return figures

    @abstractmethod
    def _record(
        self, figures_of: FiguresOf, parameters: list[nn.Parameter], drawn: Sequence[Drawn]
    ) -> tuple[Made, Again]:
        """Do this step, once; what it made, and how to do others of its kind."""
