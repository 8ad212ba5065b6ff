"""Binds the losses of `objective` to the networks of a run, and records them where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from gan_core import losses
from gan_core.acceleration.cuda_graph import CudaGraph
from gan_core.acceleration.recorded_step import RecordedStep
from gan_core.acceleration.replay import Replay
from gan_core.config import TrainConfig
from gan_core.losses import penalties
from gan_core.models.batch_layers import is_deterministic, is_samplewise
from gan_core.system.devices import capabilities, describe_device, multiplies_bfloat16
from gan_core.system.random_streams import Streams
from gan_core.training import objective
from gan_core.training.objective import Batch, Gradients, LatentBatch, Settings


class RecordedObjective:
    """D's and G's loss with their gradients, as functions of a batch, under the config of the last `update`."""

    discriminator: Callable[[Batch], Gradients]
    generator: Callable[[LatentBatch], Gradients]

    def __init__(
        self, config: TrainConfig, device: torch.device, networks: tuple[nn.Module, nn.Module], rngs: Streams
    ) -> None:
        self._networks, self._rngs = networks, rngs
        self._parameters_g, self._parameters_d = (list(network.parameters()) for network in networks)
        wants_bfloat16 = config.precision == "bfloat16"
        self._bfloat16 = wants_bfloat16 and multiplies_bfloat16(device)
        fallback = f"No bfloat16 arithmetic on this device ({describe_device(device)}): the run trains in float32"
        self.notes = (fallback,) if wants_bfloat16 and not self._bfloat16 else ()
        self.recorded_step = recorded_step(config, device, networks, rngs)
        self._settings: Settings | None = None

    def update(self, config: TrainConfig) -> Settings:
        """Use the settings of `config`. If they differ from the last ones, the steps are recorded again."""
        settings = Settings(
            losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing),
            penalties.get(config.penalty),
            config.augment,
            bfloat16=self._bfloat16,
            is_samplewise=is_samplewise(self._networks[1]),
            keep_graph=config.reuse_fakes and (self.recorded_step is None or self.recorded_step.keeps_graph),
        )
        if settings == self._settings:
            return settings
        self._settings = settings
        loss_d = partial(objective.discriminator_loss, *self._networks, settings, self._rngs)
        loss_g = partial(objective.generator_loss, *self._networks, settings, self._rngs)
        self.discriminator = partial(objective.differentiate, loss_d, self._parameters_d)
        self.generator = partial(objective.differentiate, loss_g, self._parameters_g)
        if self.recorded_step is not None:
            self.discriminator, self.generator = self.recorded_step.record(self.discriminator, self.generator)
        return settings


def recorded_step(
    config: TrainConfig, device: torch.device, networks: tuple[nn.Module, nn.Module], rngs: Streams
) -> RecordedStep | None:
    """The recorder of the steps of (G, D) under `config`; None if they run eagerly.

    With `reuse_fakes`, G's recorded step may have to generate D's fakes again. So G must be deterministic.
    """
    if config.reuse_fakes and not is_deterministic(networks[0]):
        return None
    recording = capabilities(device).recording
    if recording == "cuda graph":
        return CudaGraph(networks, rngs.on_device) if config.cuda_graph else None
    return Replay(networks, rngs.on_device) if recording == "replay" else None
