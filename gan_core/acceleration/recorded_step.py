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

StepInput = Tensor | bool | None  # what a loss depends on beside the weights; all but a tensor is recorded for good
ValuesOf = Callable[..., Sequence[Tensor]]  # what was drawn -> a loss, then what else to show; scalars
Differentiate = Callable[..., Tensor]  # (values_of, parameters, *drawn) -> values; `trainer.differentiate`
Made = Sequence[Tensor | None]  # values, then the gradient of each parameter
Again = Callable[..., Made]  # drawn tensors -> the same of these, in memory that the next of its kind may overwrite


class RecordedStep(ABC):
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
    def can_record(config: TrainConfig, device: torch.device, is_deterministic: bool) -> bool:
        """Whether steps under `config` may be recorded on `device`, where G `is_deterministic`."""

    def under(self, *settings: Hashable) -> Differentiate:
        """`differentiate` under `settings`, which are all that a loss depends on beside weights and what is drawn."""
        if settings != self._settings:
            self._settings = settings
            self.forget()
        return self._call

    def forget(self) -> None:
        """Record each kind anew."""
        self._recorded: dict[Hashable, Again] = {}

    def _call(self, values_of: ValuesOf, parameters: list[nn.Parameter], *drawn: StepInput) -> Tensor:
        """As `differentiate`.

        Raises:
            ConfigError: the step cannot be recorded.
        """
        kind = values_of.__name__, *((x.shape, x.dtype) if isinstance(x, Tensor) else x for x in drawn)
        if kind in self._recorded:
            made = self._recorded[kind](*(x for x in drawn if isinstance(x, Tensor)))
        else:
            made, self._recorded[kind] = self._record(values_of, parameters, drawn)
        values, *gradients = made
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        assert values is not None
        return values

    @abstractmethod
    def _record(
        self, values_of: ValuesOf, parameters: list[nn.Parameter], drawn: Sequence[StepInput]
    ) -> tuple[Made, Again]:
        """Do this step, once; what it made, and how to do others of its kind."""
