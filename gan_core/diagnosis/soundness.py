"""What a run without an illness shows: that it still improves, or that it has come to rest."""

from __future__ import annotations

import numpy as np

from gan_core.diagnosis.findings import Evidence, Finding
from gan_core.diagnosis.reading import YOUNG, Reading

_AT_REST = 0.1  # how far spread may lie from that of real samples, and drift, at rest


def sound(run: Reading) -> Finding | None:
    """ "improving" or "converged", by the glances of the last half of the run; None where neither shows."""
    half = [glance for glance in run.glances if glance.step >= run.last / 2]
    if run.age < YOUNG or len(half) < 6:
        return None
    middle = len(half) // 2
    spread = [float(np.median([glance.spread for glance in part])) for part in (half[:middle], half[middle:])]
    nearest = [float(np.median([glance.nearest for glance in part])) for part in (half[:middle], half[middle:])]
    covered = [glance.covered for glance in half[middle:] if glance.covered is not None]
    before = [glance.covered for glance in half[:middle] if glance.covered is not None]
    step = half[-1].step
    nearer = nearest[1] < 0.95 * nearest[0] or abs(1 - spread[1]) < abs(1 - spread[0]) - 0.03
    if nearer or (covered and before and float(np.mean(covered)) > float(np.mean(before)) + 0.05):
        text = f"nearest real one at {nearest[1]:.2f} of the usual distance, before at {nearest[0]:.2f}"
        return Finding(
            "improving", "Fine, still improving", False, half[0].step,
            (Evidence("samples", text, nearest[1], nearest[0], step),),
            "The samples get nearer to the data, or more varied. Let it run.",
        )  # fmt: skip
    rests = abs(1 - spread[1]) < 2 * _AT_REST and abs(spread[1] - spread[0]) < _AT_REST
    if not rests or nearest[1] > 1.05 * nearest[0] + 0.5 or (covered and min(covered) < 0.9):
        return None
    text = f"samples differ by {spread[1]:.0%} of what real ones do, before by {spread[0]:.0%}"
    return Finding(
        "converged", "Fine, converged", False, half[0].step,
        (Evidence("samples", text, spread[1], 1.0, step),),
        "The samples are as varied as the data and no longer change much. More steps at this rate will bring little.",
    )  # fmt: skip
