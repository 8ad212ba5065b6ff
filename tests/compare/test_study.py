"""A study trains its runs in processes of their own, obeys at once, and outlives everything but its folder."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file

from gan_core import compare
from gan_core.cli import main
from gan_core.compare import Axis, Comparison, Resources, Runner, Study, StudyError, StudyStore, Variant
from gan_core.config import ConfigError, TrainConfig
from gan_core.runs import Run, RunStore
from gan_core.session import Session
from tests.support.small import POINTS

ROOT = Path(__file__).parents[2]
FAR = 100_000_000


def plan(steps: int = 60, **fields: Any) -> Comparison:
    axis = Axis.of("optimizer_d.lr", [1e-4, 1e-3])
    return compare.comparison(
        **{"title": "Rates", "base": POINTS, "axes": [axis], "seeds": [0], "steps": steps, "judgements": 2, **fields}
    )


def until(true: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def rows(run: Run) -> list[list[str]]:
    """The rows of metrics.csv, without the clock."""
    with (run.path / "metrics.csv").open(newline="") as file:
        table = list(csv.reader(file))
    clock = table[0].index("seconds")
    return [row[:clock] + row[clock + 1 :] for row in table]


def same(one: Run, other: Run) -> bool:
    """Whether two runs have the same curves, judgements and last weights, bit for bit."""
    step = one.checkpoints()[-1]
    weights = [
        {name: load_file(run.path / f"step-{step:07d}" / f"{name}.safetensors") for name in ("generator", "ema")}
        for run in (one, other)
    ]
    alike = all(torch.equal(weights[0][n][k], weights[1][n][k]) for n in weights[0] for k in weights[0][n])
    judged = [[(row.step, row.value("js")) for row in run.evaluations()] for run in (one, other)]
    return alike and rows(one) == rows(other) and judged[0] == judged[1]


def trained_alone(config: TrainConfig, folder: Path) -> Run:
    """The same experiment in an ordinary session of this process."""
    session = Session(config, RunStore(folder), "cpu", threads=1)
    session.start()
    assert session.wait(120)
    return RunStore(folder).open(session.snapshot().run_id)


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of two variants and two seeds that ran to its end."""
    study = StudyStore(tmp_path_factory.mktemp("library")).create(plan(seeds=[0, 1]))
    runner = compare.start(study, Resources(workers=2, device="cpu"))
    assert runner.wait(240)
    assert runner.error == ""
    return study


# ---- to its end ------------------------------------------------------------------------------------------------------


def test_every_job_becomes_an_ordinary_run_of_the_library(raced: Study) -> None:
    for trial_status in raced.trial_statuses():
        assert (trial_status.status, trial_status.step, trial_status.error) == ("finished", 60, "")
        run = raced.library.open(trial_status.run_id)
        summary = raced.library.summary(trial_status.run_id)
        assert summary.status == "finished"
        assert summary.name.startswith("Rates: lr 0.")
        assert [row.step for row in run.evaluations()] == [30, 60]
        assert run.frames()[-1] == 60
        assert run.trainer("cpu").steps == 60
    assert {summary.id for summary in raced.library.list()} == {s.run_id for s in raced.trial_statuses()}


def test_a_worker_gives_what_a_session_gives_bit_for_bit(raced: Study, tmp_path: Path) -> None:
    job = raced.jobs[0]
    run = raced.run_of(job.key)
    assert run is not None
    assert same(trained_alone(job.config, tmp_path), run)


def test_results_hold_curves_a_table_and_pictures_of_the_same_moments(raced: Study) -> None:
    results = compare.results_of(raced)
    assert [curve.seeds for curve in results.curve("loss_d", "images", smooth=0.1)] == [2, 2]
    assert [list(curve.x) for curve in results.curve("quality")] == [[30, 60], [30, 60]]
    for row in results.table():
        assert (row.runs, row.finished, row.failed) == (2, 2, 0)
        assert all(
            row.values[name] is not None for name in ("quality", "best", "seconds", "speed", "memory", "loss_noise")
        )
    assert results.frames[-1] == 60
    assert len(results.frames) == 21


