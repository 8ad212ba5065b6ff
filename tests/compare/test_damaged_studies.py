"""Damaged files of one comparison or of its runs hide no other comparison, and break no result."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from gan_core import compare
from gan_core.compare import Study, StudyError, StudyStore
from gan_core.config import ConfigError
from gan_core.runs import RunStore
from tests.compare.studies import plan
from tests.support.saved_run import saved_run
from tests.support.small import POINTS

VALUES = ["", "[]", "{", "7", "[" * 100_000, "null", "NaN", "9" * 400]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A comparison of two runs of the library."""
    store = RunStore(tmp_path)
    return StudyStore(tmp_path).from_runs([saved_run(store, POINTS, name)[0].id for name in ("one", "other")])


@pytest.mark.parametrize("content", VALUES)
def test_damaged_files_of_a_study_count_as_missing(tmp_path: Path, content: str) -> None:
    study = StudyStore(tmp_path).create(plan())
    (study.path / "jobs").mkdir()
    for name in ("orders.json", "joined.json", *(f"jobs/{job.key}.json" for job in study.jobs)):
        (study.path / name).write_text(content)
    assert {trial.status for trial in study.trial_statuses()} == {"waiting"}
    assert study.added_runs() == ()
    assert study.pending_jobs() == list(study.jobs)
    study.pause()
    assert compare.results_of(study).runs == ()


@pytest.mark.parametrize(
    "field",
    ['"step": 1e400', '"step": -1', f'"images": {"9" * 400}', '"seconds": 1e400', '"status": []', '"error": 3'],
)
def test_a_status_out_of_range_counts_as_missing(tmp_path: Path, field: str) -> None:
    study = StudyStore(tmp_path).create(plan())
    key = study.jobs[0].key
    (study.path / "jobs").mkdir()
    (study.path / "jobs" / f"{key}.json").write_text(f'{{"key": "{key}", "status": "running", {field}}}')
    assert study.trial_status(key) == compare.TrialStatus(key)


def test_a_failed_run_whose_losses_are_nan_keeps_its_status(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    key = study.jobs[0].key
    study.write_trial_status(compare.TrialStatus(key, "failed", "some-run", loss_d=float("nan"), error="diverged"))
    assert (study.trial_status(key).status, study.trial_status(key).run_id) == ("failed", "some-run")


@pytest.mark.parametrize("content", VALUES)
def test_a_damaged_plan_is_one_error_and_hides_no_other_study(tmp_path: Path, content: str) -> None:
    store = StudyStore(tmp_path)
    good, bad = store.create(plan()), store.create(plan())
    (bad.path / "comparison.json").write_text(content)
    (tmp_path / "comparisons" / "loop").symlink_to(tmp_path / "comparisons" / "loop")
    assert {study.id for study in store.list()} == {good.id, bad.id}
    with pytest.raises(StudyError, match="no readable comparison"):
        _ = bad.comparison
    store.trash(bad.id)
    assert [study.id for study in store.list()] == [good.id]


def test_a_plan_of_very_many_runs_is_refused_before_they_are_counted_out() -> None:
    many = [{"id": f"a{i}", "title": "a", "values": {}} for i in range(3000)]
    with pytest.raises(ConfigError, match="too many runs"):
        compare.comparison(axes=[{"title": "a", "variants": many}, {"title": "b", "variants": many}])


def test_a_damaged_run_of_a_study_is_left_out_of_its_results(study: Study) -> None:
    first, second = (added.run_id for added in study.added_runs())
    (study.library.root / first / "config.json").write_text("{")
    assert [run.run_id for run in compare.results_of(study).runs] == [second]


@pytest.mark.parametrize("title", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_no_spreadsheet_runs_a_text_in_the_results(study: Study, title: str) -> None:
    study.add_run(study.added_runs()[0].run_id, title)
    table = compare.report.csv(compare.results_of(study))
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert {row["title"] for row in rows} > {f"'{title}" if title != "\rx" else " x"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert all(row["seed"].isdecimal() and row["steps"].isdecimal() for row in rows)
