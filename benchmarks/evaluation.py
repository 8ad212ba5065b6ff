"""What evaluations cost a run in training: the share of steps lost to the evaluation thread.

    python -m benchmarks.evaluation --presets mnist-quick,ring8 --evaluations 3

Steps with and without an evaluation alternate within one run, so the result hardly depends on the load of the machine.
The first evaluation also prepares the evaluator and is not counted.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import torch

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.session.evaluator import Evaluator
from gan_core.training.trainer import Trainer


def steps_for(trainer: Trainer, seconds: float, evaluator: Evaluator) -> list[float]:
    """Seconds per step, until `seconds` have passed and no evaluation runs."""
    times, began = [], time.perf_counter()
    while time.perf_counter() - began < seconds or evaluator.busy:
        start = time.perf_counter()
        trainer.step()
        times.append(time.perf_counter() - start)
    return times


def measure(config: TrainConfig, evaluations: int, threads: int) -> str:
    torch.set_num_threads(threads)
    trainer = Trainer(config, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    copying, evaluating, losses = [], [], []
    for _ in range(evaluations + 1):
        before = steps_for(trainer, 3, evaluator)
        began = time.perf_counter()
        evaluator.start(trainer, 0.0)
        handed = time.perf_counter()
        during = steps_for(trainer, 0, evaluator)
        ended = time.perf_counter()
        after = steps_for(trainer, 3, evaluator)
        copying.append(handed - began)
        evaluating.append(ended - handed)
        alone = (len(before) + len(after)) / (sum(before) + sum(after))  # steps a second
        losses.append(handed - began + sum(during) - len(during) / alone)  # seconds of steps
    copying, evaluating, losses = copying[1:], evaluating[1:], losses[1:]
    every = max(config.record.evaluate_every, median(evaluating))  # evaluations never overlap
    return (
        f"copying takes {1000 * median(copying):.1f} ms, evaluating {median(evaluating):.1f} s; each costs "
        f"{median(losses):.2f} s of steps, so one every {every:.0f} s costs {median(losses) / every:.1%} of the steps"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default="mnist-quick,ring8")
    parser.add_argument("--evaluations", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of training; one more evaluates")
    options = parser.parse_args()
    for name in options.presets.split(","):
        print(f"{name}: {measure(presets.load(name), options.evaluations, options.threads)}")


if __name__ == "__main__":
    main()
