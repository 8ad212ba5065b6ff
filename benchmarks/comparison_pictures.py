"""The pictures on the cards of the ready-made comparisons: a row of samples for each variant.

    python -m benchmarks.comparison_pictures                       # about 4 minutes of one CPU core
    python -m benchmarks.comparison_pictures --only optimizers

Trains the first seed of every variant for 400 steps and writes docs/images/comparisons/COMPARISON/VARIANT.png. All rows
of a comparison have the same latents where their sizes agree. The charts of the cards need no command: the page draws
them from gan_core/compare/measured/.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL import Image

from gan_core import compare
from gan_core.data.ranges import to_bytes
from gan_core.runs import tile
from gan_core.training.trainer import Trainer
from ui.compare.ready_made import PICTURE_STEPS, PICTURES

SAMPLES = 10  # in a row


def write(name: str, folder: Path) -> None:
    """Train the first seed of every variant of a comparison, and write a row of samples of each."""
    plan = compare.get(name).with_fields(steps=PICTURE_STEPS)
    (folder / name).mkdir(parents=True, exist_ok=True)
    for job in plan.jobs()[: len(plan.variants)]:
        trainer = Trainer(job.config, "cpu")
        while trainer.steps < trainer.total_steps:
            trainer.step()
        row = tile(to_bytes(trainer.generate(SAMPLES, seed=0)).numpy(), SAMPLES)
        file = folder / name / f"{job.variant.id}.png"
        Image.fromarray(row).save(file, optimize=True)
        print(f"{file}: step {trainer.steps}, {file.stat().st_size / 1e3:.1f} kB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(compare.names()), help="ids of comparisons, separated by commas")
    parser.add_argument("--output", type=Path, default=PICTURES)
    options = parser.parse_args()
    torch.set_num_threads(1)  # as in a comparison
    for name in options.only.split(","):
        write(name, options.output)


if __name__ == "__main__":
    main()
