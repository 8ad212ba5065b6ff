"""Reads what a comparison has given, in the background: no page waits for the disk, and all tabs share the work."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from gan_core import compare
from gan_core.compare import ClaimResult, Curve, Results, Row, Study, StudyError, Verdict
from gan_core.compare.analysis.results import X
from gan_core.runs.shipped import store_of

_PACE = 1.0  # seconds at least between the ends of two readings


@dataclass(frozen=True, eq=False)
class StudyResults:
    """A comparison as it stood at one moment, with what follows from it."""

    results: Results
    rows: list[Row]
    verdicts: tuple[Verdict, ...]
    claims: tuple[ClaimResult, ...]
    _drawn: dict[tuple[str, X, float], list[Curve]] = field(default_factory=dict)

    def curves(self, name: str, x: X, smooth: float) -> list[Curve]:
        """`Results.curve`, worked out once."""
        wanted = name, x, smooth
        if wanted not in self._drawn:
            self._drawn[wanted] = self.results.curve(*wanted)
        return self._drawn[wanted]

    @property
    def done(self) -> int:
        """Runs of the plan that have ended, well or not."""
        return sum(trial_status.ended for trial_status in self.results.trial_statuses)

    @property
    def settled(self) -> bool:
        """Whether nothing more is to come: every run has ended, or was stopped for good."""
        return all(
            trial_status.ended or trial_status.status == "stopped" for trial_status in self.results.trial_statuses
        )


class Watch:
    """Keeps the last reading of one comparison."""

    def __init__(self, study: Study) -> None:
        self._race = study
        self._reading: StudyResults | None = None
        self._stamp: object = None
        self._ended = 0.0
        self._guard = threading.Lock()

    def reading(self, fresh: bool) -> StudyResults:
        """The last reading; a newer one is begun where something has changed.

        Args:
            fresh: wait for it, so that what has just ended is shown as it ended.

        Raises:
            StudyError: the comparison cannot be read.
        """
        if self._reading is None or fresh:
            with self._guard:
                self._read()
        elif time.monotonic() - self._ended > _PACE and self._guard.acquire(blocking=False):
            threading.Thread(target=self._read_aside, daemon=True).start()
        assert self._reading is not None
        return self._reading

    def _read_aside(self) -> None:
        try:
            self._read()
        except StudyError:
            self._ended = time.monotonic()  # the page that shows it reads the plan too, and tells
        finally:
            self._guard.release()

    def _read(self) -> None:
        stamp = _stamp(self._race)
        if stamp != self._stamp:
            results = compare.results_of(self._race)
            self._reading = StudyResults(results, results.table(), compare.verdicts(results), compare.claims(results))
            self._stamp = stamp
        self._ended = time.monotonic()


@st.cache_resource(max_entries=20, show_spinner=False)
def watch(path: str) -> Watch:
    """The one watch of a comparison's folder."""
    return Watch(Study(Path(path)))


def of(study: Study, fresh: bool = False) -> StudyResults:
    """What the comparison has given so far. Raises `StudyError` where it cannot be read."""
    return watch(str(study.path.absolute())).reading(fresh)


def _stamp(study: Study) -> object:
    """What changes whenever there may be more to read."""
    added_runs = [
        store_of(added_run.run_id, study.library).root / added_run.run_id / "metrics.csv"
        for added_run in study.added_runs()
    ]
    return study.comparison, study.trial_statuses(), study.added_runs(), [_changed(file) for file in added_runs]


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0
