"""The moving picture of the README: the default preset in training, as a GIF of the Train page.

    python -m benchmarks.readme_film --output docs/images/training.gif

Starts the app on a free port, opens Train, presses Start and takes screenshots while the run trains.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
from dataclasses import astuple
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page

from benchmarks import browser
from ui.theme import LIGHT

WIDTH = 900  # pixels of the GIF; the page has 1200 x 800
COLORS = 128  # of the GIF's palette
FRAME, LAST = 150, 2500  # milliseconds that a frame is shown, and that the last one is


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of training after the first curves")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--output", type=Path, default=Path("docs/images/training.gif"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server, browser.tab() as page:
        page.set_viewport_size({"width": 1200, "height": 800})
        page.goto(f"{server.url}/train")
        page.get_by_role("button", name=re.compile("^Start")).click(timeout=180_000)
        page.mouse.move(1190, 790)  # away from the button, whose help would cover the page
        page.get_by_role("img", name=re.compile("^Loss at step")).wait_for(timeout=180_000)
        screenshots = film(page, options.seconds, options.frames)
    save(screenshots, options.output)
    print(f"{options.output}: {len(screenshots)} frames, {options.output.stat().st_size / 1e6:.2f} MB")


def film(page: Page, seconds: float, frames: int) -> list[Image.Image]:
    """Screenshots at equal intervals, as many as the page allows."""
    shots = []
    for _ in range(frames):
        shots.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        page.wait_for_timeout(1000 * seconds / frames)
    return shots


def save(screenshots: list[Image.Image], path: Path) -> None:
    """Write a GIF with one palette for all frames, so that only the pixels that change are stored again."""
    height = round(screenshots[0].height * WIDTH / screenshots[0].width)
    small = [shot.resize((WIDTH, height), Image.Resampling.LANCZOS) for shot in screenshots]
    sample = small[-1].copy()
    for i, color in enumerate(astuple(LIGHT)):  # the colours of thin curves are too rare to enter the palette
        ImageDraw.Draw(sample).rectangle((40 * i, 0, 40 * i + 39, 39), fill=color)
    palette = sample.quantize(COLORS, dither=Image.Dither.NONE)
    frames = [shot.quantize(palette=palette, dither=Image.Dither.NONE) for shot in small]
    durations = [FRAME] * (len(frames) - 1) + [LAST]
    path.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)


if __name__ == "__main__":
    main()
