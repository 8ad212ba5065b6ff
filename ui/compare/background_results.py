"""Reads the results of studies in background threads: no page waits for the disk, and all tabs share the results."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from gan_core import compare
from gan_core.compare import ClaimResult, Curve, Headline, Results, Row, Study, StudyError, Verdict
from gan_core.compare.analysis.results import X
from gan_core.runs.shipped import store_of
from gan_core.system.files import file_version

_INTERVAL = 1.0  # seconds, at least, from the end of one read to the next


@dataclass(frozen=True, eq=False)
class StudyResults:
    """The results of a study at one moment, with its headline, table, verdicts and claims."""

    results: Results
    headline: Headline
    rows: list[Row]
    verdicts: tuple[Verdict, ...]
    claims: tuple[ClaimResult, ...]
    _curves: dict[tuple[str, X, float], list[Curve]] = field(default_factory=dict)

    def curves(self, name: str, x: X, smooth: float) -> list[Curve]:
        """`Results.curve`, cached."""
        key = name, x, smooth
        if key not in self._curves:
            self._curves[key] = self.results.curve(*key)
        return self._curves[key]

    @property
    def ended(self) -> int:
        """The number of runs that finished or failed."""
        return sum(trial.ended for trial in self.results.trial_statuses)

    @property
    def is_final(self) -> bool:
        """Whether every run has ended or was stopped."""
        return all(trial.ended or trial.status == "stopped" for trial in self.results.trial_statuses)


class Watch:
    """Holds the last results of one study."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._results: StudyResults | None = None
        self._version: object = None
        self._read_at = 0.0
        self._guard = threading.Lock()

    def results(self, fresh: bool) -> StudyResults:
        """The last results; starts current newer ones in the background if something has changed.

        Args:
            fresh: wait for the newest results.

        Raises:
            StudyError: the comparison cannot be read.
        """
        if self._results is None or fresh:
            with self._guard:
                self._read()
        elif time.monotonic() - self._read_at > _INTERVAL and self._guard.acquire(blocking=False):
            threading.Thread(target=self._read_in_background, daemon=True).start()
        assert self._results is not None
        return self._results

    def _read_in_background(self) -> None:
        try:
            self._read()
        except StudyError:
            self._read_at = time.monotonic()  # the page reads the plan as well and shows the error
        finally:
            self._guard.release()

    def _read(self) -> None:
        version = _version(self._study)
        if version != self._version:
            results = compare.results_of(self._study)
            self._results = StudyResults(
                results, compare.headline(results), results.table(), compare.verdicts(results), compare.claims(results)
            )
            self._version = version
        self._read_at = time.monotonic()


@st.cache_resource(max_entries=20, show_spinner=False)
def watch(path: str) -> Watch:
    """The shared watch of a study's folder."""
    return Watch(Study(Path(path)))


def results_of(study: Study, fresh: bool = False) -> StudyResults:
    """The results of the study so far. Raises `StudyError` if it cannot be read."""
    return watch(str(study.path.absolute())).results(fresh)


def _version(study: Study) -> object:
    """A value that changes whenever there may be new results."""
    added_runs = study.added_runs()
    files = [store_of(added.run_id, study.library).root / added.run_id / "metrics.csv" for added in added_runs]
    times = [file_version(file) for file in files]
    return study.comparison, study.trial_statuses(), added_runs, times
