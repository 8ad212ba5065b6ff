"""What a page may see of a session: one immutable value that holds nothing training still writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis import Finding
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.point_quality import Fit
from gan_core.training.history import History, HistoryLog
from gan_core.training.plane_view import Plane

Status = Literal["ready", "loading", "waiting", "training", "paused", "stopping", "stopped", "finished", "failed"]
LIVE: tuple[Status, ...] = ("ready", "loading", "waiting", "training", "paused", "stopping")

NONE = np.empty(0, dtype=np.float32)


@dataclass(frozen=True)
class SettingChange:
    """A setting changed while the run went on."""

    step: int
    text: str


@dataclass(frozen=True, eq=False)
class SampleView:
    """What the networks make of the same latents and the same real examples at one moment."""

    samples: np.ndarray = field(default_factory=lambda: NONE)  # (n, H, W, C) uint8, or (n, 2) float32
    scores: np.ndarray = field(default_factory=lambda: NONE)  # (n,): D's score of each
    real: np.ndarray = field(default_factory=lambda: NONE)  # (m, H, W, C) uint8, or (m, 2) float32
    real_scores: np.ndarray = field(default_factory=lambda: NONE)  # (m,)
    unseen_scores: np.ndarray = field(default_factory=lambda: NONE)  # (k,): of real examples that D never trains on
    real_classes: np.ndarray = field(default_factory=lambda: NONE)  # (m,) int: where the networks are told the class
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
    sample_view: SampleView = field(default_factory=SampleView)
    setting_changes: tuple[SettingChange, ...] = ()
    frames: tuple[int, ...] = ()  # steps of which the run's folder holds a picture
    fit: Fit | None = None  # 2-D runs: how close the points are to the true distribution, judged now and then
    fit_step: int = 0  # the step whose points that were
    evaluations: Evaluations = field(
        default_factory=Evaluations
    )  # how good the generator was, judged now and then in a thread apart
    health: tuple[Finding, ...] = ()  # what the run shows so far, the most serious first
    notes: tuple[str, ...] = ()  # about the data: what was left out and why
    error: str = ""

    samples = property(lambda self: self.sample_view.samples)
    scores = property(lambda self: self.sample_view.scores)
    real = property(lambda self: self.sample_view.real)
    real_scores = property(lambda self: self.sample_view.real_scores)
    plane = property(lambda self: self.sample_view.plane)

    @property
    def live(self) -> bool:
        """Whether the session still can train."""
        return self.status in LIVE
