"""The command line `compare`, and what happens when its process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gan_core.cli import main
from gan_core.compare import StudyStore
from tests.compare.studies import plan, same, statuses, trained_alone, workers_of
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]


def command(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "gan_core", "compare", "--workers", "2", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.slow  # starts worker processes four times
def test_a_comparison_that_is_killed_interrupted_and_resumed_ends_with_the_same_runs(
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
    assert not alive, "workers outlived the process that started them"
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
    if not all(trial.ended for trial in study.trial_statuses()):
        assert f"To continue: python -m gan_core compare --resume {study.path}" in said
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


def test_the_command_lists_the_ready_made_comparisons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--list"]) == 0
    assert "optimizers         15 runs  Optimisers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--comparison", "nothing"], '"nothing" is not a known comparison'),
        (["--comparison", "nothing.json"], "there is no file nothing.json"),
        (["--steps", "5", "--seconds", "5"], "not both"),
        (["--backend", "cloud"], '"cloud" is not a known backend'),
        (["--resume", "nowhere/comparisons/x"], 'There is no comparison "x"'),
    ],
)
def test_a_bad_argument_is_one_clear_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *arguments]) in (1, 2)
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said
