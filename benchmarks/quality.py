"""Quality of a preset's images after so many seconds of training, without start-up and evaluation.

    python -m benchmarks.quality --preset mnist-quick --seconds 30,60,180 --seeds 0,1,2
    python -m benchmarks.quality --preset mnist-quick --steps 1000,4000 --set optimizer_g.lr=5e-4

At a given number of steps the metrics repeat; at a given time they depend on the load of the machine.
"""

from __future__ import annotations

import argparse
import os
import time

import torch

from gan_core import metrics, presets
from gan_core.config import TrainConfig
from gan_core.data import load
from gan_core.training.trainer import Trainer


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    config = config_of(options)
    real = metrics.evaluate(load(config).examples[: metrics.IMAGES], load(config))
    print(f"{config.preset}, {options.device}, {options.threads} threads; {real.extractor}")
    if real.floor:
        print(f"{metrics.IMAGES} images against {real.reference}; real against real: {as_text(real.floor)}")
    for seed in options.seeds:
        train(config.with_values({"seed": seed}), options)


def train(config: TrainConfig, options: argparse.Namespace) -> None:
    """Train one seed and print a line at each of the given times or steps."""
    trainer = Trainer(config, options.device)
    seconds = 0.0
    for goal in options.steps or options.seconds:
        while (trainer.steps if options.steps else seconds) < goal:
            began = time.perf_counter()
            trainer.step().values.cpu()  # reading them waits for the device
            seconds += time.perf_counter() - began
        quality = metrics.evaluate(trainer.generate(metrics.IMAGES, seed=1), trainer.dataset)
        print(f"seed {config.seed}  {seconds:6.1f} s  step {trainer.steps:6}  {as_text(quality)}", flush=True)


def as_text(quality: metrics.Quality) -> str:
    """FD, class divergence, missing classes, precision, recall and coverage on one line."""
    parts = [f"FD {quality.frechet:6.1f}"]
    if quality.class_divergence is not None:
        parts += [f"KL {quality.class_divergence:.3f}", f"missing {' '.join(quality.missing) or 'none'}"]
    parts += [f"P {quality.precision:.2f}", f"R {quality.recall:.2f}", f"coverage {quality.coverage:.2f}"]
    return "  ".join(parts)


def arguments() -> argparse.Namespace:
    parser = parser_of_runs(__doc__, "mnist-quick", [0])
    parser.add_argument("--seconds", type=numbers, default=[30, 60], metavar="S,...", help="when to evaluate (30,60)")
    parser.add_argument(
        "--steps", type=numbers, default=[], metavar="N,...", help="when to evaluate, instead of seconds"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


def parser_of_runs(description: str | None, preset: str, seeds: list[int]) -> argparse.ArgumentParser:
    """A parser with arguments for a preset, changes of its settings, and seeds."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default=preset, choices=presets.names(), metavar="ID")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting; repeatable")
    parser.add_argument("--seeds", type=numbers, default=seeds, metavar="N,...")
    return parser


def config_of(options: argparse.Namespace) -> TrainConfig:
    """The preset that was chosen, with the changes."""
    return presets.load(options.preset).with_values(dict(change.split("=", 1) for change in options.set))


def numbers(text: str) -> list[int]:
    return sorted(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