def test_reports_are_written_beside_the_plan(raced: Study) -> None:
    files = compare.report.write(raced)
    assert [file.name for file in files] == ["results.json", "results.csv", "report.html", "samples.png"]
    told = json.loads(files[0].read_text())
    assert [run["status"] for run in told["runs"]] == ["finished"] * 4
    assert Comparison.from_json(json.dumps(told["comparison"])) == raced.comparison
    assert len(list(csv.DictReader(files[1].open()))) == 4
    assert "data:image/png;base64," in files[2].read_text()
    assert files[3].read_bytes().startswith(b"\x89PNG")


def test_a_race_is_found_again(raced: Study) -> None:
    store = StudyStore(raced.path.parents[1])
    assert [study.id for study in store.list()] == [raced.id]
    assert store.open(raced.id).comparison == raced.comparison
    for unknown in ("nothing", "../../etc", ""):
        with pytest.raises(StudyError, match="no comparison"):
            store.open(unknown)


def test_a_run_of_the_library_can_join_and_is_shown_but_not_tested(raced: Study) -> None:
    with raced.library.root.joinpath("marker").open("w"):
        added_run = trained_alone(POINTS.with_values({"max_steps": 30}), raced.library.root)
    raced.join(added_run.id, "an older one")
    results = compare.results_of(raced)
    assert [row.title for row in results.table()] == ["lr 0.0001", "lr 0.001", "an older one"]
    assert {verdict.variant for verdict in compare.verdicts(results)} == {"0.001"}
    other = trained_alone(POINTS.with_values({"data.name": "moons", "max_steps": 1}), raced.library.root)
    with pytest.raises(StudyError, match="learns moons, this"):
        raced.join(other.id)
    (raced.path / "joined.json").unlink()


def test_a_variant_that_cannot_run_is_named_before_the_start(tmp_path: Path) -> None:
    lost = POINTS.with_values({"data.name": "folder", "data.path": str(tmp_path / "nowhere"), **pictures()})
    with pytest.raises(StudyError, match="0001 cannot run here"):
        compare.measure(plan(base=lost, seeds=[0]), workers=1, device="cpu")


def pictures() -> dict[str, Any]:
    return {"data.size": 8, "data.channels": 1, "generator.output": "tanh"}


# ---- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[Study, Runner]]:
    """A study under way that does not end by itself."""
    study = StudyStore(tmp_path).create(plan(FAR))
    runner = compare.start(study, Resources(workers=2))
    yield study, runner
    runner.close()
    assert runner.wait(90)


def statuses(study: Study) -> list[str]:
    return [trial_status.status for trial_status in study.trial_statuses()]


def test_what_was_stopped_goes_on_only_when_it_is_named(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    stopped, other = (job.key for job in study.jobs)
    study.stop(stopped)
    for act, order in ((study.pause, "pause"), (study.resume, "run"), (study.pause, "pause"), (study.resume, "run")):
        act()
        assert (study.order_of(stopped), study.order_of(other)) == ("stop", order)
    study.resume(stopped)
    assert study.order_of(stopped) == "run"


def test_runs_are_paused_resumed_stopped_and_added_one_by_one_or_all(endless: tuple[Study, Runner]) -> None:
    study, runner = endless
    until(lambda: all(trial_status.step > 0 for trial_status in study.trial_statuses()))
    assert study.tended
    study.pause("0.001-s0")
    until(lambda: statuses(study) == ["running", "paused"])
    step = study.trial_status("0.001-s0").step
    assert study.library.open(study.trial_status("0.001-s0").run_id).last_whole() == step
    study.resume("0.001-s0")
    until(lambda: study.trial_status("0.001-s0").step > step)
    study.stop("0.0001-s0")
    until(lambda: statuses(study) == ["stopped", "running"])
    study.add_seed(1)
    until(lambda: study.trial_status("0.0001-s1").step > 0)  # in the place of the stopped one
    study.add_variant(Variant(id="fast", title="fast", values={"optimizer_d.lr": 0.01}))
    assert statuses(study) == ["stopped", "running", "waiting", "running", "waiting", "waiting"]
    study.pause()
    assert runner.wait(60)  # nothing holds memory while all rest
    assert set(statuses(study)) == {"paused", "stopped"}
    assert not study.tended
    study.resume()
    with pytest.raises(ConfigError, match="each seed"):
        study.add_seed(1)


def test_a_run_whose_process_dies_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    config = plan(1000)
    study = StudyStore(tmp_path).create(config.with_fields(axes=[Axis.of("optimizer_d.lr", [1e-3, 1e-2])]))
    runner = compare.start(study, Resources(workers=1))
    key = study.jobs[0].key
    until(lambda: study.run_of(key) and study.run_of(key).checkpoints())  # type: ignore[union-attr]
    run_id = study.trial_status(key).run_id
    workers_of(psutil.Process())[0].kill()
    study.stop(study.jobs[1].key)
    assert runner.wait(120)
    trial_status = study.trial_status(key)
    assert (trial_status.status, trial_status.step, trial_status.run_id) == ("finished", 1000, run_id)
    assert same(trained_alone(study.jobs[0].config, tmp_path / "alone"), study.library.open(run_id))


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if "gan_core.compare.execution.worker" in child.cmdline()]


