"""Measures the ready-made comparisons, for the app's claims and for docs/comparisons.md.

    python -m benchmarks.comparisons                                    # all, at full length; hours on two cores
    python -m benchmarks.comparisons --only optimizers --steps 400      # one, shorter
    python -m benchmarks.comparisons --finished checkpoints/comparisons/FOLDER   # store a result
    python -m benchmarks.comparisons --write-page                       # only the page, from stored results

Each result is a JSON file in gan_core/compare/measured/, named by comparison and steps. On one machine, all of it is
reproducible except times and speeds.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import torch

from gan_core import compare
from ui.compare.ready_made import PICTURE_STEPS, PICTURES

MEASURED = Path(compare.__file__).with_name("measured")
PAGE = Path(__file__).parents[1] / "docs" / "comparisons.md"
_HEAD = """# Results of the sources' comparisons

Written by `python -m benchmarks.comparisons`; the numbers are in `gan_core/compare/measured/*.json`, and the app shows
them beside each comparison. Runs with the same seed start with the same weights, data order and noise. The tables give
medians over the seeds, with the lowest and the highest in brackets. Most runs shared their two cores with other work,
so times and speeds mean little here; everything else is reproducible.

A claim is **confirmed** or **refuted** by paired t-tests over the seeds with Holm's correction, and **undecided**
otherwise, as usual with three seeds and short runs: three pairs show only large differences. "No noticeable difference"
is confirmed if the 95 % intervals of all ratios lie within 0.8 to 1.25. The tests are described in
`gan_core/compare/analysis/verdict.py` and the measures in `gan_core/compare/measures.py`.
"""


def measure(name: str, steps: int | None, seeds: int | None, judgements: int | None, workers: int, runs: Path) -> None:
    """Run one comparison to its end and store its results."""
    plan = compare.get(name)
    changes = {"steps": steps, "seeds": None if seeds is None else list(range(seeds)), "judgements": judgements}
    plan = plan.with_fields(**{field: value for field, value in changes.items() if value is not None})
    study = compare.StudyStore(runs).create(plan)
    started = time.monotonic()
    runner = compare.start(study, compare.Resources(workers=workers, device="cpu"))
    while not runner.wait(30):
        ended = sum(trial.ended for trial in study.trial_statuses())
        print(f"{name}: {ended} of {len(study.jobs)} runs, {time.monotonic() - started:.0f} s", flush=True)
    store(study)


def store(study: compare.Study) -> None:
    """Store the results of a finished comparison, with the command that reproduces them."""
    plan, report = study.comparison, compare.report.tree(compare.results_of(study))
    report["made"] = {
        "command": f"python -m benchmarks.comparisons --only {plan.id} --steps {plan.steps} --seeds {len(plan.seeds)} "
        f"--judgements {plan.judgements}",
        "date": time.strftime("%Y-%m-%d"),
        "on": f"CPU, one thread for each run, torch {torch.__version__}, {platform.machine()}",
    }
    MEASURED.mkdir(exist_ok=True)
    (MEASURED / f"{plan.id}-{plan.steps}.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def page() -> str:
    """All stored results as a page of docs/."""
    lines = [_HEAD]
    for name in compare.names():
        plan = compare.get(name)
        lines += [f"## `{name}`: {plan.title}\n", f"Source: {plan.source} {plan.claim}\n", f"{plan.choices}\n"]
        lines += [_section(report) for report in compare.measured(name)] or ["Not measured yet.\n"]
        lines += _pictures(plan)
    return "\n".join(lines)


def _pictures(plan: compare.Comparison) -> list[str]:
    """A table with the samples of each variant."""
    rows = [f"| {v.title} | ![{v.title}](images/comparisons/{plan.id}/{v.id}.png) |" for v in plan.variants]
    found = [row for v, row in zip(plan.variants, rows, strict=True) if (PICTURES / plan.id / f"{v.id}.png").exists()]
    head = f"| after {PICTURE_STEPS} steps, seed 0 | the same latents (`python -m benchmarks.comparison_pictures`) |"
    return [head, "|---|---|", *found, ""] if found else []


def _section(report: dict[str, Any]) -> str:
    plan, made, found = report["comparison"], report["made"], compare.finding(report).headline
    heading, *rows = [f"| {' | '.join(row)} |" for row in report["words"]]
    lines = [f"**{found.text}** {found.detail}\n", heading, "|" + "---|" * len(report["words"][0]), *rows, ""]
    lines += [f'- "{claim["says"]}" **{claim["text"]}**' for claim in report["claims"]]
    lines += [f"- {verdict['text']}" for verdict in report["verdicts"]]
    title = f"### {plan['steps']:,} steps, {len(plan['seeds'])} seeds\n"
    origin = f"\nMade by `{made['command']}` ({made['on']}; {made['date']}).\n"
    return "\n".join([title, *lines, origin])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(compare.names()), help="ids of comparisons, separated by commas")
    parser.add_argument("--steps", type=int, help="of each run")
    parser.add_argument("--seeds", type=int, help="runs of each variant")
    parser.add_argument("--judgements", type=int, help="evaluations of each run")
    parser.add_argument("--workers", type=int, default=2, help="runs at the same time")
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"), help="folder for the runs")
    parser.add_argument(
        "--finished", type=Path, metavar="FOLDER", help="store the results of this comparison and run none"
    )
    parser.add_argument("--write-page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if options.finished:
        folder = options.finished.absolute()
        store(compare.StudyStore(folder.parents[1]).open(folder.name))
    for name in [] if options.write_page or options.finished else options.only.split(","):
        measure(name, options.steps, options.seeds, options.judgements, options.workers, options.runs)
        PAGE.write_text(page(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
