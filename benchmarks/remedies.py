"""Whether each remedy ends the failure mode that it is offered for.

    python -m benchmarks.remedies
    python -m benchmarks.remedies --cases ring-collapse,digits-memorised --seeds 3

A remedy is applied when the failure mode is named. A live remedy changes the run, which then trains for its full length
again; any other, or a run whose weights are not finite, starts a new run. The failure mode has ended if it is not shown
after the last step. Runs train one at a time, on one thread. Each result is saved at once. It prints the rows of
`gan_core/diagnosis/measured_remedies.py`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.failure_modes import CASES, Case, DiagnosedRun, Ledger
from gan_core.diagnosis import Remedy
from gan_core.diagnosis.measured_remedies import table

FIRST = 301  # the first seed; none of the seeds was used to set a limit


def named(case: Case, seed: int) -> tuple[DiagnosedRun, tuple[Remedy, ...]]:
    """A failing run at the step where its failure mode is named, and the remedies; () if it is never named."""
    run = DiagnosedRun(case.config(seed))
    for findings in run.go(case.steps):
        for finding in findings:
            if finding.id == case.wanted:
                return run, finding.remedies
    return run, ()


def failures_after(run: DiagnosedRun, remedy: Remedy, steps: int) -> list[str]:
    """The failure modes at the end of a run that took the remedy."""
    if remedy.live and not run.weights_lost:
        treated = run.with_settings(run.config.with_values({**remedy.values, "max_steps": run.trainer.steps + steps}))
    else:
        treated = DiagnosedRun(run.config.with_values(remedy.values))
    last: list[str] = []
    for findings in treated.go(steps):
        last = [finding.id for finding in findings if finding.bad]
    return last


def measure(name: str, seed: int, ledger: Ledger) -> list[dict[str, Any]]:
    """A row for each remedy of one failing run."""
    case, rows = CASES[name], []
    run, remedies = named(case, seed)
    for remedy in remedies:
        key = {"case": name, "seed": seed, "remedy": remedy.label, "values": dict(remedy.values)}
        row = ledger.find(**key)
        if row is None:
            last = failures_after(run, remedy, case.steps)
            new_run = not remedy.live or run.weights_lost
            row = {**key, "anew": new_run, "at": run.trainer.steps, "ended": case.wanted not in last, "ill": last}
            ledger.add(row)
        rows.append(row)
    return rows


def line(name: str, rows: list[dict[str, Any]]) -> str:
    """One remedy of one failing run, over the seeds, as a row of `gan_core/diagnosis/measured_remedies.py`."""
    ended, healthy = sum(row["ended"] for row in rows), sum(not row["ill"] for row in rows)
    texts = ", ".join(f'"{text}"' for text in (CASES[name].wanted, name, rows[0]["remedy"]))
    return f"    ({texts}, {rows[0]['anew']}, {ended}, {healthy}, {len(rows)}),"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    failing = [name for name, case in CASES.items() if case.wanted]
    parser.add_argument("--cases", default=",".join(failing), help="comma-separated names")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--out", type=Path, default=Path("remedies.jsonl"), help="file for the results")
    parser.add_argument("--table", action="store_true", help="only print the results that the page shows, in Markdown")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    torch.set_num_threads(1)
    ledger = Ledger(options.out)
    for name in options.cases.split(","):
        rows = [row for seed in range(FIRST, FIRST + options.seeds) for row in measure(name, seed, ledger)]
        for label in dict.fromkeys(row["remedy"] for row in rows):
            print(line(name, [row for row in rows if row["remedy"] == label]), flush=True)


if __name__ == "__main__":
    main()
