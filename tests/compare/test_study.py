"""A study trains its runs in worker processes, obeys commands, and survives the death of any process."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gan_core import compare
from gan_core.compare import Axis, Comparison, Resources, Runner, Study, StudyError, StudyStore, Variant
from gan_core.config import ConfigError
from tests.compare.studies import plan, same, statuses, trained_alone, workers_of
from tests.support.small import POINTS
from tests.support.waiting import until


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of two variants and two seeds that has ended."""
    study = StudyStore(tmp_path_factory.mktemp("library")).create(plan(seeds=[0, 1]))
    runner = compare.start(study, Resources(workers=2, device="cpu"))
    assert runner.wait(240)
    assert runner.error == ""
    return study


def test_every_job_becomes_an_ordinary_run_of_the_library(finished: Study) -> None:
    for trial in finished.trial_statuses():
        assert (trial.status, trial.step, trial.error) == ("finished", 60, "")
        run = finished.library.open(trial.run_id)
        summary = finished.library.summary(trial.run_id)
        assert summary.status == "finished"
        assert summary.name.startswith("Rates: lr 0.")
        assert [row.step for row in run.evaluations()] == [30, 60]
        assert run.frames()[-1] == 60
        assert run.trainer("cpu").steps == 60
    assert {summary.id for summary in finished.library.list()} == {s.run_id for s in finished.trial_statuses()}


def test_a_worker_trains_the_same_run_as_a_session_bit_for_bit(finished: Study, tmp_path: Path) -> None:
    job = finished.jobs[0]
    run = finished.run_of(job.key)
    assert run is not None
    assert same(trained_alone(job.config, tmp_path), run)


def test_results_have_curves_a_table_and_samples_of_the_same_steps(finished: Study) -> None:
    results = compare.results_of(finished)
    assert [curve.seeds for curve in results.curve("loss_d", "images", smooth=0.1)] == [2, 2]
    assert [list(curve.x) for curve in results.curve("quality")] == [[30, 60], [30, 60]]
    for row in results.table():
        assert (row.runs, row.finished, row.failed) == (2, 2, 0)
        assert all(
            row.values[name] is not None for name in ("quality", "best", "seconds", "speed", "memory", "loss_noise")
        )
    assert results.frames[-1] == 60
    assert len(results.frames) == 21


def test_reports_are_written_beside_the_plan(finished: Study) -> None:
    files = compare.report.write(finished)
    assert [file.name for file in files] == ["results.json", "results.csv", "report.html", "samples.png"]
    report = json.loads(files[0].read_text())
    assert [run["status"] for run in report["runs"]] == ["finished"] * 4
    assert Comparison.from_json(json.dumps(report["comparison"])) == finished.comparison
    assert len(list(csv.DictReader(files[1].open()))) == 4
    assert "data:image/png;base64," in files[2].read_text()
    assert files[3].read_bytes().startswith(b"\x89PNG")


def test_a_store_finds_its_studies(finished: Study) -> None:
    store = StudyStore(finished.path.parents[1])
    assert [study.id for study in store.list()] == [finished.id]
    assert store.open(finished.id).comparison == finished.comparison
    for unknown in ("nothing", "../../etc", ""):
        with pytest.raises(StudyError, match="no comparison"):
            store.open(unknown)


def test_an_added_run_is_shown_but_not_tested(finished: Study) -> None:
    added_run = trained_alone(POINTS.with_values({"max_steps": 30}), finished.library.root)
    finished.add_run(added_run.id, "an older one")
    results = compare.results_of(finished)
    assert [row.title for row in results.table()] == ["lr 0.0001", "lr 0.001", "an older one"]
    assert {verdict.variant for verdict in compare.verdicts(results)} == {"0.001"}
    other = trained_alone(POINTS.with_values({"data.name": "moons", "max_steps": 1}), finished.library.root)
    with pytest.raises(StudyError, match="trains on moons, this"):
        finished.add_run(other.id)
    (finished.path / "joined.json").unlink()


def test_a_variant_that_cannot_run_is_named_before_the_start(tmp_path: Path) -> None:
    images = {"data.size": 8, "data.channels": 1, "generator.output": "tanh"}
    missing = POINTS.with_values({"data.name": "folder", "data.path": str(tmp_path / "nowhere"), **images})
    with pytest.raises(StudyError, match="0001 cannot run here"):
        compare.measure(plan(base=missing, seeds=[0]), workers=1, device="cpu")


