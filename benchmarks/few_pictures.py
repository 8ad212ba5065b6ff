"""What a preset makes of a person's few pictures: their quality, and the failures that the diagnosis names.

    python -m benchmarks.few_pictures --counts 60,300,1500 --seconds 600 --seeds 0,1,2
    python -m benchmarks.few_pictures --set augment.adaptive=0 --samples /tmp

The pictures are random parts of the photographs that scikit-learn and, if it is installed, scikit-image contain.
Evaluations, which run beside training as in the app, do not count as time of training.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import photographs
from benchmarks.quality import as_text, config_of, numbers, parser_of_runs
from gan_core import export, metrics
from gan_core.runs import RunStore
from gan_core.session import Session
from gan_core.system.random_streams import stream


def main() -> None:
    options = arguments()
    for count in options.counts:
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as folder:
                print(f"{count:5} pictures, seed {seed}: {train(count, seed, Path(folder), options)}", flush=True)


def train(count: int, seed: int, folder: Path, options: argparse.Namespace) -> str:
    """Train one run as the app does, and describe it in a line."""
    pictures = folder / "pictures"
    save_parts(count, pictures)
    config = config_of(options).with_values({"data.path": str(pictures), "seed": seed, "max_steps": 100_000_000})
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


def save_parts(count: int, folder: Path) -> None:
    """Write so many random parts of photographs."""
    folder.mkdir()
    sources = [*photographs.of_scikit_learn(), *photographs.of_scikit_image()]
    for i, part in enumerate(photographs.parts(sources, count, stream(0, "few pictures"))):
        part.save(folder / f"{i:04}.png")


def arguments() -> argparse.Namespace:
    parser = parser_of_runs(__doc__, "own-pictures", [0, 1, 2])
    parser.add_argument("--counts", type=numbers, default=[60, 300, 1500], metavar="N,...", help="pictures")
    parser.add_argument("--seconds", type=float, default=600, help="of training")
    parser.add_argument("--threads", type=int, help="of training; default: as in the app, one core is left to the page")
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="also write 64 samples of each run there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
