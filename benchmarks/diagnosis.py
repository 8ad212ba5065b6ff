"""Does the diagnosis name what is wrong, and leave healthy runs alone? Runs made sick by settings, and sound ones.

    python -m benchmarks.diagnosis --seeds held-out
    python -m benchmarks.diagnosis --cases ring-collapse,ring8 --seeds tuning

The limits of `gan_core.diagnosis` were set on the tuning seeds; only the held-out ones say how well it does. Runs train
one at a time, on one thread; each result is kept in a file as it comes, and what stands there is not run again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.failure_modes import CASES, Case, Examined, Ledger

SOUND = ("improving", "converged", "stalled")
SEEDS = {"tuning": (0, 1, 201, 202, 203), "held-out": (401, 402)}


def watched(case: Case, seed: int) -> dict[str, list[float]]:
    """Train one run under the eye of the diagnosis: each id that was named, with the step and second of training."""
    run, named = Examined(case.config(seed)), dict[str, list[float]]()
    for findings in run.go(case.steps):
        for finding in findings:
            named.setdefault(finding.id, [run.trainer.steps, round(run.recorder.clock.seconds, 1)])
    return named


def illnesses(row: dict[str, Any]) -> dict[str, list[float]]:
    return {id: at for id, at in row["named"].items() if id not in SOUND}


def right(row: dict[str, Any]) -> bool:
    """Whether a sick run's illness was named, or a healthy one was accused of nothing."""
    return row["wanted"] in illnesses(row) if row["wanted"] else not illnesses(row)


def line(row: dict[str, Any]) -> str:
    said = ", ".join(f"{id} {step} ({seconds} s)" for id, (step, seconds) in illnesses(row).items()) or "-"
    verdict = "right" if right(row) else "**wrong**"
    return f"| `{row['case']}` | {row['seed']} | {row['wanted'] or 'healthy'} | {said} | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES), help="which, by name, with commas between")
    parser.add_argument("--seeds", choices=SEEDS, default="held-out")
    parser.add_argument("--out", type=Path, default=Path("diagnosis.jsonl"), help="where results are kept")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ledger, rows = Ledger(options.out), []
    print("| run | seed | wanted | named, at step (second) | |\n|---|---|---|---|---|")
    for seed in SEEDS[options.seeds]:
        for name in options.cases.split(","):
            row = ledger.find(case=name, seed=seed)
            if row is None:
                case = CASES[name]
                row = {"case": name, "seed": seed, "wanted": case.wanted, "named": watched(case, seed)}
                ledger.add(row)
            rows.append(row)
            print(line(row), flush=True)
    sick = [right(row) for row in rows if row["wanted"]]
    healthy = [right(row) for row in rows if not row["wanted"]]
    print(f"\nSick runs whose illness is named: {sum(sick)} of {len(sick)}.")
    print(f"Healthy runs accused of nothing: {sum(healthy)} of {len(healthy)}.")


if __name__ == "__main__":
    main()
