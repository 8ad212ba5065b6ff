"""Forks and rewinds: both keep the records of a run up to a step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gan_core.config import ConfigError
from gan_core.runs import Run, RunError, RunStore, direction_names, store
from gan_core.runs.rewind import rewind
from gan_core.session.observer import Observer
from gan_core.session.pool import SessionPool
from gan_core.training.history import COLUMNS
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS


@pytest.fixture
def parent(tmp_path: Path) -> Run:
    """A run of five steps with checkpoints at steps 2 and 4 and setting changes at steps 1 and 5."""
    run = RunStore(tmp_path).create(POINTS)
    trainer = Trainer(POINTS, "cpu")
    observer = Observer(trainer)
    for step in range(1, 6):
        trainer.step()
        run.append_metrics([[step] * len(COLUMNS)])
        view = observer.sample_view(trainer)
        run.write_frame(step, view.samples, view.plane)
        if step in (2, 4):
            run.save(trainer, keep=3)
        if step in (1, 5):
            run.log("changed", step, text=f"change of step {step}")
    return run


def fork(parent: Run, step: int | None = None, values: dict[str, object] | None = None) -> Run:
    return RunStore(parent.path.parent).fork(parent.id, step, values)


@pytest.mark.parametrize(("step", "at"), [(None, 4), (2, 2)])
def test_a_fork_continues_from_its_checkpoint_under_new_settings(parent: Run, step: int | None, at: int) -> None:
    child = fork(parent, step, {"optimizer_d.lr": 1e-5, "penalty.name": "r1", "max_steps": 90})
    assert child.id != parent.id
    assert child.config.changes_from(parent.config).keys() == {"optimizer_d.lr", "penalty.name", "max_steps"}
    trainer = child.trainer("cpu")
    assert (trainer.steps, trainer.total_steps) == (at, 90)
    assert trainer.optimizer_d.param_groups[0]["lr"] == 1e-5


def test_a_fork_keeps_the_records_up_to_its_step_and_names_its_parent(parent: Run) -> None:
    direction_names.set_name(parent.path, "pca", torch.eye(2)[1], "slant")
    child = fork(parent, values={"optimizer_d.lr": 1e-5})
    assert direction_names.names_of([child.path], "pca", torch.eye(2)) == ["", "slant"]
    assert [row[0] for row in child.metrics()] == [1, 2, 3, 4]
    assert child.frames() == [1, 2, 3, 4]
    assert child.checkpoints() == [4]
    *_, changed, forked = child.events()
    assert (changed["kind"], changed["step"]) == ("changed", 1)
    assert (forked["kind"], forked["step"], forked["parent"]) == ("forked", 4, parent.id)
    assert forked["text"].startswith("fork: optimizer_d.lr ")


def test_rewinding_deletes_metrics_and_pictures_after_the_step(parent: Run) -> None:
    rewind(parent, 3)
    assert [row[0] for row in parent.metrics()] == [1, 2, 3]
    assert parent.frames() == [1, 2, 3]


def test_a_fork_without_changes_computes_the_same_next_step(parent: Run) -> None:
    assert fork(parent).trainer("cpu").step().values.tolist() == parent.trainer("cpu").step().values.tolist()


def test_a_fork_leaves_its_parent_unchanged(parent: Run) -> None:
    before = {file: file.read_bytes() for file in parent.path.rglob("*") if file.is_file()}
    fork(parent, 2, {"n_critic": 2})
    assert {file: file.read_bytes() for file in parent.path.rglob("*") if file.is_file()} == before


def test_a_fork_skips_a_damaged_checkpoint(parent: Run) -> None:
    damaged = parent.path / "step-0000004" / "discriminator.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    assert fork(parent).checkpoints() == [2]
    with pytest.raises(RunError, match="no complete checkpoint of step 4"):
        fork(parent, 4)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"generator.hidden": (8,)}, "generator.hidden: G's weights in the checkpoint would not fit"),
        ({"discriminator.hidden": (8,)}, "discriminator.hidden: D's weights"),
        ({"discriminator.spectral": True}, "discriminator.spectral: D's weights"),
        ({"latent.dim": 3}, "latent.dim: G's weights"),
        ({"optimizer_d.name": "sgd"}, "optimizer_d.name: a checkpoint continues only with its own optimizer_d.name"),
        ({"seed": 5}, "seed: a checkpoint continues only with its own seed"),
        ({"data.name": "line"}, "data.name: a checkpoint continues only with its own data.name"),
        ({"optimizer_d.lr": -1}, "optimizer_d.lr: -1 is not allowed"),
        ({"optimiser_d.lr": 1}, "is not a setting"),
    ],
)
def test_an_incompatible_setting_is_refused_in_one_sentence(
    parent: Run, values: dict[str, object], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        fork(parent, values=values)
    assert "\n" not in str(caught.value)
    assert [path.name for path in parent.path.parent.iterdir()] == [parent.id]


def test_a_fork_cannot_start_an_average_that_its_parent_lacks(tmp_path: Path) -> None:
    config = POINTS.with_values({"ema_decay": 0})
    run = RunStore(tmp_path).create(config)
    run.save(Trainer(config, "cpu"), keep=1)
    with pytest.raises(ConfigError, match="ema_decay: this checkpoint has no average"):
        fork(run, values={"ema_decay": 0.9})


def test_a_fork_on_a_full_disk_leaves_no_files(parent: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "copy_until", full)
    with pytest.raises(RunError, match=r"Cannot copy step 4 .*No space left"):
        fork(parent)
    assert [path.name for path in parent.path.parent.iterdir()] == [parent.id]


def test_a_pool_opens_a_fork_as_a_session_that_trains(parent: Run) -> None:
    pool = SessionPool(RunStore(parent.path.parent))
    session = pool.get(pool.fork(parent.id, values={"max_steps": 8}))
    assert session is not None
    session.start()
    assert session.wait(60)
    now = session.snapshot()
    assert (now.status, now.step, now.run_id != parent.id) == ("finished", 8, True)
    assert now.history.step.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (now.setting_changes[0].step, now.setting_changes[0].text) == (1, "change of step 1")
    assert now.setting_changes[1].text.startswith("fork: max_steps")
