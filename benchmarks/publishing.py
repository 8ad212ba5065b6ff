"""What showing a run costs it: steps a second of a session that publishes, against the bare trainer, in turn.

python -m benchmarks.publishing --presets mnist-quick,ring8 --seconds 6 --rounds 5
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.session import Session
from gan_core.trainer import Trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default="mnist-quick,ring8")
    parser.add_argument("--seconds", type=float, default=6, help="rough length of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.presets.split(","):
        config = presets.load(name).with_values({"record.frame_every": 1_000_000})
        steps = round(20 * options.seconds / bare(config, 20))
        ratios = [bare(config, steps) / published(config, steps) for _ in range(options.rounds)]
        cost = 1 - statistics.median(ratios)
        print(f"{name}: publishing costs {cost:.1%} of the steps a second (rounds: {[f'{1 - r:.1%}' for r in ratios]})")


def bare(config: TrainConfig, steps: int) -> float:
    """Seconds for so many steps of the trainer alone."""
    trainer = Trainer(config, "cpu")
    trainer.step()
    began = time.perf_counter()
    for _ in range(steps):
        trainer.step()
    return time.perf_counter() - began


def published(config: TrainConfig, steps: int) -> float:
    """Seconds for so many steps within a session, which publishes as often as it does for a page."""
    session = Session(config, device="cpu", threads=1, max_steps=steps + 1)
    session.start()
    session.wait()
    history = session.snapshot().history
    return float(history.seconds[-1] - history.seconds[0])


if __name__ == "__main__":
    main()