def test_an_estimate_has_a_time_and_reports_its_progress() -> None:
    shares: list[float] = []
    estimate = compare.measure(plan(), workers=2, device="cpu", progress=shares.append)
    assert shares == [0.0, 0.5, 1.0]
    assert 0.5 < (estimate.seconds or 0) < 300


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[Study, Runner]]:
    """A running study that does not end by itself."""
    study = StudyStore(tmp_path).create(plan(100_000_000))
    runner = compare.start(study, Resources(workers=2))
    yield study, runner
    runner.close()
    assert runner.wait(90)


def test_a_stopped_run_resumes_only_by_its_key(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    stopped, other = (job.key for job in study.jobs)
    study.stop(stopped)
    for act, command in ((study.pause, "pause"), (study.resume, "run"), (study.pause, "pause"), (study.resume, "run")):
        act()
        assert (study.command_for(stopped), study.command_for(other)) == ("stop", command)
    study.resume(stopped)
    assert study.command_for(stopped) == "run"


def test_runs_are_paused_resumed_stopped_and_added(endless: tuple[Study, Runner]) -> None:
    study, runner = endless
    until(lambda: all(trial.step > 0 for trial in study.trial_statuses()))
    assert study.is_running
    assert study in compare.running()
    study.pause("0.001-s0")
    until(lambda: statuses(study) == ["running", "paused"])
    step = study.trial_status("0.001-s0").step
    assert study.library.open(study.trial_status("0.001-s0").run_id).last_complete() == step
    study.resume("0.001-s0")
    until(lambda: study.trial_status("0.001-s0").step > step)
    study.stop("0.0001-s0")
    until(lambda: statuses(study) == ["stopped", "running"])
    study.add_seeds(1)
    until(lambda: study.trial_status("0.0001-s1").step > 0)  # takes the worker of the stopped run
    study.add_variant(Variant(id="fast", title="fast", values={"optimizer_d.lr": 0.01}))
    assert statuses(study) == ["stopped", "running", "waiting", "running", "waiting", "waiting"]
    study.pause()
    assert runner.wait(60)  # paused runs hold no memory
    assert set(statuses(study)) == {"paused", "stopped"}
    assert not study.is_running
    assert study not in compare.running()
    study.resume()
    with pytest.raises(ConfigError, match="too many runs"):
        study.add_seeds(1000)


def test_a_run_whose_process_dies_resumes_from_its_last_checkpoint(tmp_path: Path) -> None:
    config = plan(1000)
    study = StudyStore(tmp_path).create(config.with_fields(axes=[Axis.of("optimizer_d.lr", [1e-3, 1e-2])]))
    runner = compare.start(study, Resources(workers=1))
    key = study.jobs[0].key
    until(lambda: study.run_of(key) and study.run_of(key).checkpoints())  # type: ignore[union-attr]
    run_id = study.trial_status(key).run_id
    workers_of(psutil.Process())[0].kill()
    study.stop(study.jobs[1].key)
    assert runner.wait(120)
    trial = study.trial_status(key)
    assert (trial.status, trial.step, trial.run_id) == ("finished", 1000, run_id)
    assert same(trained_alone(study.jobs[0].config, tmp_path / "alone"), study.library.open(run_id))


def test_two_processes_cannot_run_one_study(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    with study.lock.acquire(), pytest.raises(StudyError, match="is being run by another process"):
        compare.start(study, Resources())


def test_a_run_without_a_process_is_interrupted(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    key = study.jobs[0].key
    study.write_trial_status(replace(study.trial_status(key), status="running", step=7))
    assert study.trial_statuses()[0].status == "interrupted"
    with study.lock.acquire():
        assert study.trial_statuses()[0].status == "running"
    (study.path / "jobs" / f"{key}.json").write_text("torn")
    assert study.trial_statuses()[0].status == "waiting"


def test_two_comparisons_have_two_names(tmp_path: Path) -> None:
    store = StudyStore(tmp_path)
    titles = [store.create(plan()).comparison.title for _ in range(3)]
    assert titles == [titles[0], f"{titles[0]} (2)", f"{titles[0]} (3)"]
