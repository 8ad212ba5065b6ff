"""The sources' five comparisons and one of precision: what the app shows beside each claim, and docs/comparisons.md.

    python -m benchmarks.comparisons                                    # each at its own length; hours on two cores
    python -m benchmarks.comparisons --only optimizers --steps 400      # one, at a shorter length
    python -m benchmarks.comparisons --finished checkpoints/comparisons/FOLDER   # keep what `gan_core compare` gave
    python -m benchmarks.comparisons --write-page                       # only the page, from what was measured before

Each result is a JSON in gan_core/compare/measured/, named by comparison and steps. Curves, figures and verdicts repeat
on one machine; seconds do not.
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

MEASURED = Path(compare.__file__).with_name("measured")
PAGE = Path(__file__).parents[1] / "docs" / "comparisons.md"
_HEAD = """# What the sources' comparisons gave here

Written by `python -m benchmarks.comparisons`; the numbers are in `gan_core/compare/measured/*.json`, and the app shows
them beside each comparison. Runs of one seed begin with the same weights, data order and noise. Figures are medians
over the seeds, in brackets the least and the greatest. Most runs shared their two cores with other work, so seconds and
images a second say little here; all else repeats.

A claim is **confirmed** or **refuted** by paired t-tests over the seeds, corrected by Holm; else it is **undecided**,
which with three seeds and short runs is the usual and honest word. Of three pairs only large differences can be shown.
"No noticeable difference" is confirmed where the 95 % intervals of all ratios lie within 0.8 to 1.25. The tests and the
measures are described in `gan_core/compare/verdict.py` and `measures.py`.
"""


def measure(name: str, steps: int | None, seeds: int | None, judgements: int | None, workers: int, runs: Path) -> None:
    """Run one comparison to its end and keep what it gave."""
    plan = compare.get(name)
    changes = {"steps": steps, "seeds": None if seeds is None else list(range(seeds)), "judgements": judgements}
    plan = plan.with_fields(**{field: value for field, value in changes.items() if value is not None})
    study = compare.StudyStore(runs).create(plan)
    began = time.monotonic()
    runner = compare.start(study, compare.Resources(workers=workers, device="cpu"))
    while not runner.wait(30):
        done = sum(trial_status.ended for trial_status in study.trial_statuses())
        print(f"{name}: {done} of {len(study.jobs)} runs, {time.monotonic() - began:.0f} s", flush=True)
    keep(study)


def keep(study: compare.Study) -> None:
    """Write what a finished comparison gave, and how to make it again."""
    plan, told = study.comparison, compare.report.tree(compare.results_of(study))
    told["made"] = {
        "command": f"python -m benchmarks.comparisons --only {plan.id} --steps {plan.steps} --seeds {len(plan.seeds)} "
        f"--judgements {plan.judgements}",
        "date": time.strftime("%Y-%m-%d"),
        "on": f"CPU, one thread for each run, torch {torch.__version__}, {platform.machine()}",
    }
    MEASURED.mkdir(exist_ok=True)
    (MEASURED / f"{plan.id}-{plan.steps}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def page() -> str:
    """All that was measured, as a page of docs/."""
    lines = [_HEAD]
    for name in compare.names():
        plan = compare.get(name)
        lines += [f"## `{name}`: {plan.title}\n", f"Source: {plan.source} {plan.claim}\n", f"{plan.choices}\n"]
        lines += [_section(told) for told in compare.measured(name)] or ["Not measured yet.\n"]
    return "\n".join(lines)


def _section(told: dict[str, Any]) -> str:
    plan, made = told["comparison"], told["made"]
    heading = f"### {plan['steps']:,} steps, {len(plan['seeds'])} seeds\n"
    return f"{heading}\n{compare.report.markdown(told)}\nMade by `{made['command']}` ({made['on']}; {made['date']}).\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(compare.names()), help="comparisons, with commas between them")
    parser.add_argument("--steps", type=int, help="of each run")
    parser.add_argument("--seeds", type=int, help="runs of each variant")
    parser.add_argument("--judgements", type=int, help="of each run")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time")
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"), help="where the runs are kept")
    parser.add_argument("--finished", type=Path, metavar="FOLDER", help="keep this one, and run none")
    parser.add_argument("--write-page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if options.finished:
        folder = options.finished.absolute()
        keep(compare.StudyStore(folder.parents[1]).open(folder.name))
    for name in [] if options.write_page or options.finished else options.only.split(","):
        measure(name, options.steps, options.seeds, options.judgements, options.workers, options.runs)
        PAGE.write_text(page(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
