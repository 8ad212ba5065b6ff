"""How reliably the diagnosis names failure modes, measured on failing and healthy runs.

    python -m benchmarks.diagnosis --seeds held-out
    python -m benchmarks.diagnosis --cases ring-collapse,ring8 --seeds tuning

The limits of `gan_core.diagnosis` were set on the tuning seeds; the held-out seeds measure the reliability. Runs train
one at a time, on one thread. Each result is saved at once; a saved run is not repeated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.failure_modes import CASES, Case, DiagnosedRun, Ledger

HEALTHY = ("improving", "converged", "stalled")
SEEDS = {"tuning": (0, 1, 201, 202, 203), "held-out": (401, 402)}


def diagnosed(case: Case, seed: int) -> dict[str, list[float]]:
    """Train one run and diagnose it: every id that was named, with the step and second of training."""
    run, named = DiagnosedRun(case.config(seed)), dict[str, list[float]]()
    for findings in run.go(case.steps):
        for finding in findings:
            named.setdefault(finding.id, [run.trainer.steps, round(run.context.clock.seconds, 1)])
    return named


def failures(row: dict[str, Any]) -> dict[str, list[float]]:
    return {id: at for id, at in row["named"].items() if id not in HEALTHY}


def is_right(row: dict[str, Any]) -> bool:
    """Whether the expected failure mode was named, or none was named in a healthy run."""
    return row["wanted"] in failures(row) if row["wanted"] else not failures(row)


def line(row: dict[str, Any]) -> str:
    named = ", ".join(f"{id} {step} ({seconds} s)" for id, (step, seconds) in failures(row).items()) or "-"
    verdict = "right" if is_right(row) else "**wrong**"
    return f"| `{row['case']}` | {row['seed']} | {row['wanted'] or 'healthy'} | {named} | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated names")
    parser.add_argument("--seeds", choices=SEEDS, default="held-out")
    parser.add_argument("--out", type=Path, default=Path("diagnosis.jsonl"), help="file for the results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ledger, rows = Ledger(options.out), []
    print("| run | seed | expected | named, at step (second) | |\n|---|---|---|---|---|")
    for seed in SEEDS[options.seeds]:
        for name in options.cases.split(","):
            row = ledger.find(case=name, seed=seed)
            if row is None:
                case = CASES[name]
                row = {"case": name, "seed": seed, "wanted": case.wanted, "named": diagnosed(case, seed)}
                ledger.add(row)
            rows.append(row)
            print(line(row), flush=True)
    failing = [is_right(row) for row in rows if row["wanted"]]
    healthy = [is_right(row) for row in rows if not row["wanted"]]
    print(f"\nFailing runs whose failure mode is named: {sum(failing)} of {len(failing)}.")
    print(f"Healthy runs without a named failure mode: {sum(healthy)} of {len(healthy)}.")


if __name__ == "__main__":
    main()
