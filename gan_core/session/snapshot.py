"""The state of a session as one immutable value, which shares no memory that training still writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis import Finding, SampleStats
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.point_quality import Fit
from gan_core.session.single_step import SingleStep
from gan_core.training.history import History, HistoryLog
from gan_core.training.plane_view import Plane

Status = Literal["ready", "loading", "waiting", "training", "paused", "stopping", "stopped", "finished", "failed"]
LIVE: tuple[Status, ...] = ("ready", "loading", "waiting", "training", "paused", "stopping")

EMPTY = np.empty(0, dtype=np.float32)


@dataclass(frozen=True)
class SettingChange:
    """A setting that changed during training."""

    step: int
    text: str


@dataclass(frozen=True, eq=False)
class SampleView:
    """Samples from fixed latents, fixed real examples, and D's scores of both at one step."""

    samples: np.ndarray = field(default_factory=lambda: EMPTY)  # (n, H, W, C) uint8, or (n, 2) float32
    scores: np.ndarray = field(default_factory=lambda: EMPTY)  # (n,): D's scores of the samples
    real: np.ndarray = field(default_factory=lambda: EMPTY)  # (m, H, W, C) uint8, or (m, 2) float32
    real_scores: np.ndarray = field(default_factory=lambda: EMPTY)  # (m,)
    unseen_scores: np.ndarray = field(default_factory=lambda: EMPTY)  # (k,): of held-out real examples
    real_classes: np.ndarray = field(default_factory=lambda: EMPTY)  # (m,) int: conditional networks only
    plane: Plane | None = None  # 2-D runs only
    step: int = 0


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The state of a session at one moment."""

    config: TrainConfig
    version: int = 0  # grows with each publication
    status: Status = "ready"
    activity: str = ""  # what a session waits for while it loads or queues
    activity_done: float = 0.0  # completed share of the activity, in [0, 1]
    run_id: str = ""
    device: str = ""
    threads: int = 1
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    images: int = 0
    seconds: float = 0.0  # spent training
    steps_per_second: float = 0.0  # of training, without the waits of a speed limit
    speed: float | None = None  # the speed limit in steps a second; None for none
    memory: int = 0  # bytes: resident memory of the process on a CPU, reserved device memory on a GPU
    augment_p: float | None = None  # probability of each change by adaptive augmentation; None without it
    history: History = field(default_factory=lambda: HistoryLog().view())
    sample_view: SampleView = field(default_factory=SampleView)
    single_step: SingleStep | None = None  # the last step if it was taken alone or slowly
    setting_changes: tuple[SettingChange, ...] = ()
    frames: tuple[int, ...] = ()  # steps of the sample images in the run's folder
    fit: Fit | None = None  # 2-D runs: distance between the samples and the true distribution
    fit_step: int = 0
    sample_stats: tuple[SampleStats, ...] = ()  # of the displayed samples, oldest first
    evaluations: Evaluations = field(default_factory=Evaluations)
    evaluation_error: str = ""  # why the data cannot be evaluated, or why the last evaluation failed
    health: tuple[Finding, ...] = ()  # the most serious first
    notes: tuple[str, ...] = ()  # about the data and the run's folder: which files or lines were skipped and why
    error: str = ""

    samples = property(lambda self: self.sample_view.samples)
    scores = property(lambda self: self.sample_view.scores)
    real = property(lambda self: self.sample_view.real)
    real_scores = property(lambda self: self.sample_view.real_scores)
    plane = property(lambda self: self.sample_view.plane)

    @property
    def live(self) -> bool:
        """Whether the session can still train."""
        return self.status in LIVE

    @property
    def slowdown(self) -> float:
        """Seconds that pass in one second of training: above 1 under a speed limit that has an effect."""
        return max(1.0, self.steps_per_second / self.speed) if self.speed is not None else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last step at the present speed; None before the speed is known."""
        if not self.steps_per_second:
            return None
        return max(0, self.total_steps - self.step) / self.steps_per_second * self.slowdown


# Publishes the next snapshot, computed from the current one: publish(lambda now: replace(now, error="")).
# mypy checks the field names and types given to `dataclasses.replace`.
Publish = Callable[[Callable[[Snapshot], Snapshot]], None]
