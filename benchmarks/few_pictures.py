"""What a preset makes of a person's few pictures: their quality, and the failures that the diagnosis names.

    python -m benchmarks.few_pictures --counts 60,300,1500 --seconds 600 --seeds 0,1,2
    python -m benchmarks.few_pictures --set augment.adaptive=0 --samples /tmp

The pictures are square crops of the photographs that scikit-learn and, if it is installed, scikit-image contain. The
time is that of training, without the evaluations, which run beside it as in the app.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from numpy.random import default_rng
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks.quality import as_text, numbers
from gan_core import export, metrics, presets
from gan_core.runs import RunStore
from gan_core.session import Session

_PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "motorcycle_left", "retina", "rocket")


def main() -> None:
    options = arguments()
    for count in options.counts:
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as folder:
                print(f"{count:5} pictures, seed {seed}: {train(count, seed, Path(folder), options)}", flush=True)


def train(count: int, seed: int, folder: Path, options: argparse.Namespace) -> str:
    """Train one run as the app does, and describe it in a line."""
    save_crops(count, folder / "pictures")
    changes = dict(change.split("=", 1) for change in options.set)
    config = presets.load(options.preset).with_values(
        {"data.path": str(folder / "pictures"), "seed": seed, "max_steps": 100_000_000, **changes}
    )
    store = RunStore(folder / "runs")
    session = Session(config, store, "cpu", options.threads, max_seconds=options.seconds)
    session.start()
    session.wait()
    now = session.snapshot()
    trainer = store.open(now.run_id).trainer("cpu")
    samples = trainer.generate(metrics.IMAGES, seed=1)
    if options.samples:
        export.picture(samples[:64]).save(options.samples / f"{count}-{seed}.png")
    try:
        quality = as_text(metrics.evaluate(samples, trainer.dataset))
    except ValueError as error:
        quality = str(error)
    named = [f"{event['id']} at step {event['step']:,}" for event in store.open(now.run_id).events() if "id" in event]
    last = ", ".join(finding.id for finding in now.health if finding.bad) or "nothing"
    return (
        f"step {now.step:,}, {quality}, augmentation {now.augment_p or 0:.0%}, named in the end: {last}; "
        f"ever: {', '.join(named) or 'nothing'}{now.error}"
    )


def save_crops(count: int, folder: Path) -> None:
    """Write so many crops, of 64 pixels to half the shorter side of their photograph, in turn from each."""
    folder.mkdir()
    photographs, chance = list(_photographs()), default_rng(0)
    for i in range(count):
        photograph = photographs[i % len(photographs)]
        side = int(chance.integers(64, max(64, min(photograph.size) // 2), endpoint=True))
        left, top = (int(chance.integers(length - side, endpoint=True)) for length in photograph.size)
        photograph.crop((left, top, left + side, top + side)).save(folder / f"{i:04}.png")


def _photographs() -> Iterator[Image.Image]:
    yield from map(Image.fromarray, load_sample_images().images)
    if (package := find_spec("skimage")) is not None and package.origin:
        for name in _PHOTOGRAPHS:
            for file in (Path(package.origin).parent / "data").glob(f"{name}.*"):
                yield Image.open(file).convert("RGB")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="own-pictures", choices=presets.names(), metavar="ID")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting; repeatable")
    parser.add_argument("--counts", type=numbers, default=[60, 300, 1500], metavar="N,...", help="pictures")
    parser.add_argument("--seconds", type=float, default=600, help="of training")
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2], metavar="N,...")
    parser.add_argument("--threads", type=int, help="of training; default: as in the app, one core is left to the page")
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="also write 64 samples of each run there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
