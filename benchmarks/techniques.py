"""What each cure does against the trouble that it is a cure of: the same run with and without it, over several seeds.

    python -m benchmarks.techniques
    python -m benchmarks.techniques --lessons spectral-norm,wgan-gp --seeds 5

Every lesson is an experiment that goes wrong, the few settings that are the cure, and the figure that tells them apart.
Figures repeat on one machine; two runs train at a time, on one thread each.
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


def modes(trainer: Trainer) -> float:
    """Clouds of the data that get at least a fifth of their due."""
    covered = PointEvaluator(trainer.config).fit(trainer.generate(SAMPLES, seed=1)).covered
    return float(covered or 0)


def offset(trainer: Trainer) -> float:
    """Distance of the generated mean from the true one."""
    return PointEvaluator(trainer.config).fit(trainer.generate(SAMPLES, seed=1)).mean_error


@torch.no_grad()
def learnt_by_heart(trainer: Trainer) -> float:
    """How much more D trusts digits that it was trained on than digits that it has never seen; 0 to 1."""
    n = len(trainer.dataset)
    everything = load(trainer.config.with_values({"data.count": 0})).examples[
        : 2 * n
    ]  # the first n are those trained on
    with batch_statistics(trainer.discriminator):
        scores = [
            trainer.loss.score(trainer.discriminator(to_model(part, trainer.config.generator.output)))
            for part in everything.split(n // 5)
        ]
    known, new = torch.stack(scores).mean(1).split(5)
    return float(known.mean() - new.mean())


@dataclass(frozen=True)
class Lesson:
    """An experiment that goes wrong, and what cures it."""

    trouble: str
    sick: TrainConfig
    cure: Mapping[str, Any]
    figure: Callable[[Trainer], float]
    cured: Callable[[float], bool]  # whether the figure is that of a run without the trouble
    wanted: str
    steps: int

    def config(self, with_cure: bool, seed: int) -> TrainConfig:
        return self.sick.with_values({**(self.cure if with_cure else {}), "seed": seed})


_SATURATING = presets.load("ring8").with_values(
    {"penalty.name": "none", "loss.name": "saturating", "batch_size": 64}
)  # all that follows goes well for this one
# G learns ten times as fast as D: it runs to one place after another, and D is always late.
_LATE = _SATURATING.with_values({"optimizer_d.lr": 1e-4})
# D is ahead from the first step, when all fakes lie in one point: log(1 - D) is flat there, and G stands still.
_AHEAD = _SATURATING.with_values({"n_critic": 5, "generator.init": "normal"})
# D is all but perfect at each step of G, which reaches a few modes and gets no slope to the others.
_PERFECT = _SATURATING.with_values({"n_critic": 20, "optimizer_d.lr": 2e-3})
_FEW = presets.load("mnist-quick").with_values({"data.count": 500})
_ALL_EIGHT: dict[str, Any] = {
    "figure": modes,
    "cured": lambda covered: covered == 8,
    "wanted": "8 of 8 modes",
}

LESSONS: dict[str, Lesson] = {
    "minibatch-discrimination": Lesson(
        "collapse: D learns a tenth as fast as G",
        _LATE,
        {"discriminator.batch_layer": "minibatch-discrimination"},
        **_ALL_EIGHT,
        steps=2400,
    ),
    "two-time-scales": Lesson(
        "collapse: D learns a tenth as fast as G",
        _LATE,
        {"optimizer_d.lr": 1e-3, "optimizer_g.lr": 5e-4},
        **_ALL_EIGHT,
        steps=2400,
    ),
    "spectral-norm": Lesson(
        "no gradient: D wins before G has spread",
        _AHEAD,
        {"discriminator.spectral": True},
        **_ALL_EIGHT,
        steps=2800,
    ),
    "non-saturating": Lesson(
        "no gradient: D wins before G has spread",
        _AHEAD,
        {"loss.name": "non-saturating", "penalty.name": "r1", "penalty.weight": 0.1},
        **_ALL_EIGHT,
        steps=2800,
    ),
    "wgan-gp": Lesson(
        "collapse: 20 steps of D to one of G",
        _PERFECT,
        {"loss.name": "wasserstein", "penalty.name": "gradient-penalty", "penalty.weight": 0.1},
        **_ALL_EIGHT,
        steps=1000,
    ),
    "r1": Lesson(
        "oscillation around the target",
        presets.load("oscillation"),
        {"penalty.name": "r1", "penalty.weight": 1.0},
        offset,
        lambda distance: distance < 0.1,
        "mean within 0.1",
        3000,
    ),
    "diffaugment": Lesson(
        "D learns 500 digits by heart",
        _FEW,
        {"augment.translation": 0.125, "augment.cutout": 0.3},
        learnt_by_heart,
        lambda gap: gap < 0.1,
        "D(x) of known and new digits within 0.1",
        1500,
    ),
}


def train(name: str, with_cure: bool, seed: int) -> float:
    """One run of a lesson; its figure at the end."""
    torch.set_num_threads(1)
    lesson = LESSONS[name]
    trainer = Trainer(lesson.config(with_cure, seed), "cpu")
    for _ in range(lesson.steps):
        trainer.step()
    return lesson.figure(trainer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", default=",".join(LESSONS), help="which, by name, with commas between")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seeds = range(options.seeds)
    print("| cure | trouble | wanted | without it | with it | cured |\n|---|---|---|---|---|---|")
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        for name in options.lessons.split(","):
            lesson = LESSONS[name]
            runs = {cure: [pool.submit(train, name, cure, seed) for seed in seeds] for cure in (False, True)}
            without, with_it = ([run.result() for run in runs[cure]] for cure in (False, True))
            counts = [f"{sum(map(lesson.cured, figures))} of {len(seeds)}" for figures in (without, with_it)]
            print(
                f"| `{name}` | {lesson.trouble} | {lesson.wanted} | {spread(without)} | {spread(with_it)} "
                f"| {counts[1]} (without: {counts[0]}) |",
                flush=True,
            )


def spread(figures: list[float]) -> str:
    """Least, median and greatest."""
    return " / ".join(f"{value:.3g}" for value in (min(figures), statistics.median(figures), max(figures)))


if __name__ == "__main__":
    main()
