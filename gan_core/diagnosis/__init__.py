"""Names the failure modes of a run, with evidence and remedies, or says that the run is healthy.

`diagnose` reads only the config, the history, the sample statistics and the evaluations. `HealthMonitor` calls it
repeatedly while a run trains and keeps short-lived findings from flickering.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.convergence import healthy_finding
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.failure_modes import FAILURE_MODES
from gan_core.diagnosis.findings import Chart, Evidence, Finding, Remedy, SampleStats
from gan_core.metrics.evaluations import Evaluations
from gan_core.training.history import History

__all__ = ["MIN_STEPS", "Chart", "Evidence", "Finding", "HealthMonitor", "Remedy", "SampleStats", "diagnose"]

_FATAL = {mode.id for mode in FAILURE_MODES if mode.destroys_weights}
_KEPT_SHARE, _KEPT_STEPS = 0.05, 50  # a finding stays for this share of the run, and at least for so many steps


def diagnose(
    config: TrainConfig,
    history: History,
    sample_stats: tuple[SampleStats, ...] = (),
    evaluations: Evaluations | None = None,
) -> tuple[Finding, ...]:
    """The findings of a run so far, the most serious first; () if the run is too young.

    A failure mode that destroys the weights is the only finding: the others would describe samples of lost networks.
    """
    if not len(history):
        return ()
    run = RunSignals(config, history, sample_stats, evaluations or Evaluations())
    with np.errstate(all="ignore"):  # values of a diverged run may overflow
        failures = [(mode, finding) for mode in FAILURE_MODES if (finding := mode.finding(run)) is not None]
        if failures:
            fatal = [finding for mode, finding in failures if mode.destroys_weights]
            return tuple(fatal or [finding for _, finding in failures])
        healthy = healthy_finding(run)
        return (healthy,) if healthy is not None else ()


class HealthMonitor:
    """Diagnoses a run repeatedly: a finding appears when two steps show it and disappears after a while without it."""

    def __init__(self) -> None:
        self._first_seen: dict[str, int] = {}  # by id: first step of the current unbroken sequence
        self._shown: dict[str, tuple[Finding, int]] = {}  # by id: the last version and its step

    def update(
        self,
        config: TrainConfig,
        history: History,
        sample_stats: tuple[SampleStats, ...] = (),
        evaluations: Evaluations | None = None,
    ) -> tuple[Finding, ...]:
        """Diagnose the run and return the findings to show, the most serious first."""
        step = int(history.step[-1]) if len(history) else 0
        findings = {finding.id: finding for finding in diagnose(config, history, sample_stats, evaluations)}
        self._first_seen = {id: self._first_seen.get(id, step) for id in findings}
        for id, finding in findings.items():
            if id in self._shown:
                since = min(finding.since, self._shown[id][0].since)
                self._shown[id] = (replace(finding, since=since), step)
            elif step > self._first_seen[id] or id in _FATAL:
                self._shown[id] = (finding, step)
        patience = max(_KEPT_STEPS, _KEPT_SHARE * step)
        is_lost = not _FATAL.isdisjoint(findings)
        failing = any(finding.bad for finding in findings.values())
        self._shown = {
            id: (finding, seen)
            for id, (finding, seen) in self._shown.items()
            if id in findings or (not is_lost and step - seen <= patience and (finding.bad or not failing))
        }
        shown = [finding for finding, _ in self._shown.values()]
        bad = [finding for finding in shown if finding.bad]
        order = [mode.id for mode in FAILURE_MODES]
        return tuple(sorted(bad, key=lambda finding: order.index(finding.id)) or shown[-1:])
