"""How often each remedy worked, as `python -m benchmarks.remedies` measured it. docs/diagnosis.md has this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Row(NamedTuple):
    """One remedy of one failing run, over several seeds."""

    failure: str  # id of the failure mode
    run: str  # in benchmarks/failure_modes.py; "digits-..." are images, the others points
    remedy: str  # its label
    new_run: bool  # the remedy starts a new run
    ended: int  # runs without this failure mode after the last step
    healthy: int  # runs without any failure mode then
    runs: int


@dataclass(frozen=True)
class Measured:
    """How often a remedy worked, over all measured runs of one kind of data."""

    ended: int  # runs without the failure mode at the end
    healthy: int  # runs without any failure mode at the end
    runs: int


def measured(failure: str, remedy: str, kind: str) -> Measured | None:
    """The measurements of a remedy of this label on "images" or "points"; None if there are none."""
    found = [row for row in ROWS if (row.failure, row.remedy) == (failure, remedy) and _kind(row) == kind]
    if not found:
        return None
    return Measured(*(sum(numbers) for numbers in zip(*(row[-3:] for row in found), strict=True)))


def table() -> str:
    """All rows in Markdown."""
    lines = ["| failure mode | run | remedy | it ends | no failure mode |", "|---|---|---|---|---|"]
    for row in ROWS:
        how = " (new run)" if row.new_run else ""
        counts = f"{row.ended} of {row.runs} | {row.healthy} of {row.runs}"
        lines.append(f"| {row.failure} | `{row.run}` | {row.remedy}{how} | {counts} |")
    return "\n".join(lines)


def _kind(row: Row) -> str:
    return "images" if row.run.startswith("digits-") else "points"


_MEASURED: tuple[tuple[str, str, str, bool, int, int, int], ...] = (
    ("mode-collapse", "ring-collapse", "Give D as many steps as G", False, 3, 3, 3),
    ("mode-collapse", "ring-collapse", "Calm D (gradient penalty), equal steps", False, 3, 3, 3),
    ("mode-collapse", "ring-collapse", "More steps of D", False, 3, 3, 3),
    ("mode-collapse", "ring-collapse", "A critic with a gradient penalty", False, 3, 3, 3),
    ("mode-collapse", "ring-collapse-saturating", "Give D as many steps as G", False, 1, 1, 1),
    ("mode-collapse", "ring-collapse-saturating", "Calm D (gradient penalty), equal steps", False, 1, 1, 1),
    ("mode-collapse", "ring-collapse-saturating", "More steps of D", False, 1, 1, 1),
    ("mode-collapse", "ring-collapse-saturating", "A critic with a gradient penalty", False, 1, 1, 1),
    ("mode-collapse", "digits-collapse", "Calm D (gradient penalty), equal steps", False, 3, 3, 3),
    ("mode-collapse", "digits-collapse", "More steps of D", False, 3, 2, 3),
    ("mode-collapse", "digits-collapse", "A critic with a gradient penalty", False, 3, 3, 3),
    ("mode-collapse", "digits-collapse", "Batch norm in G", True, 3, 3, 3),
    ("mode-collapse", "digits-collapse-squares", "A critic with a gradient penalty", False, 3, 3, 3),
    ("mode-collapse", "digits-collapse-squares", "Batch norm in G", True, 3, 3, 3),
    ("mode-collapse", "digits-collapse-norm", "Calm D (gradient penalty), equal steps", False, 3, 3, 3),
    ("mode-collapse", "digits-collapse-norm", "More steps of D", False, 3, 2, 3),
    ("mode-collapse", "digits-collapse-norm", "A critic with a gradient penalty", False, 3, 3, 3),
    ("discriminator-too-strong", "ring-strong-d", "R1, slow D", False, 3, 3, 3),
    ("discriminator-too-strong", "ring-strong-d", "Slow D, quicken G", False, 3, 0, 3),
    ("discriminator-too-strong", "ring-strong-d", "Noise on what D sees", False, 3, 0, 3),
    ("discriminator-too-strong", "ring-strong-d", "Unsure labels", False, 3, 0, 3),
    ("discriminator-too-strong", "digits-strong-d", "R1, slow D", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d", "Slow D, quicken G", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d", "Noise on what D sees", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d", "Unsure labels", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d-squares", "R1, slow D", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d-squares", "Slow D, quicken G", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d-squares", "Noise on what D sees", False, 3, 3, 3),
    ("discriminator-too-strong", "digits-strong-d-squares", "Unsure labels", False, 3, 3, 3),
    ("vanishing-gradient", "ring-vanishing", "R1 and the non-saturating loss", False, 3, 3, 3),
    ("vanishing-gradient", "ring-vanishing", "Slow D, and the non-saturating loss", False, 3, 0, 3),
    ("vanishing-gradient", "digits-vanishing", "R1 and the non-saturating loss", False, 3, 3, 3),
    ("vanishing-gradient", "digits-vanishing", "Slow D, and the non-saturating loss", False, 3, 2, 3),
    ("generator-too-strong", "ring-strong-g", "Quicken D", False, 2, 2, 2),
    ("generator-too-strong", "ring-strong-g", "Quicken D, slow G", False, 2, 2, 2),
    ("generator-too-strong", "ring-strong-g", "More steps of D", False, 2, 2, 2),
    ("generator-too-strong", "digits-strong-g", "Quicken D", False, 3, 3, 3),
    ("generator-too-strong", "digits-strong-g", "Quicken D, slow G", False, 3, 3, 3),
    ("generator-too-strong", "digits-strong-g", "More steps of D", False, 3, 3, 3),
    ("oscillation", "plane-oscillation", "R1", False, 3, 0, 3),
    ("oscillation", "plane-oscillation", "Smaller steps", False, 3, 0, 3),
    ("oscillation", "plane-oscillation-slow", "R1", False, 3, 0, 3),
    ("oscillation", "plane-oscillation-slow", "Smaller steps", False, 3, 0, 3),
    ("oscillation", "digits-oscillation", "R1", False, 3, 3, 3),
    ("oscillation", "digits-oscillation", "Smaller steps", False, 3, 0, 3),
    ("divergence", "ring-divergence", "Smaller steps and R1", True, 3, 1, 3),
    ("divergence", "ring-divergence", "Smaller steps", True, 2, 1, 3),
    ("divergence", "ring-divergence", "Adam", True, 3, 0, 3),
    ("divergence", "digits-divergence", "Smaller steps and R1", True, 3, 3, 3),
    ("divergence", "digits-divergence", "Smaller steps", True, 3, 3, 3),
    ("divergence", "digits-divergence", "Adam", True, 3, 3, 3),
    ("divergence", "digits-divergence-critic", "Smaller steps and R1", True, 3, 3, 3),
    ("divergence", "digits-divergence-critic", "Smaller steps", True, 3, 3, 3),
    ("divergence", "digits-divergence-critic", "Adam", True, 3, 3, 3),
    ("memorisation", "points-memorised", "All of the data", True, 3, 3, 3),
    ("memorisation", "digits-memorised", "Augment what D sees", False, 2, 2, 2),
    ("memorisation", "digits-memorised", "All of the data", True, 2, 2, 2),
    ("memorisation", "digits-few", "Augment what D sees", False, 3, 3, 3),
    ("memorisation", "digits-few", "All of the data", True, 3, 3, 3),
    ("memorisation", "digits-copied", "Augment what D sees", False, 3, 3, 3),
    ("memorisation", "digits-copied", "All of the data", True, 3, 3, 3),
)
ROWS = tuple(Row(*values) for values in _MEASURED)
