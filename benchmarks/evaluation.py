"""What judging a run while it trains costs it: the share of steps lost to the thread that judges.

    python -m benchmarks.evaluation --presets mnist-quick,ring8 --judgements 3

Steps with and without a judgement beside them alternate within one run, so the figure hardly depends on how busy the
machine is. The first judgement also makes the judge ready; it is left out.
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
    """Seconds that each step took, until so many have passed and no judgement runs."""
    took, began = [], time.perf_counter()
    while time.perf_counter() - began < seconds or evaluator.busy:
        start = time.perf_counter()
        trainer.step()
        took.append(time.perf_counter() - start)
    return took


def measure(config: TrainConfig, judgements: int, threads: int) -> str:
    torch.set_num_threads(threads)
    trainer = Trainer(config, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    handing, judging, losses = [], [], []
    for _ in range(judgements + 1):
        before = steps_for(trainer, 3, evaluator)
        began = time.perf_counter()
        evaluator.start(trainer, 0.0)
        handed = time.perf_counter()
        during = steps_for(trainer, 0, evaluator)
        ended = time.perf_counter()
        after = steps_for(trainer, 3, evaluator)
        handing.append(handed - began)
        judging.append(ended - handed)
        alone = (len(before) + len(after)) / (sum(before) + sum(after))  # steps a second
        losses.append(handed - began + sum(during) - len(during) / alone)  # seconds' worth of steps
    handing, judging, losses = handing[1:], judging[1:], losses[1:]
    every = max(config.record.evaluate_every, median(judging))  # none begins while one runs
    return (
        f"handing over takes {1000 * median(handing):.1f} ms, judging {median(judging):.1f} s; each costs steps of "
        f"{median(losses):.2f} s, so one every {every:.0f} s costs {median(losses) / every:.1%} of the steps"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default="mnist-quick,ring8")
    parser.add_argument("--judgements", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="that train; one more judges")
    options = parser.parse_args()
    for name in options.presets.split(","):
        print(f"{name}: {measure(presets.load(name), options.judgements, options.threads)}")


if __name__ == "__main__":
    main()
