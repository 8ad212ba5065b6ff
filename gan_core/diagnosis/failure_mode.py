"""The base class of failure modes, and the measurements and remedies that several of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import ConfigError
from gan_core.diagnosis.curves import RunSignals, middle_of
from gan_core.diagnosis.findings import Evidence, Finding, Remedy, SampleStats
from gan_core.diagnosis.measured_remedies import measured

Remedies = list[tuple[str, Mapping[str, Any], str]]
"""Labels and settings of remedies, and why they help."""


@dataclass(frozen=True)
class Symptoms:
    """The evidence for a failure mode and the step since which it holds."""

    since: int
    evidence: tuple[Evidence, ...]


class FailureMode(ABC):
    """One way in which GAN training fails."""

    id: ClassVar[str]
    title: ClassVar[str]
    meaning: ClassVar[str]  # two plain sentences
    destroys_weights: ClassVar[bool] = False  # the weights cannot recover, so every remedy starts a new run

    @abstractmethod
    def symptoms(self, run: RunSignals) -> Symptoms | None:
        """The evidence in a run; None if the run does not show it or is too young."""

    @abstractmethod
    def remedies(self, config: TrainConfig) -> Remedies:
        """Possible remedies; `finding` drops those that change no setting."""

    def finding(self, run: RunSignals) -> Finding | None:
        """The finding for a run, or None if the run does not show this failure mode."""
        symptoms = self.symptoms(run)
        return None if symptoms is None else self.named(run.config, symptoms)

    def named(self, config: TrainConfig, symptoms: Symptoms) -> Finding:
        """The finding for a run with these symptoms. Remedies that left no failure most often come first."""
        remedies = (
            Remedy(label, dict(values), why, measured(self.id, label, config.dataset.kind), self.destroys_weights)
            for label, values, why in self.remedies(config)
        )
        kept = sorted((remedy for remedy in remedies if _changes(config, remedy)), key=_success, reverse=True)
        return Finding(self.id, self.title, True, symptoms.since, symptoms.evidence, self.meaning, tuple(kept))


def separates_well(run: RunSignals) -> np.ndarray:
    """Whether D separates real samples from fakes well, for each block: bool (blocks,)."""
    gap, equilibrium = run["d_real"] - run["d_fake"], run.loss.equilibrium[0]
    if run.loss.is_probability:
        return gap > 0.5
    if equilibrium:
        return run["loss_d"] < 0.5 * equilibrium
    largest = np.nanmax(np.abs(gap)) if np.isfinite(gap).any() else 0.0
    return gap > max(0.1 * largest, 1e-6)


def find_period(values: np.ndarray) -> tuple[float, int]:
    """The autocorrelation at the period of oscillating values, in [-1, 1], and the period in rows; (0, 0) for noise."""
    x = values - values.mean()
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    correlation = np.fft.irfft(power)[: len(x) // 2]
    correlation = correlation / max(correlation[0], 1e-30) * (len(x) / np.arange(len(x), len(x) - len(correlation), -1))
    negative = np.flatnonzero(correlation < 0)
    if not len(negative) or negative[0] < 3:  # noise decorrelates within a step or two
        return 0.0, 0
    start = int(negative[0])
    period = start + int(correlation[start:].argmax())
    return float(correlation[period]), period


def is_rising(sample_stats: Sequence[SampleStats], value: Callable[[SampleStats], float], factor: float = 1.15) -> bool:
    """Whether the mean of a value in the second half of the steps exceeds `factor` times its mean in the first half."""
    values, half = [value(stats) for stats in sample_stats], middle_of(sample_stats)
    return half < len(values) and float(np.mean(values[half:])) > factor * float(np.mean(values[:half]))


def slower_d(config: TrainConfig) -> dict[str, Any]:
    """A quarter of D's learning rate, at least half of D's rate for G, and one step of D per step of G."""
    g, d = config.optimizer_g.lr, config.optimizer_d.lr
    return {"n_critic": 1, "optimizer_d.lr": min(d / 4, 1.0), "optimizer_g.lr": max(g, d / 2)}


def smaller_steps(config: TrainConfig) -> dict[str, Any]:
    """A tenth of both learning rates, and at most the default rate of each optimiser."""
    both = {"optimizer_g.lr": config.optimizer_g, "optimizer_d.lr": config.optimizer_d}
    return {key: min(optimizer.lr / 10, OPTIMIZERS[optimizer.name].lr) for key, optimizer in both.items()}


def penalty(config: TrainConfig, weight: float = 0.1) -> dict[str, Any]:
    """R1 if D has no gradient penalty yet; otherwise three times the weight of its penalty."""
    if config.penalty.name in ("none", "clip"):
        return {"penalty.name": "r1", "penalty.weight": weight, "penalty.every": 1}
    return {"penalty.weight": min(1000.0, 3 * config.penalty.weight)}


def critic(config: TrainConfig) -> dict[str, Any]:
    """A Wasserstein critic with a gradient penalty, five steps per step of G (Gulrajani et al., 2017)."""
    weight = 0.1 if config.dataset.kind == "points" else 10.0
    smooth = {"penalty.name": "gradient-penalty", "penalty.weight": weight, "penalty.every": 1}
    return {"loss.name": "wasserstein", **smooth, "n_critic": max(5, config.n_critic), "g_steps": 1}


def _success(remedy: Remedy) -> tuple[float, float]:
    """The shares of the measured runs without any failure mode, and without this one; -1 if not measured."""
    found = remedy.measured
    return (-1.0, -1.0) if found is None else (found.healthy / found.runs, found.ended / found.runs)


def _changes(config: TrainConfig, remedy: Remedy) -> bool:
    try:
        changed = config.with_values(remedy.values)
    except ConfigError:
        return False
    return bool(changed.changes_from(config))
