"""What a page may see of a session: one immutable value that holds nothing training still writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data.ranges import to_bytes, to_model
from gan_core.diagnosis import Finding, Glance
from gan_core.diagnosis.glances import Glancer, overfitting
from gan_core.evals import Evals
from gan_core.history import History, HistoryLog
from gan_core.metrics.points import SAMPLES, Fit, Judge
from gan_core.models.modes import judging
from gan_core.plane import Plane, view
from gan_core.randomness import stream
from gan_core.trainer import Trainer

Status = Literal["ready", "loading", "waiting", "training", "paused", "stopping", "stopped", "finished", "failed"]
LIVE: tuple[Status, ...] = ("ready", "loading", "waiting", "training", "paused", "stopping")

_NONE = np.empty(0, dtype=np.float32)


@dataclass(frozen=True)
class Mark:
    """A setting changed while the run went on."""

    step: int
    text: str


@dataclass(frozen=True, eq=False)
class Look:
    """What the networks make of the same latents and the same real examples at one moment."""

    samples: np.ndarray = field(default_factory=lambda: _NONE)  # (n, H, W, C) uint8, or (n, 2) float32
    scores: np.ndarray = field(default_factory=lambda: _NONE)  # (n,): D's score of each
    real: np.ndarray = field(default_factory=lambda: _NONE)  # (m, H, W, C) uint8, or (m, 2) float32
    real_scores: np.ndarray = field(default_factory=lambda: _NONE)  # (m,)
    unseen_scores: np.ndarray = field(default_factory=lambda: _NONE)  # (k,): of real examples that D never trains on
    real_classes: np.ndarray = field(default_factory=lambda: _NONE)  # (m,) int: where the networks are told the class
    plane: Plane | None = None  # 2-D runs only


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A session at one moment."""

    config: TrainConfig
    version: int = 0  # grows with each publication
    status: Status = "ready"
    activity: str = ""  # what is being waited for, while loading or in line
    activity_done: float = 0.0  # share of it, in [0, 1]
    run_id: str = ""
    device: str = ""
    threads: int = 1
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    images: int = 0
    seconds: float = 0.0  # spent training
    steps_per_second: float = 0.0
    seconds_left: float | None = None
    memory: int = 0  # bytes: the process's on a CPU, the device's on CUDA
    history: History = field(default_factory=lambda: HistoryLog().view())
    look: Look = field(default_factory=Look)
    marks: tuple[Mark, ...] = ()
    frames: tuple[int, ...] = ()  # steps of which the run's folder holds a picture
    fit: Fit | None = None  # 2-D runs: how close the points are to the true distribution, judged now and then
    fit_step: int = 0  # the step whose points that were
    evals: Evals = field(default_factory=Evals)  # how good the generator was, judged now and then in a thread apart
    health: tuple[Finding, ...] = ()  # what the run shows so far, the most serious first
    notes: tuple[str, ...] = ()  # about the data: what was left out and why
    error: str = ""

    samples = property(lambda self: self.look.samples)
    scores = property(lambda self: self.look.scores)
    real = property(lambda self: self.look.real)
    real_scores = property(lambda self: self.look.real_scores)
    plane = property(lambda self: self.look.plane)

    @property
    def live(self) -> bool:
        """Whether the session still can train."""
        return self.status in LIVE


class Observer:
    """Looks at a trainer from the same latents and the same real examples each time."""

    def __init__(self, trainer: Trainer) -> None:
        config, n = trainer.config, trainer.config.record.samples
        self.z = trainer.latents(n, stream(config.seed, "display"))
        self.y = trainer.classes_in_turn(n)
        picked = torch.randperm(len(trainer.dataset), generator=stream(config.seed, "display of real"))[:n]
        self.real = trainer.dataset.examples[picked]
        self.real_y = None if trainer.labels is None else trainer.labels[picked]
        self.unseen = trainer.dataset.held_out
        self._judge = Judge(config) if config.dataset.kind == "points" else None
        self._glancer = Glancer(trainer.dataset.examples, picked)
        self._many_z = trainer.latents(SAMPLES if self._judge else 0, stream(config.seed, "judged"))

    @torch.no_grad()
    def look(self, trainer: Trainer) -> Look:
        """The present samples and scores. It disturbs nothing that training depends on."""
        real = to_model(self.real.to(trainer.device), trainer.config.generator.output)
        with judging(trainer.discriminator):
            real_scores = _scores(trainer, real, self.real_y)
            unseen_scores = self._unseen_scores(trainer)
            if trainer.dataset.examples.ndim == 2:
                plane = view(trainer, self.z)
                return Look(plane.fakes, plane.scores, self.real.numpy(), real_scores, unseen_scores, plane=plane)
            shown = trainer.decode(self.z, y=self.y)  # (n, C, H, W) in [0, 1]
            seen = to_model(shown.mul(255).byte().to(trainer.device), trainer.config.generator.output)
            scores = _scores(trainer, seen, self.y)
        classes = _NONE if self.real_y is None else self.real_y.numpy()
        return Look(
            to_bytes(shown).numpy(), scores, self.real.permute(0, 2, 3, 1).numpy(), real_scores, unseen_scores, classes
        )

    def glance(self, look: Look, step: int, fit: Fit | None = None) -> Glance | None:
        """What the samples of a look show, as figures, with the share of modes that a `fit` of that step found."""
        covered = fit.covered / fit.modes if fit is not None and fit.covered is not None and fit.modes else None
        known = len(look.unseen_scores) > 0
        overfit = overfitting(look.real_scores, look.unseen_scores, look.scores) if known else None
        return self._glancer(look.samples, step, covered, fit.js if fit is not None else None, overfit)

    def _unseen_scores(self, trainer: Trainer) -> np.ndarray:
        if self.unseen is None:
            return _NONE
        x = to_model(self.unseen.examples.to(trainer.device), trainer.config.generator.output)
        return _scores(trainer, x, None if trainer.labels is None else self.unseen.labels)

    def fit(self, trainer: Trainer) -> Fit | None:
        """How close a 2-D generator is to the truth; None for images, and for points that have run off to infinity."""
        if self._judge is None:
            return None
        points = trainer.decode(self._many_z)
        return self._judge(points) if bool(points.isfinite().all()) else None


def _scores(trainer: Trainer, x: Tensor, y: Tensor | None) -> np.ndarray:
    labels = y.to(trainer.device).split(500) if y is not None else [None] * len(x.split(500))
    parts = [trainer.discriminator(part, some).float() for part, some in zip(x.split(500), labels, strict=True)]
    return trainer.loss.score(torch.cat(parts)).cpu().numpy()
