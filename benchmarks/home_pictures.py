"""The pictures of the Home page: a film of digits forming, and thumbnails for the diagram of the game.

    python -m benchmarks.home_pictures --output ui/components/game_pictures

Trains the preset of the first run for about 30 seconds of two CPU cores and writes `film.webp`: all frames below each
other. A row of a frame is one latent vector, a column is one digit. The thumbnails show a latent vector, digits of the
shipped model, and real digits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gan_core import data, presets
from gan_core.data.ranges import to_bytes
from gan_core.latent.frozen_model import draw
from gan_core.runs import shipped, tile
from gan_core.training.trainer import Trainer
from ui.components.game import FRAMES
from ui.web import GAME

PRESET, SHIPPED = "projection-mnist", "digits-conditional"
DIGITS, ROWS = 10, 4
SEED = 4
THUMBNAIL = (3, 1, 4, 1, 5, 9, 2, 6, 5)  # the digits of both thumbnails, row by row
QUALITY = 60  # of the film, in the scale of WebP


def frames(steps: int) -> Iterator[np.ndarray]:
    """Grids of the same latents at `FRAMES` steps, which are closer together at the beginning."""
    trainer = Trainer(presets.load(PRESET).with_values({"max_steps": steps}), "cpu")
    z = trainer.latents(ROWS, torch.Generator().manual_seed(SEED)).repeat_interleave(DIGITS, 0)
    for shown in np.linspace(0, 1, FRAMES) ** 2 * steps:
        while trainer.steps < round(shown):
            trainer.step()
        yield tile(to_bytes(trainer.decode(z)).numpy(), DIGITS)


def thumbnails() -> dict[str, np.ndarray]:
    """A latent vector as gray squares, digits of the shipped model, and real digits."""
    model = shipped.SHIPPED.open(SHIPPED).model()
    z = draw(model, len(THUMBNAIL), SEED)
    fakes = np.concatenate([model.pictures(z[i : i + 1], digit) for i, digit in enumerate(THUMBNAIL)])
    dataset = data.load(model.config)
    labels = np.asarray(dataset.labels)
    found = [int(np.flatnonzero(labels == digit)[i]) for i, digit in enumerate(THUMBNAIL)]
    real = dataset.examples[found].permute(0, 2, 3, 1).numpy()
    noise = (z[0].reshape(8, 8).clamp(-2, 2).numpy() + 2) / 4 * 255
    return {"noise": noise.round().astype(np.uint8), "fake": tile(fakes, 3), "real": tile(real, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1600, help="30 seconds of two slow cores")
    parser.add_argument("--output", type=Path, default=GAME)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for name, picture in thumbnails().items():
        Image.fromarray(picture).save(options.output / f"{name}.png", optimize=True)
    film = options.output / "film.webp"
    Image.fromarray(np.concatenate(list(frames(options.steps)))).save(film, quality=QUALITY, method=6)
    print(f"{film}: {FRAMES} frames, {film.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
