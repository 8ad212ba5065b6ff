"""Which run was forked from which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gan_core.runs.summary import RunSummary


@dataclass(frozen=True)
class Branch:
    """A run in its family tree."""

    run: RunSummary
    depth: int  # generations below the eldest that is still there
    children: int


def family(run_id: str, runs: Iterable[RunSummary]) -> list[Branch]:
    """The tree that a run belongs to, each run right before its forks, older forks first; [] for an unknown run.

    Where a parent was deleted, its forks are the eldest.
    """
    by_id = {run.id: run for run in runs}
    if run_id not in by_id:
        return []
    forks: dict[str, list[RunSummary]] = {}
    for run in sorted(by_id.values(), key=lambda run: (run.forked_at, run.id)):
        forks.setdefault(run.parent, []).append(run)
    tree: list[Branch] = []
    waiting = [(_eldest(by_id[run_id], by_id), 0)]
    seen = set()
    while waiting:
        run, depth = waiting.pop()
        if run.id in seen:  # files from elsewhere may claim anything
            continue
        seen.add(run.id)
        below = forks.get(run.id, [])
        tree.append(Branch(run, depth, len(below)))
        waiting += [(child, depth + 1) for child in reversed(below)]
    return tree


def _eldest(run: RunSummary, by_id: dict[str, RunSummary]) -> RunSummary:
    passed = {run.id}
    while run.parent in by_id and run.parent not in passed:
        run = by_id[run.parent]
        passed.add(run.id)
    return run
