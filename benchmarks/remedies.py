"""Does each remedy that is offered for a sick run end its illness, when clicked?

    python -m benchmarks.remedies
    python -m benchmarks.remedies --cases ring-collapse,digits-memorised --seeds 3

A remedy is applied at the moment at which the illness is named. A live one changes the run, which goes on for its whole
length again; others, and those of a run whose weights are no numbers, begin anew. The illness has ended if it is not
shown when the last step is done. Runs train one at a time, on one thread; each result is kept in a file as it comes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.failure_modes import CASES, Case, Examined, Ledger
from gan_core.diagnosis import Remedy

FIRST = 301  # of the seeds, none of which set a limit


def named(case: Case, seed: int) -> tuple[Examined, tuple[Remedy, ...]]:
    """A sick run as it stands when its illness is named, and what is offered for it; nothing if it never was."""
    run = Examined(case.config(seed))
    for findings in run.go(case.steps):
        for finding in findings:
            if finding.id == case.wanted:
                return run, finding.remedies
    return run, ()


def ill_after(run: Examined, remedy: Remedy, steps: int) -> list[str]:
    """The illnesses that are shown at the end of a run that took the remedy."""
    if remedy.live and not run.lost:
        again = run.under(run.config.with_values({**remedy.values, "max_steps": run.trainer.steps + steps}))
    else:
        again = Examined(run.config.with_values(remedy.values))
    last: list[str] = []
    for findings in again.go(steps):
        last = [finding.id for finding in findings if finding.bad]
    return last


def measure(name: str, seed: int, ledger: Ledger) -> list[dict[str, Any]]:
    """A row for each remedy of one sick run."""
    case, rows = CASES[name], []
    run, remedies = named(case, seed)
    for remedy in remedies:
        key = {"case": name, "seed": seed, "remedy": remedy.label, "values": dict(remedy.values)}
        row = ledger.find(**key)
        if row is None:
            last = ill_after(run, remedy, case.steps)
            anew = not remedy.live or run.lost
            row = {**key, "anew": anew, "at": run.trainer.steps, "ended": case.wanted not in last, "ill": last}
            ledger.add(row)
        rows.append(row)
    return rows


def line(name: str, rows: list[dict[str, Any]]) -> str:
    """One remedy of one sick run, over the seeds."""
    ended, well = (
        f"{sum(flags)} of {len(rows)}" for flags in ([r["ended"] for r in rows], [not r["ill"] for r in rows])
    )
    how = " (new run)" if rows[0]["anew"] else ""
    return f"| {CASES[name].wanted} | `{name}` | {rows[0]['remedy']}{how} | {ended} | {well} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sick = [name for name, case in CASES.items() if case.wanted]
    parser.add_argument("--cases", default=",".join(sick), help="which sick runs, by name, with commas between")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--out", type=Path, default=Path("remedies.jsonl"), help="where results are kept")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ledger = Ledger(options.out)
    print("| illness | run | remedy | the illness ends | nothing is wrong |\n|---|---|---|---|---|")
    for name in options.cases.split(","):
        rows = [row for seed in range(FIRST, FIRST + options.seeds) for row in measure(name, seed, ledger)]
        for label in dict.fromkeys(row["remedy"] for row in rows):
            print(line(name, [row for row in rows if row["remedy"] == label]), flush=True)


if __name__ == "__main__":
    main()
