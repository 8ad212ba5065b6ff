"""Searches a learning rate for each optimiser: the best of three, for a short DCGAN on digits.

    python -m benchmarks.rates              # some minutes on two cores
    python -m benchmarks.rates --steps 800 --write

`--write` stores the rates in gan_core/compare/measured/rates.json, which `compare.Axis.of_optimizers` reads. The search
is short because it only has to avoid rates that are clearly wrong. The worst seed counts, so that a rate that diverges
with some seeds is not chosen.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from gan_core import compare
from gan_core.compare import learning_rates

RATES = {
    "sgd": (0.005, 0.02, 0.05),
    "adadelta": (0.3, 1.0, 3.0),
    "adagrad": (3e-3, 1e-2, 3e-2),
    "adam": (5e-4, 1e-3, 2e-3),
    "rmsprop": (2e-4, 5e-4, 1e-3),
}


def plan(steps: int, seeds: int) -> compare.Comparison:
    """Every optimiser at each of its rates."""
    variants = [
        compare.Variant(
            id=f"{name}-{rate:g}",
            title=f"{name} {rate:g}",
            values={f"optimizer_{role}.{field}": v for role in "gd" for field, v in (("name", name), ("lr", rate))},
        )
        for name, rates in RATES.items()
        for rate in rates
    ]
    axis = compare.Axis(title="optimiser and rate", variants=tuple(variants))
    base = compare.get("optimizers").base
    return compare.comparison(id="rates", title="Rates", base=base, axes=[axis], steps=steps, judgements=2).with_fields(
        seeds=list(range(100, 100 + seeds))
    )


def search(steps: int, seeds: int, workers: int) -> dict[str, dict[str, float | None]]:
    """The final quality of the worst seed at each rate, by optimiser; None if a run failed."""
    with tempfile.TemporaryDirectory() as folder:
        study = compare.StudyStore(folder).create(plan(steps, seeds))
        compare.start(study, compare.Resources(workers=workers)).wait()
        table = compare.results_of(study).table()
    rows = {
        row.variant: row.spread["quality"][1] if row.spread["quality"] and not row.failed else None for row in table
    }
    return {name: {f"{rate:g}": rows[f"{name}-{rate:g}"] for rate in rates} for name, rates in RATES.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300, help="of each run")
    parser.add_argument("--seeds", type=int, default=3, help="of each rate")
    parser.add_argument("--workers", type=int, default=2, help="runs at the same time")
    parser.add_argument("--write", action="store_true", help="store the best rates")
    options = parser.parse_args()
    found = search(options.steps, options.seeds, options.workers)
    best = {}
    measured = f"Fréchet distance after {options.steps} steps, worst of {options.seeds} seeds"
    print(f"{measured}; lower is better\n\n| optimiser | rates tried | best |\n|---|---|---|")
    for name, tried in found.items():
        known = {rate: value for rate, value in tried.items() if value is not None}
        best[name] = float(min(known, key=lambda rate: known[rate]))
        shown = ", ".join(f"{rate}: {'diverged' if value is None else f'{value:.0f}'}" for rate, value in tried.items())
        print(f"| {name} | {shown} | {best[name]:g} |")
    if options.write:
        note = f"{measured} of comparison `optimizers`; best of three rates."
        text = json.dumps(
            {"command": "python -m benchmarks.rates", "note": note, "rates": best, "tried": found}, indent=1
        )
        Path(learning_rates.FILE).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
