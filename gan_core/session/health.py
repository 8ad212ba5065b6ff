"""Diagnoses a run while it trains."""

from __future__ import annotations

import math
from dataclasses import asdict

from gan_core.diagnosis import Finding, HealthMonitor, SampleStats
from gan_core.diagnosis.sample_stats import SampleStatsLog
from gan_core.runs.health_record import recorded_health
from gan_core.session.listener import Context


class Health:
    """Keeps the current findings, and logs each change of the failure modes, with evidence when one is first found."""

    def __init__(self, context: Context) -> None:
        self._context, run = context, context.run
        self._watch, self._sample_stats = HealthMonitor(), SampleStatsLog(run.sample_stats() if run is not None else ())
        events = run.events() if run is not None else []
        self._logged = {event.get("id") for event in events if event["kind"] == "named"}
        self._current = recorded_health(events) or []  # ids of the failure modes in the last event

    def add(self, stats: SampleStats) -> None:
        """Record the sample statistics of a step."""
        if self._sample_stats.add(stats):
            self._context.disk.enqueue(lambda run: run.append_sample_stats(stats))

    @property
    def sample_stats(self) -> tuple[SampleStats, ...]:
        """The statistics that are kept, oldest first."""
        return self._sample_stats.view()

    def diagnose(self) -> tuple[Finding, ...]:
        """The current findings, the most serious first."""
        context = self._context
        context.findings = self._watch.update(
            context.trainer.config, context.history.view(), self.sample_stats, context.evaluator.evaluations
        )
        for finding in context.findings:
            if finding.bad and finding.id not in self._logged:
                self._logged.add(finding.id)
                evidence = [
                    asdict(part) | {"value": part.value if math.isfinite(part.value) else None}  # JSON has no NaN
                    for part in finding.evidence
                ]
                step, since = context.trainer.steps, finding.since
                context.disk.log_event(step, "named", id=finding.id, since=since, evidence=evidence)
        current = [finding.id for finding in context.findings if finding.bad]
        if current != self._current:
            self._current = current
            context.disk.log_event(context.trainer.steps, "health", health=current)
        return context.findings
