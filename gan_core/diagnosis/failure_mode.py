"""What an illness is, and what several of them read and advise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import ConfigError
from gan_core.diagnosis.curves import RunSignals
from gan_core.diagnosis.findings import Evidence, Finding, Remedy
from gan_core.losses import CrossEntropy


@dataclass(frozen=True)
class Symptoms:
    """What speaks for an illness, and since when."""

    since: int
    evidence: tuple[Evidence, ...]


class FailureMode(ABC):
    """Something that can go wrong with a run."""

    id: ClassVar[str]
    title: ClassVar[str]
    meaning: ClassVar[str]  # two plain sentences
    destroys_weights: ClassVar[bool] = False  # it leaves weights past saving, so that every remedy begins a new run

    @abstractmethod
    def symptoms(self, run: RunSignals) -> Symptoms | None:
        """What speaks for it; None if the run does not have it, or is too young to tell."""

    @abstractmethod
    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        """Labels and settings of what may help, the best first. What changes nothing is left out later."""

    def finding(self, run: RunSignals) -> Finding | None:
        symptoms = self.symptoms(run)
        if symptoms is None:
            return None
        remedies = tuple(
            Remedy(label, dict(values), self.destroys_weights) for label, values in self.remedies(run.config)
        )
        kept = tuple(remedy for remedy in remedies if _changes(run.config, remedy))
        return Finding(self.id, self.title, True, symptoms.since, symptoms.evidence, self.meaning, kept)


def is_separated(run: RunSignals) -> np.ndarray:
    """Whether D tells real from fake well, block by block, in the terms of its loss."""
    gap, rest_d = run["d_real"] - run["d_fake"], run.loss.equilibrium[0]
    if isinstance(run.loss, CrossEntropy):
        return gap > 0.5
    if rest_d:
        return run["loss_d"] < 0.5 * rest_d
    largest = np.nanmax(np.abs(gap)) if np.isfinite(gap).any() else 0.0
    return gap > max(0.1 * largest, 1e-6)


def find_period(values: np.ndarray) -> tuple[float, int]:
    """How regularly values swing: the autocorrelation at their period, in [-1, 1], and that period."""
    x = values - values.mean()
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    alike = np.fft.irfft(power)[: len(x) // 2]
    alike = alike / max(alike[0], 1e-30) * (len(x) / np.arange(len(x), len(x) - len(alike), -1))
    crossed = np.flatnonzero(alike < 0)
    if not len(crossed) or crossed[0] < 3:  # noise turns within a step or two
        return 0.0, 0
    rest = alike[crossed[0] :]
    at = int(rest.argmax())
    return float(rest[at]), int(crossed[0]) + at


def rising(values: list[float], by: float = 1.15) -> bool:
    half = len(values) // 2
    return half > 0 and float(np.mean(values[half:])) > by * float(np.mean(values[:half]))


def slower_d(config: TrainConfig) -> dict[str, Any]:
    g, d = config.optimizer_g.lr, config.optimizer_d.lr
    return {"n_critic": 1, "optimizer_d.lr": min(d / 4, 1.0), "optimizer_g.lr": max(g, d / 2)}


def smaller_steps(config: TrainConfig) -> dict[str, Any]:
    """Both rates a tenth of what they are, and at most what is usual for their optimisers."""
    both = {"optimizer_g.lr": config.optimizer_g, "optimizer_d.lr": config.optimizer_d}
    return {key: min(optimizer.lr / 10, OPTIMIZERS[optimizer.name].lr) for key, optimizer in both.items()}


def penalty(config: TrainConfig, weight: float = 0.1) -> dict[str, Any]:
    """R1 where D has no penalty yet; where it has one, three times as much of it."""
    if config.penalty.name in ("none", "clip"):
        return {"penalty.name": "r1", "penalty.weight": weight, "penalty.every": 1}
    return {"penalty.weight": min(1000.0, 3 * config.penalty.weight)}


def critic(config: TrainConfig) -> dict[str, Any]:
    """A Wasserstein critic with a gradient penalty, five steps to one of G (Gulrajani et al., 2017)."""
    weight = 0.1 if config.dataset.kind == "points" else 10.0
    smooth = {"penalty.name": "gradient-penalty", "penalty.weight": weight, "penalty.every": 1}
    return {"loss.name": "wasserstein", **smooth, "n_critic": max(5, config.n_critic), "g_steps": 1}


def _changes(config: TrainConfig, remedy: Remedy) -> bool:
    try:
        changed = config.with_values(remedy.values)
    except ConfigError:
        return False
    return bool(changed.changes_from(config))
