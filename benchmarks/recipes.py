"""Train every preset for a given time and write docs/recipes.md with its sample images.

    python -m benchmarks.recipes --seconds 120
    python -m benchmarks.recipes --seconds 30 --presets mnist-quick,ring8 --into /tmp/recipes

Every preset whose data need no network access trains for so many seconds of one core, or to its end. Two presets train
at a time, on one thread each. Evaluations do not count. Samples are recognisable once their metric is below a limit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_core import export, metrics, presets
from gan_core.metrics.point_quality import SAMPLES, PointEvaluator
from gan_core.training.trainer import Trainer

EVALUATIONS = 8  # per run
RECOGNISABLE = {"mnist-5k": 100.0, "sprites": 5.0, "faces": 5.0}  # Fréchet distance
MAX_JS = 0.1  # Jensen-Shannon, bits; points with modes must cover all modes
SHOWN = 36  # samples per image
_HEAD = """# What each preset gives

Written by `python -m benchmarks.recipes --seconds {seconds}`: every preset whose data need no network, trained for
{seconds} seconds of one CPU core or to its end. Longer runs give better images, and some presets fail on purpose.
"Recognisable" is the training time until the first metric fell below {digits:g} (Fréchet distance, digits),
{pictures:g} (sprites, faces) or {points:g} bits (Jensen-Shannon, points), or until every mode was covered; a dash means
never. Two sets of real digits have a Fréchet distance of {floor:.2g}. `docs/presets.md` lists the
results of the sources.

| preset | steps | steps/s | recognisable | metrics at the end | samples |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Result:
    """A preset's row."""

    steps: int
    seconds: float
    recognisable: float | None  # seconds of training
    metrics: str


def train(name: str, seconds: float, folder: Path) -> Result:
    """Train one preset for so many seconds of CPU time, evaluate it at intervals, and write an image to `folder`."""
    torch.set_num_threads(1)
    trainer = Trainer(presets.load(name), "cpu")
    spent, recognisable, text = 0.0, None, ""
    for k in range(1, EVALUATIONS + 1):
        while spent < seconds * k / EVALUATIONS and trainer.steps < trainer.total_steps:
            began = time.process_time()  # so that other work on the machine does not count
            trainer.step()
            spent += time.process_time() - began
        value, limit, text = evaluate(trainer)
        if recognisable is None and value < limit:
            recognisable = spent
        if trainer.steps >= trainer.total_steps:
            break
    export.picture(trainer.generate(SHOWN if trainer.dataset.examples.ndim == 4 else 2000, seed=1)).resize(
        (240, 240)
    ).save(folder / f"{name}.png", optimize=True)
    return Result(trainer.steps, spent, recognisable, text)


def evaluate(trainer: Trainer) -> tuple[float, float, str]:
    """The deciding metric, the limit below which samples are recognisable, and all metrics as text."""
    if trainer.dataset.examples.ndim == 2:
        points = trainer.generate(SAMPLES, seed=1)
        if not bool(points.isfinite().all()):
            return float("inf"), MAX_JS, "not finite"
        fit = PointEvaluator(trainer.config).fit(points)
        text = f"KL {fit.kl:.2f}, JS {fit.js:.2f} bits"
        if fit.modes is None:
            return fit.js, MAX_JS, text
        return float(fit.modes - (fit.covered or 0)), 1, f"{text}, {fit.covered} of {fit.modes} modes"
    quality = metrics.evaluate(trainer.generate(2000, seed=1), trainer.dataset)
    classes = f", {len(quality.missing)} classes missing" if quality.class_counts else ""
    text = f"FD {quality.frechet:.3g}, recall {quality.recall:.2f}, coverage {quality.coverage:.2f}{classes}"
    return quality.frechet, RECOGNISABLE[trainer.config.data.name], text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120, help="training time for each preset")
    parser.add_argument("--presets", default="", help="comma-separated presets; default: all")
    parser.add_argument("--into", type=Path, default=Path("docs"), help="folder of the page")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    available = [name for name in presets.names() if presets.load(name).dataset.needs in ("nothing", "drawing")]
    names = options.presets.split(",") if options.presets else available
    pictures = options.into / "images" / "recipes"
    pictures.mkdir(parents=True, exist_ok=True)
    dataset = Trainer(presets.load("mnist-quick"), "cpu").dataset
    floor = metrics.evaluate(dataset.examples, dataset).floor
    page = _HEAD.format(
        seconds=f"{options.seconds:g}",
        digits=RECOGNISABLE["mnist-5k"],
        pictures=RECOGNISABLE["faces"],
        points=MAX_JS,
        floor=floor.frechet if floor else 0,
    )
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        results = {name: pool.submit(train, name, options.seconds, pictures) for name in names}
        for name, future in results.items():
            page += row(name, future.result())
            print(name, future.result().metrics, flush=True)
    (options.into / "recipes.md").write_text(page, encoding="utf-8")


def row(name: str, result: Result) -> str:
    recognisable = "–" if result.recognisable is None else f"{result.recognisable:.0f} s"
    rate = result.steps / result.seconds if result.seconds else 0
    picture = f"![{name}](images/recipes/{name}.png)"
    return f"| `{name}` | {result.steps:,} | {rate:.3g} | {recognisable} | {result.metrics} | {picture} |\n"


if __name__ == "__main__":
    main()
