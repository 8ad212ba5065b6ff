"""Failing and healthy runs for the benchmarks of the diagnosis.

A run is diagnosed at fixed steps, so that the same seed gives the same findings.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.diagnosis import Finding, HealthMonitor
from gan_core.diagnosis.sample_stats import SampleStatsLog
from gan_core.session.commands import CommandQueue
from gan_core.session.listener import Context
from gan_core.session.recorder import DivergedError, Recorder
from gan_core.training.trainer import Trainer

DIAGNOSES = 40  # per run


@dataclass(frozen=True)
class Case:
    """A run and the id of its expected failure mode, or "" for a healthy run."""

    wanted: str
    preset: str
    values: Mapping[str, Any]
    steps: int

    def config(self, seed: int) -> TrainConfig:
        settings = {"max_steps": self.steps, "record.samples": 128 if "points" in self.group else 64}
        return presets.load(self.preset).with_values({**settings, **self.values, "seed": seed})

    @property
    def group(self) -> str:
        return presets.load(self.preset).with_values(self.values).dataset.kind


# Digits with small networks: a few hundred steps take seconds.
_DIGITS: dict[str, Any] = {
    "generator.width": 8, "discriminator.width": 8, "precision": "float32", "reuse_fakes": False, "ema_decay": 0,
    "optimizer_g.name": "adam", "optimizer_g.lr": 2e-3, "optimizer_d.name": "adam", "optimizer_d.lr": 2e-3,
}  # fmt: skip
_MLP: dict[str, Any] = {
    "generator.hidden": (64, 128), "discriminator.hidden": (128, 64), "batch_size": 64,
    "optimizer_g.lr": 1e-3, "optimizer_d.lr": 1e-3, "optimizer_g.beta1": 0.5, "optimizer_d.beta1": 0.5,
}  # fmt: skip
_FREE = {"penalty.name": "none"}
_CRITIC = {"loss.name": "wasserstein", "penalty.name": "gradient-penalty", "penalty.weight": 0.1, "n_critic": 5}

CASES: dict[str, Case] = {
    "ring-collapse": Case("mode-collapse", "ring8-collapse", {}, 1500),
    "ring-collapse-saturating": Case(
        "mode-collapse", "ring8", {**_FREE, "loss.name": "saturating", "optimizer_d.lr": 1e-4, "batch_size": 64}, 1500
    ),
    "digits-collapse": Case("mode-collapse", "mlp-mnist", {**_MLP, "generator.norm": "none"}, 600),
    "digits-collapse-squares": Case(
        "mode-collapse", "mlp-mnist", {**_MLP, "generator.norm": "none", "loss.name": "least-squares"}, 600
    ),
    "digits-collapse-norm": Case(
        "mode-collapse", "mlp-mnist", {**_MLP, "optimizer_g.lr": 2e-4, "optimizer_d.lr": 2e-4}, 800
    ),
    "ring-strong-d": Case("discriminator-too-strong", "ring8", {**_FREE, "n_critic": 5, "optimizer_g.lr": 1e-5}, 800),
    "digits-strong-d": Case("discriminator-too-strong", "mnist-quick", {**_DIGITS, "optimizer_g.lr": 1e-5}, 400),
    "digits-strong-d-squares": Case(
        "discriminator-too-strong",
        "mnist-quick",
        {**_DIGITS, "loss.name": "least-squares", "optimizer_g.lr": 1e-5},
        400,
    ),
    "ring-vanishing": Case(
        "vanishing-gradient", "ring8", {**_FREE, "loss.name": "saturating", "n_critic": 5, "optimizer_g.lr": 1e-5}, 800
    ),
    "digits-vanishing": Case(
        "vanishing-gradient", "mlp-mnist", {**_MLP, "loss.name": "saturating", "optimizer_g.lr": 1e-5}, 600
    ),
    "ring-strong-g": Case(
        "generator-too-strong", "ring8", {**_FREE, "optimizer_d.lr": 1e-6, "discriminator.init": "he"}, 600
    ),
    "digits-strong-g": Case("generator-too-strong", "mnist-quick", {**_DIGITS, "optimizer_d.lr": 1e-5}, 400),
    "plane-oscillation": Case("oscillation", "oscillation", {}, 1000),
    "plane-oscillation-slow": Case(
        "oscillation", "oscillation", {"optimizer_g.lr": 0.02, "optimizer_d.lr": 0.02}, 1200
    ),
    "digits-oscillation": Case(
        "oscillation",
        "oscillation",
        {
            "data.name": "mnist-5k",
            "data.count": 0,
            "latent.dim": 16,
            "record.samples": 64,
            "batch_size": 64,
            "optimizer_g.lr": 0.02,
            "optimizer_d.lr": 0.02,
        },
        800,
    ),
    "ring-divergence": Case(
        "divergence",
        "ring8",
        {
            **_FREE,
            "loss.name": "wasserstein",
            "optimizer_g.name": "sgd",
            "optimizer_d.name": "sgd",
            "optimizer_g.lr": 0.2,
            "optimizer_d.lr": 0.2,
        },
        800,
    ),
    "digits-divergence": Case(
        "divergence",
        "divergence",
        {"generator.width": 8, "discriminator.width": 8, "optimizer_g.lr": 1.0, "optimizer_d.lr": 1.0},
        250,
    ),
    "digits-divergence-critic": Case(
        "divergence",
        "mlp-mnist",
        {
            **_MLP,
            "generator.norm": "none",
            "generator.output": "linear",
            "loss.name": "wasserstein",
            "optimizer_g.name": "sgd",
            "optimizer_d.name": "sgd",
            "optimizer_g.lr": 0.5,
            "optimizer_d.lr": 0.5,
        },
        300,
    ),
    "points-memorised": Case("memorisation", "ring8", {"data.count": 12, "data.name": "moons"}, 2500),
    "digits-memorised": Case(
        "memorisation",
        "mnist-quick",
        {**_DIGITS, "generator.width": 16, "discriminator.width": 16, "data.count": 10},
        500,
    ),
    "digits-few": Case(
        "memorisation",
        "mnist-quick",
        {**_DIGITS, "generator.width": 16, "discriminator.width": 16, "data.count": 50},
        500,
    ),
    "digits-copied": Case("memorisation", "mlp-mnist", {**_MLP, "data.count": 10}, 1200),
    # ---- healthy
    "ring8": Case("", "ring8", {}, 1500),
    "ring8-plain": Case("", "ring8", _FREE, 1500),
    "ring8-hinge": Case("", "ring8", {"loss.name": "hinge"}, 1500),
    "ring8-squares": Case("", "ring8", {"loss.name": "least-squares"}, 1500),
    "ring8-critic": Case("", "ring8", _CRITIC, 600),
    "moons": Case("", "moons", {}, 1200),
    "spiral": Case("", "spiral", {}, 1500),
    "grid25": Case("", "grid25", {}, 2500),
    "gaussian-2d": Case("", "gaussian-2d", {}, 2500),
    "digits": Case("", "mnist-quick", _DIGITS, 500),
    "digits-squares": Case("", "mnist-quick", {**_DIGITS, "loss.name": "least-squares"}, 400),
    "digits-spectral": Case("", "sngan-mnist", {**_DIGITS, "discriminator.spectral": True, "loss.name": "hinge"}, 400),
    "digits-critic": Case("", "wgan-gp-mnist", {**_DIGITS, "discriminator.norm": "none"}, 200),
    "digits-slow": Case("", "mlp-mnist", {"generator.hidden": (64, 128), "discriminator.hidden": (128, 64)}, 800),
}


class DiagnosedRun:
    """A run in training with the diagnosis of a session."""

    def __init__(self, config: TrainConfig) -> None:
        self.config, self.trainer = config, Trainer(config, "cpu")
        self.context = Context(self.trainer, None, CommandQueue(config), lambda update: None)
        self.recorder = Recorder(self.context)
        self.sample_stats, self.watch = SampleStatsLog(), HealthMonitor()

    def go(self, steps: int) -> Iterator[tuple[Finding, ...]]:
        """Train for so many steps, or until a loss is not finite; yields the findings at each of forty steps."""
        for step in range(1, steps + 1):
            self.context.clock.resume()
            self.recorder.after_step(self.trainer.step(), "both")
            if step % max(1, steps // DIAGNOSES) == 0:
                diverged = False
                try:
                    self.recorder.flush()
                except DivergedError:
                    diverged = True
                yield self._diagnose()
                if diverged:
                    return

    def _diagnose(self) -> tuple[Finding, ...]:
        trainer, observer = self.trainer, self.context.observer
        stats = observer.sample_stats(observer.sample_view(trainer), trainer.steps, observer.fit(trainer))
        if stats is not None:
            self.sample_stats.add(stats)
        return self.watch.update(self.config, self.context.history.view(), self.sample_stats.view())

    def with_settings(self, config: TrainConfig) -> DiagnosedRun:
        """A copy that continues under other live settings."""
        changed = DiagnosedRun(config)
        changed.trainer.load_state_dict(copy.deepcopy(self.trainer.state_dict()))
        changed.context.history, changed.context.clock = copy.deepcopy((self.context.history, self.context.clock))
        changed.sample_stats, changed.watch = copy.deepcopy((self.sample_stats, self.watch))
        return changed

    @property
    def weights_lost(self) -> bool:
        """Whether a weight of G is not finite."""
        return not all(bool(p.isfinite().all()) for p in self.trainer.generator.parameters())


class Ledger:
    """Results in a JSON lines file, saved one by one, so that an interrupted benchmark can continue."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def find(self, **key: Any) -> dict[str, Any] | None:
        """The row with these values, or None."""
        return next((row for row in self.rows if all(row.get(name) == key[name] for name in key)), None)

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