# ---- the command line, and what happens when it dies -----------------------------------------------------------------


def command(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "gan_core", "compare", "--workers", "2", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.slow  # begins worker processes four times
def test_killed_interrupted_and_resumed_from_the_command_line_it_ends_as_if_nothing_had_been(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = plan(500)
    (tmp_path / "plan.json").write_text(config.to_json())
    killed = command("--comparison", "plan.json", folder=tmp_path)
    store = StudyStore(tmp_path / "checkpoints")
    study = until(lambda: store.list() and store.list()[0])
    until(lambda: all(run and run.checkpoints() for run in map(study.run_of, [job.key for job in study.jobs])))
    workers = workers_of(psutil.Process(killed.pid))
    killed.kill()
    assert "2 runs, 2 at a time on cpu, about" in killed.communicate()[0]
    assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, "workers outlived whoever began them"
    assert set(statuses(study)) <= {"interrupted", "finished"}
    before = study.trial_statuses()

    stopped = command("--resume", str(study.path), folder=tmp_path)
    until(
        lambda: (
            any(s.status == "running" for s in study.trial_statuses()) or all(s.ended for s in study.trial_statuses())
        )
    )
    stopped.send_signal(signal.SIGINT)
    said = stopped.communicate(timeout=90)[0]
    assert said.splitlines()[-1] == str(study.path)
    if not all(trial_status.ended for trial_status in study.trial_statuses()):
        assert f"To go on: python -m gan_core compare --resume {study.path}" in said
    assert all(
        now.step >= then.step or then.step == 0 for now, then in zip(study.trial_statuses(), before, strict=True)
    )

    assert main(["compare", "--resume", str(study.path)]) == 0
    said = capsys.readouterr().out
    assert "2 of 2 runs ended" in said
    assert "Jensen-Shannon divergence" in said
    assert (study.path / "report.html").exists()
    for job in study.jobs:
        run = study.run_of(job.key)
        assert run is not None
        assert same(trained_alone(job.config, tmp_path / "alone"), run)


def test_the_command_lists_what_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--list"]) == 0
    assert "optimizers         15 runs  Optimisers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--comparison", "nothing"], '"nothing" is not a known comparison'),
        (["--comparison", "nothing.json"], "No such file"),
        (["--steps", "5", "--seconds", "5"], "not both"),
        (["--backend", "cloud"], '"cloud" is not a known backend'),
        (["--resume", "nowhere/comparisons/x"], 'There is no comparison "x"'),
    ],
)
def test_a_bad_argument_is_one_clear_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *arguments]) in (1, 2)
    said = capsys.readouterr().err.strip()
    assert complaint in said
    assert "\n" not in said


def test_two_processes_cannot_run_one_race(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    with study.lock.acquire(), pytest.raises(StudyError, match="is being run by another process"):
        compare.start(study, Resources())


def test_what_was_in_training_when_all_died_reads_as_interrupted(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan())
    key = study.jobs[0].key
    study.write_trial_status(replace(study.trial_status(key), status="running", step=7))
    assert study.trial_statuses()[0].status == "interrupted"
    with study.lock.acquire():
        assert study.trial_statuses()[0].status == "running"
    (study.path / "jobs" / f"{key}.json").write_text("torn")
    assert study.trial_statuses()[0].status == "waiting"
