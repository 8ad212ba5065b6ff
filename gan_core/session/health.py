"""Diagnoses a run while it trains."""

from __future__ import annotations

import math
from dataclasses import asdict

from gan_core.diagnosis import Finding, HealthMonitor, SampleStats
from gan_core.diagnosis.sample_stats import SampleStatsLog
from gan_core.session.disk_writer import RetryingDiskWriter
from gan_core.session.evaluator import Evaluator
from gan_core.session.recorder import Recorder
from gan_core.training.trainer import Trainer


class Health:
    """Keeps the current findings, and logs each failure mode when it is first found."""

    def __init__(self, trainer: Trainer, disk: RetryingDiskWriter, recorder: Recorder, evaluator: Evaluator) -> None:
        self._trainer, self._disk, self._recorder, self._evaluator = trainer, disk, recorder, evaluator
        run = disk.run
        self._watch, self._sample_stats = HealthMonitor(), SampleStatsLog(run.sample_stats() if run is not None else ())
        events = run.events() if run is not None else []
        self._logged = {event.get("id") for event in events if event["kind"] == "named"}
        self.findings: tuple[Finding, ...] = ()

    def add(self, stats: SampleStats) -> None:
        """Record the sample statistics of a step."""
        if self._sample_stats.add(stats):
            self._disk.enqueue(lambda run: run.append_sample_stats(stats))

    def diagnose(self) -> tuple[Finding, ...]:
        """The current findings, the most serious first."""
        history, stats = self._recorder.history.view(), self._sample_stats.view()
        self.findings = self._watch.update(self._trainer.config, history, stats, self._evaluator.evaluations)
        for finding in self.findings:
            if finding.bad and finding.id not in self._logged:
                self._logged.add(finding.id)
                evidence = [
                    asdict(part) | {"value": part.value if math.isfinite(part.value) else None}  # JSON has no NaN
                    for part in finding.evidence
                ]
                step, since = self._trainer.steps, finding.since
                self._disk.log_event(step, "named", id=finding.id, since=since, evidence=evidence)
        return self.findings
