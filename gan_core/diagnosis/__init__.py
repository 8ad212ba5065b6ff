"""Names the failure modes of a run, with evidence and remedies, or says that the run is healthy.

`diagnose` reads only the config, the history, the sample statistics and the evaluations. `HealthMonitor` calls it
repeatedly while a run trains and keeps short-lived findings from flickering.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.convergence import health
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.failure_modes import FAILURE_MODES
from gan_core.diagnosis.findings import Chart, Evidence, Finding, Remedy, SampleStats
from gan_core.metrics.evaluations import Evaluations
from gan_core.training.history import History

__all__ = ["MIN_STEPS", "Chart", "Evidence", "Finding", "HealthMonitor", "Remedy", "SampleStats", "diagnose"]

_GOES_AFTER = 0.05  # share of the run, and at least so many steps, that a finding stays after its last sign
_AT_LEAST = 50


def diagnose(
    config: TrainConfig,
    history: History,
    sample_stats: tuple[SampleStats, ...] = (),
    evaluations: Evaluations | None = None,
) -> tuple[Finding, ...]:
    """What the run shows so far, the most serious first; () while it is too young to tell."""
    if not len(history):
        return ()
    run = RunSignals(config, history, sample_stats, evaluations or Evaluations())
    with np.errstate(all="ignore"):  # a run that diverges holds figures of any size
        ill = tuple(finding for illness in FAILURE_MODES if (finding := illness.finding(run)) is not None)
        if ill:
            return ill
        good = health(run)
        return (good,) if good is not None else ()


class HealthMonitor:
    """Diagnoses a run again and again: a finding comes once it is seen twice, and goes once it is long unseen."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}  # by id: the step at which it was first seen in a row
        self._shown: dict[str, tuple[Finding, int]] = {}  # by id: as last seen, and at which step

    def update(
        self,
        config: TrainConfig,
        history: History,
        sample_stats: tuple[SampleStats, ...] = (),
        evaluations: Evaluations | None = None,
    ) -> tuple[Finding, ...]:
        """What to show now, the most serious first."""
        step = int(history.step[-1]) if len(history) else 0
        found = {finding.id: finding for finding in diagnose(config, history, sample_stats, evaluations)}
        self._first = {id: self._first.get(id, step) for id in found}
        for id, finding in found.items():
            if id in self._shown:
                since = min(finding.since, self._shown[id][0].since)
                self._shown[id] = (replace(finding, since=since), step)
            elif step > self._first[id] or finding.id == "divergence":
                self._shown[id] = (finding, step)
        patience = max(_AT_LEAST, _GOES_AFTER * step)
        ill = any(finding.bad for finding in found.values())
        self._shown = {
            id: (finding, seen)
            for id, (finding, seen) in self._shown.items()
            if id in found or (step - seen <= patience and (finding.bad or not ill))
        }
        shown = [finding for finding, _ in self._shown.values()]
        bad = [finding for finding in shown if finding.bad]
        order = [illness.id for illness in FAILURE_MODES]
        return tuple(sorted(bad, key=lambda finding: order.index(finding.id)) or shown[-1:])
