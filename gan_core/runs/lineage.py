"""Which run was forked from which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gan_core.runs.summary import RunSummary


@dataclass(frozen=True)
class Branch:
    """A run in its family tree."""

    run: RunSummary
    depth: int  # forks between the oldest remaining ancestor and this run
    children: int


def family(run_id: str, runs: Iterable[RunSummary]) -> list[Branch]:
    """The tree of forks that a run belongs to, in depth-first order, older forks first; [] for an unknown run.

    A run whose parent was deleted is the root of its tree.
    """
    by_id = {run.id: run for run in runs}
    if run_id not in by_id:
        return []
    forks: dict[str, list[RunSummary]] = {}
    for run in sorted(by_id.values(), key=lambda run: (run.forked_at, run.id)):
        forks.setdefault(run.parent, []).append(run)
    tree: list[Branch] = []
    stack = [(_oldest_ancestor(by_id[run_id], by_id), 0)]
    visited = set()
    while stack:
        run, depth = stack.pop()
        if run.id in visited:  # damaged files may name runs as each other's parents
            continue
        visited.add(run.id)
        children = forks.get(run.id, [])
        tree.append(Branch(run, depth, len(children)))
        stack += [(child, depth + 1) for child in reversed(children)]
    return tree


def _oldest_ancestor(run: RunSummary, by_id: dict[str, RunSummary]) -> RunSummary:
    visited = {run.id}
    while run.parent in by_id and run.parent not in visited:
        run = by_id[run.parent]
        visited.add(run.id)
    return run
