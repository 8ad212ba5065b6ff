"""Frozen copies of the weights of a run in training, made by the training thread between two steps."""

from __future__ import annotations

import threading

from gan_core.latent import Model, Weights
from gan_core.session.commands import CommandQueue
from gan_core.training.trainer import Trainer


class LiveModel:
    """Returns frozen models of one session to any number of threads. Copies the weights at most once per snapshot."""

    def __init__(self, commands: CommandQueue) -> None:
        self._commands = commands
        self._changed = threading.Condition()
        self._trainer: Trainer | None = None
        self._weights: Weights | None = None
        self._version = -1  # of the snapshot that was current when the weights were requested
        self._requested = False
        self._models: dict[bool, Model] = {}  # models of the current weights, by `raw`

    def attach(self, trainer: Trainer) -> None:
        """Copy weights from this trainer from now on; for the training thread."""
        with self._changed:
            self._trainer = trainer

    def detach(self, keep: bool = True) -> None:
        """Drop the trainer once training has ended, and `keep` its last weights or none; for the training thread."""
        with self._changed:
            if self._trainer is not None:
                self._set_weights(Weights.of(self._trainer, copy=False) if keep else None)
                self._trainer = None

    def model(self, name: str, raw: bool, version: int, timeout: float) -> Model | None:
        """The networks at the current step, or at snapshot `version`; None if there are none yet.

        If a step takes longer than `timeout` seconds, the networks are those of the last copy.
        """
        with self._changed:
            if self._is_outdated(version):
                if not self._requested:
                    self._requested, self._version = True, version
                    self._commands.call_between_steps(self._copy_weights)
                self._changed.wait_for(lambda: not self._requested or self._trainer is None, timeout)
            weights, models = self._weights, self._models
        if weights is None:
            return None
        if raw not in models:
            models[raw] = weights.model(f"{name}, step {weights.step:,}", raw)
        return models[raw]

    def _copy_weights(self) -> None:
        if self._trainer is not None:
            weights = Weights.of(self._trainer)
            with self._changed:
                self._set_weights(weights)

    def _set_weights(self, weights: Weights | None) -> None:
        self._weights, self._models, self._requested = weights, {}, False
        self._changed.notify_all()

    def _is_outdated(self, version: int) -> bool:
        if self._trainer is None:
            return False
        return self._weights is None or (self._weights.step != self._trainer.steps and self._version != version)
