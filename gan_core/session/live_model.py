"""Looking into a run that trains: frozen copies of its weights, made by the training thread between two steps."""

from __future__ import annotations

import threading

from gan_core.latent import Model, Weights
from gan_core.session.commands import CommandQueue
from gan_core.training.trainer import Trainer


class LiveModel:
    """Hands out models of one session's weights, however many ask, at the cost of one copy a publication at most."""

    def __init__(self, orders: CommandQueue) -> None:
        self._orders = orders
        self._changed = threading.Condition()
        self._trainer: Trainer | None = None
        self._weights: Weights | None = None
        self._version = -1  # of the snapshot that was the last one when the weights were asked for
        self._asked = False
        self._models: dict[bool, Model] = {}  # of these weights: by whether they are raw

    # ---- for the training thread ---------------------------------------------------------------------------------

    def attach(self, trainer: Trainer) -> None:
        """This trainer is about to train."""
        with self._changed:
            self._trainer = trainer

    def release(self) -> None:
        """Training has ended: keep the networks as they are, and let go of all else."""
        with self._changed:
            if self._trainer is not None:
                self._keep(Weights.of(self._trainer, copy=False))
                self._trainer = None

    def _take(self) -> None:
        if self._trainer is not None:
            weights = Weights.of(self._trainer)
            with self._changed:
                self._keep(weights)

    def _keep(self, weights: Weights) -> None:
        self._weights, self._models, self._asked = weights, {}, False
        self._changed.notify_all()

    # ---- for those who look --------------------------------------------------------------------------------------

    def model(self, name: str, raw: bool, version: int, patience: float) -> Model | None:
        """The networks as they stand, or stood when snapshot `version` was published; None if there are none yet.

        Where a step takes longer than `patience` seconds, those that were seen last.
        """
        with self._changed:
            if self._outdated(version):
                if not self._asked:
                    self._asked, self._version = True, version
                    self._orders.between_steps(self._take)
                self._changed.wait_for(lambda: not self._asked or self._trainer is None, patience)
            weights, models = self._weights, self._models
        if weights is None:
            return None
        if raw not in models:
            models[raw] = weights.model(f"{name}, step {weights.step:,}", raw)
        return models[raw]

    def _outdated(self, version: int) -> bool:
        if self._trainer is None:
            return False
        return self._weights is None or (self._weights.step != self._trainer.steps and self._version != version)
