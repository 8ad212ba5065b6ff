"""What each technique fixes: the same failing run with and without it, over several seeds.

    python -m benchmarks.techniques
    python -m benchmarks.techniques --techniques spectral-norm,wgan-gp --seeds 5

Each experiment is a config that fails, the settings of the technique, and the value that shows the failure. On
one machine a second execution gives the same values. Two runs train at a time, on one thread each.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.data import load
from gan_core.data.ranges import to_model
from gan_core.metrics.point_quality import SAMPLES, PointEvaluator
from gan_core.models.modes import batch_statistics
from gan_core.training.trainer import Trainer


def covered_modes(trainer: Trainer) -> float:
    """Modes that get at least a fifth of their share of samples."""
    covered = PointEvaluator(trainer.config).fit(trainer.generate(SAMPLES, seed=1)).covered
    return float(covered or 0)


def mean_error(trainer: Trainer) -> float:
    """Distance of the generated mean from the true one."""
    return PointEvaluator(trainer.config).fit(trainer.generate(SAMPLES, seed=1)).mean_error


@torch.no_grad()
def overfit_gap(trainer: Trainer) -> float:
    """D(x) of training digits minus D(x) of unseen digits, in [-1, 1]."""
    n = len(trainer.dataset)
    everything = load(trainer.config.with_values({"data.count": 0})).examples[
        : 2 * n
    ]  # the first n are the training set
    with batch_statistics(trainer.discriminator):
        scores = [
            trainer.loss.score(trainer.discriminator(to_model(part, trainer.config.generator.output)))
            for part in everything.split(n // 5)
        ]
    known, new = torch.stack(scores).mean(1).split(5)
    return float(known.mean() - new.mean())


@dataclass(frozen=True)
class Experiment:
    """A failing config and the technique that fixes it."""

    failure: str
    failing: TrainConfig
    technique: Mapping[str, Any]
    value: Callable[[Trainer], float]
    reached: Callable[[float], bool]  # whether the value reaches the goal
    goal: str
    steps: int

    def config(self, with_technique: bool, seed: int) -> TrainConfig:
        return self.failing.with_values({**(self.technique if with_technique else {}), "seed": seed})


_SATURATING = presets.load("ring8").with_values(
    {"penalty.name": "none", "loss.name": "saturating", "batch_size": 64}
)  # this run covers all modes
# G learns ten times as fast as D: it moves from mode to mode, and D cannot follow.
_SLOW_D = _SATURATING.with_values({"optimizer_d.lr": 1e-4})
# D is ahead from the first step, when all fakes are at one point: log(1 - D) is flat there, and G gets no gradient.
_FAST_D = _SATURATING.with_values({"n_critic": 5, "generator.init": "normal"})
# D is almost perfect at each step of G, which covers a few modes and gets no gradient towards the others.
_PERFECT_D = _SATURATING.with_values({"n_critic": 20, "optimizer_d.lr": 2e-3})
_FEW = presets.load("mnist-quick").with_values({"data.count": 500})
_ALL_EIGHT: dict[str, Any] = {
    "value": covered_modes,
    "reached": lambda covered: covered == 8,
    "goal": "8 of 8 modes",
}

EXPERIMENTS: dict[str, Experiment] = {
    "minibatch-discrimination": Experiment(
        "mode collapse: D learns a tenth as fast as G",
        _SLOW_D,
        {"discriminator.batch_layer": "minibatch-discrimination"},
        **_ALL_EIGHT,
        steps=2400,
    ),
    "two-time-scales": Experiment(
        "mode collapse: D learns a tenth as fast as G",
        _SLOW_D,
        {"optimizer_d.lr": 1e-3, "optimizer_g.lr": 5e-4},
        **_ALL_EIGHT,
        steps=2400,
    ),
    "spectral-norm": Experiment(
        "vanishing gradient: D wins before G has spread",
        _FAST_D,
        {"discriminator.spectral": True},
        **_ALL_EIGHT,
        steps=2800,
    ),
    "non-saturating": Experiment(
        "vanishing gradient: D wins before G has spread",
        _FAST_D,
        {"loss.name": "non-saturating", "penalty.name": "r1", "penalty.weight": 0.1},
        **_ALL_EIGHT,
        steps=2800,
    ),
    "wgan-gp": Experiment(
        "mode collapse: 20 steps of D per step of G",
        _PERFECT_D,
        {"loss.name": "wasserstein", "penalty.name": "gradient-penalty", "penalty.weight": 0.1},
        **_ALL_EIGHT,
        steps=1000,
    ),
    "r1": Experiment(
        "oscillation around the equilibrium",
        presets.load("oscillation"),
        {"penalty.name": "r1", "penalty.weight": 1.0},
        mean_error,
        lambda distance: distance < 0.1,
        "mean within 0.1",
        3000,
    ),
    "diffaugment": Experiment(
        "D overfits to 500 digits",
        _FEW,
        {"augment.translation": 0.125, "augment.cutout": 0.3},
        overfit_gap,
        lambda gap: gap < 0.1,
        "D(x) of training and new digits within 0.1",
        1500,
    ),
}


def train(name: str, with_technique: bool, seed: int) -> float:
    """Train one run of an experiment and return its final value."""
    torch.set_num_threads(1)
    experiment = EXPERIMENTS[name]
    trainer = Trainer(experiment.config(with_technique, seed), "cpu")
    for _ in range(experiment.steps):
        trainer.step()
    return experiment.value(trainer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--techniques", default=",".join(EXPERIMENTS), help="comma-separated names")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seeds = range(options.seeds)
    print("| technique | failure | goal | without it | with it | goal reached |\n|---|---|---|---|---|---|")
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        for name in options.techniques.split(","):
            experiment = EXPERIMENTS[name]
            runs = {on: [pool.submit(train, name, on, seed) for seed in seeds] for on in (False, True)}
            without, with_it = ([run.result() for run in runs[on]] for on in (False, True))
            counts = [f"{sum(map(experiment.reached, values))} of {len(seeds)}" for values in (without, with_it)]
            print(
                f"| `{name}` | {experiment.failure} | {experiment.goal} | {spread(without)} | {spread(with_it)} "
                f"| {counts[1]} (without: {counts[0]}) |",
                flush=True,
            )


def spread(values: list[float]) -> str:
    """Minimum, median and maximum."""
    return " / ".join(f"{value:.3g}" for value in (min(values), statistics.median(values), max(values)))


if __name__ == "__main__":
    main()
