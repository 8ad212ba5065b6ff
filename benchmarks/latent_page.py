"""Response time of the Latent page: from a key press on a slider to the new image on the screen.

    python -m benchmarks.latent_page --presses 30

Starts the app on a free port with untrained models and presses the arrow keys in Chromium: for an MLP and a 64x64
DCGAN, then for both while `mnist-quick` trains in the same server.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import browser
from gan_core import presets
from gan_core.runs import RunStore
from gan_core.training.trainer import Trainer

MODELS = {
    "MLP": ("mlp-mnist", 100, 180),
    "64x64 DCGAN": ("dcgan-sprites", 130, 280),
}  # preset, target median and p95 in milliseconds
TRAINING = 250  # milliseconds: target median of both while a session trains

# Measures the time of the next key press until the server has answered and the new image is painted.
ARM = """(slider) => {
  const canvas = findAll(document, 'canvas[aria-label*="current picture"]')[0];
  const board = slider.closest('.sliders'), context = canvas.getContext('2d');
  let pressed = 0, painted = 0;
  context.drawImage = (...all) => {
    painted = performance.now();
    CanvasRenderingContext2D.prototype.drawImage.apply(context, all);
  };
  slider.addEventListener('keydown', () => (pressed = performance.now()), { once: true, capture: true });
  window.answer = new Promise((resolve) => {
    const look = () => {
      const answered = pressed && painted > pressed && board.getAttribute('aria-busy') === 'false';
      if (answered) resolve(performance.now() - pressed);
      else requestAnimationFrame(look);
    };
    look();
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server, browser.tab() as page:
        runs = {name: untrained(Path(folder), preset) for name, (preset, _, _) in MODELS.items()}
        for name, (_, median, p95) in MODELS.items():
            report(name, times(page, server.url, runs[name], options.presses), f"{median} / {p95}")
        browser.train(page, server.url)
        for name in MODELS:
            report(
                f"{name}, a session training", times(page, server.url, runs[name], options.presses), f"{TRAINING} / -"
            )


def untrained(library: Path, preset: str) -> str:
    """Create a run of the preset with its initial weights, and return its id."""
    config = presets.load(preset)
    run = RunStore(library).create(config)
    run.save(Trainer(config, "cpu"), keep=1)
    return run.id


def times(page: Page, url: str, run: str, presses: int) -> list[float]:
    """Milliseconds from each key press to its image, sorted. The first three presses are a warm-up and left out."""
    page.goto(f"{url}/latent?run={run}")
    slider = page.get_by_role("slider", name="PC 1", exact=True)
    slider.wait_for(timeout=180_000)
    page.wait_for_timeout(3000)
    slider.focus()
    measured = []
    for i in range(presses + 3):
        slider.evaluate(ARM)
        page.keyboard.press("ArrowRight" if i % 20 < 10 else "ArrowLeft")
        measured.append(float(page.evaluate("window.answer")))
        page.wait_for_timeout(50)  # about the interval of a repeating key
    return sorted(measured[3:])


def report(name: str, measured: list[float], target: str) -> None:
    p95 = measured[int(0.95 * (len(measured) - 1))]
    print(f"{name}: median {statistics.median(measured):.0f} ms, p95 {p95:.0f} ms (target {target})", flush=True)


if __name__ == "__main__":
    main()
