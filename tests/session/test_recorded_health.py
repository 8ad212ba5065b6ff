"""A run's folder names the failure modes that its session showed last; a diverged run offers only finite weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gan_core import compare, diagnosis
from gan_core.compare import StudyStore
from gan_core.diagnosis import Evidence, Finding, HealthMonitor, SampleStats, diagnose
from gan_core.runs import Run, RunError, RunStore
from gan_core.runs.health_record import TITLES, recorded_health
from gan_core.runs.summary import summarize
from gan_core.session import Session, saved_snapshot
from gan_core.session.snapshot import Snapshot
from gan_core.training.history import COLUMNS, History
from gan_core.training.plane_view import Plane
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS

WILD = {"optimizer_d.name": "sgd", "optimizer_d.lr": 10, "loss.name": "least-squares", "max_steps": 100_000}
DIVERGING = POINTS.with_values({**WILD, "generator.norm": "none", "discriminator.norm": "none"}).with_values(
    {"record.frame_every": 1, "record.save_every": 5}
)


def ids(now: Snapshot) -> list[str]:
    return [finding.id for finding in now.health if finding.bad]


def names_everywhere(now: Snapshot, run: Run) -> list[list[str]]:
    """The failure modes of a run on the Train page, in its folder, on the Runs page and in a comparison."""
    study = StudyStore(run.path.parent).from_runs([run.id])
    (trial,) = compare.results_of(study).runs
    recorded = recorded_health(run.events())
    assert recorded is not None
    assert summarize(run).health == (TITLES[recorded[0]] if recorded else "")
    return [ids(now), recorded, ids(saved_snapshot(run)), list(trial.failure_modes)]


def finding(id: str, step: int) -> Finding:
    return Finding(id, TITLES[id], True, step, (Evidence("scores", "D(x) 1", 1.0, 0.9, step),), "A meaning.")


@pytest.mark.parametrize(
    ("early", "late"),
    [(["mode-collapse", "oscillation"], ["oscillation"]), (["mode-collapse"], []), ([], ["generator-too-strong"])],
)
def test_every_place_names_the_findings_that_the_session_shows(
    early: list[str], late: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def findings(config: object, history: History, *others: object) -> tuple[Finding, ...]:
        named = early if history.step[-1] <= 100 else late
        return tuple(finding(id, int(history.step[-1])) for id in named)

    monkeypatch.setattr(diagnosis, "diagnose", findings)
    session = Session(POINTS.with_values({"max_steps": 1000}), RunStore(tmp_path), "cpu", threads=1)
    for steps in (50, 50, 200, 200, 400):  # a finding appears at its second diagnosis, and stays for 50 steps
        target = session.snapshot().step + steps
        session.step(steps)
        while session.snapshot().step < target or session.snapshot().status != "paused":
            session.wait(0.02)
        run = RunStore(tmp_path).open(session.snapshot().run_id)
        named = names_everywhere(session.snapshot(), run) if recorded_health(run.events()) is not None else []
        assert all(names == ids(session.snapshot()) for names in named)
    assert ids(session.snapshot()) == late
    session.stop()
    assert session.wait(60)
    assert names_everywhere(session.snapshot(), run) == [late] * 4


@pytest.fixture
def diverged(tmp_path: Path) -> tuple[Snapshot, Run]:
    session = Session(DIVERGING, RunStore(tmp_path), "cpu", threads=1)
    session.start()
    assert session.wait(120)
    now = session.snapshot()
    return now, RunStore(tmp_path).open(now.run_id)


def test_a_diverged_run_names_its_divergence_alone_everywhere(diverged: tuple[Snapshot, Run]) -> None:
    now, run = diverged
    assert now.status == "failed"
    assert names_everywhere(now, run) == [["divergence"]] * 4


def test_a_diverged_run_keeps_only_pictures_of_finite_weights(diverged: tuple[Snapshot, Run]) -> None:
    now, run = diverged
    frames = [run.frame(step) for step in run.frames()]
    assert frames
    assert tuple(run.frames()) == now.frames
    assert all(isinstance(frame, Plane) and np.isfinite(frame.fakes).all() for frame in frames)


def test_a_divergence_replaces_the_findings_before_it() -> None:
    n = 400
    rows = {name: np.full(n, 0.5) for name in COLUMNS} | {"step": np.arange(1.0, n + 1), "grad_norm_d": np.ones(n)}
    alike = tuple(SampleStats(step, 0.01, 3.0 if step < 50 else 1.0) for step in range(10, n, 10))
    monitor, finite = HealthMonitor(), History(**rows)
    for end in (n - 2, n - 1):
        part = History(**{name: column[:end] for name, column in rows.items()})
        assert "mode-collapse" in [f.id for f in diagnose(POINTS, part, alike)]
        monitor.update(POINTS, part, alike)
    lost = History(**rows | {"loss_d": np.r_[finite.loss_d[:-1], np.nan]})
    assert [f.id for f in diagnose(POINTS, lost, alike)] == ["divergence"]
    assert [f.id for f in monitor.update(POINTS, lost, alike)] == ["divergence"]


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_a_checkpoint_with_weights_that_are_not_finite_is_not_trained_on(network: str, tmp_path: Path) -> None:
    run, trainer = RunStore(tmp_path).create(POINTS), Trainer(POINTS, "cpu")
    for _ in range(2):
        trainer.step()
        run.append_metrics([[trainer.steps] * len(COLUMNS)])
        run.save(trainer, keep=5)
    file = run.checkpoint_folder(2) / f"{network}.safetensors"
    weights = load_file(file)
    next(weight for weight in weights.values() if weight.is_floating_point())[0] = torch.nan
    save_file(weights, file)
    assert (run.checkpoints(), run.trainable(), run.last_complete()) == ([1, 2], [1], 1)
    assert run.trainer("cpu").steps == 1
    for refused in (lambda: run.trainer("cpu", step=2), lambda: RunStore(tmp_path).fork(run.id, 2)):
        with pytest.raises(RunError, match="finite"):
            refused()
    session = Session(POINTS, run=run, device="cpu", threads=1)
    session.start()
    assert session.wait(60)
    assert (session.snapshot().status, session.snapshot().step) == ("finished", POINTS.max_steps)
