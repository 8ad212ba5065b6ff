"""A run goes on only as the experiment that it was, and a change of its settings is named before it trains."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gan_core import data
from gan_core.cli import main
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session
from gan_core.session.pool import SessionPool
from tests.session.test_session import finished, until
from tests.support.small import POINTS


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = RunStore(tmp_path_factory.mktemp("runs"))
    return store.open(finished(POINTS, store=store, max_steps=25).run_id).path


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Run:
    """A run that was stopped at step 25, with checkpoints of steps 20 and 25."""
    return Run(Path(shutil.copytree(stopped, tmp_path / stopped.name)))


def edit(run: Run, **values: Any) -> None:
    run.write_config(run.config.with_values({key.replace("__", "."): value for key, value in values.items()}))


EDITS = [
    ({"optimizer_d__name": "adadelta"}, "optimizer_d.name adam (now adadelta)"),
    ({"optimizer_g__momentum": 0.5}, "optimizer_g.momentum 0 (now 0.5)"),
    ({"latent__dim": 3}, "latent.dim 2 (now 3)"),
    ({"seed": 7}, "seed 0 (now 7)"),
    ({"batch_size": 8}, "batch_size 16 (now 8)"),
    ({"data__name": "line"}, "data.name ring8 (now line)"),
    ({"data__count": 100}, "data.count 200 (now 100)"),
    ({"generator__hidden": (8,)}, "generator.hidden 16 (now 8)"),
    ({"discriminator__dropout": 0}, "discriminator.dropout 0.3 (now 0)"),
    ({"ema_decay": 0}, "ema_decay 0.9 (now 0)"),
    ({"record__samples": 4}, "record.samples 16 (now 4)"),
]


@pytest.mark.parametrize(("values", "named"), EDITS, ids=[next(iter(values)) for values, _ in EDITS])
def test_an_edited_config_is_named_and_nothing_is_trained_or_lost(
    run: Run, values: dict[str, Any], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(run, **values)
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    assert main(["resume", str(run.path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"error: The config.json of the run {run.id} was edited. Its checkpoint of step 25 was trained with {named}. "
        "Put the old values back to resume, or train a new run with the new ones."
    )
    after = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    assert {file for file in after if before.get(file) != after[file]} == {run.path / ".in-use"} - before.keys()
    with pytest.raises(RunError, match="was edited"):
        run.trainer("cpu")
    with pytest.raises(RunError, match="was edited"):
        RunStore(run.path.parent).fork(run.id)


def test_the_app_names_an_edited_config_too(run: Run) -> None:
    edit(run, seed=7)
    pool = SessionPool(RunStore(run.path.parent))
    session = pool.get(pool.open(run.config, run_id=run.id))
    assert session is not None
    session.start()
    assert session.wait(60)
    assert session.snapshot().status == "failed"
    assert "trained with seed 0 (now 7)" in session.snapshot().error
    edit(run, seed=0)
    assert finished(run.config, run=run).status == "finished"


def test_another_data_set_is_not_loaded_before_it_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(run, data__name="line")
    monkeypatch.setattr(data, "load", lambda *_: pytest.fail("loaded"))
    assert "data.name ring8 (now line)" in finished(run.config, run=run).error


def test_an_edited_live_setting_is_named_and_marked(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    edit(run, optimizer_d__lr=1e-5, record__save_every=7)
    assert main(["resume", str(run.path), "--steps", "3"]) == 0
    change = "optimizer_d.lr 0.0002 → 1e-05, record.save_every 20 → 7"
    assert f"note: Changed since the checkpoint of step 25: {change}" in capsys.readouterr().out.splitlines()
    assert [(event["step"], event["text"]) for event in run.events() if event["kind"] == "changed"] == [(25, change)]
    assert run.trainer("cpu").optimizer_d.param_groups[0]["lr"] == 1e-5
    assert finished(run.config, run=run).notes == ()  # it belongs to the run now


def test_an_edited_length_is_named_with_what_it_changes(run: Run) -> None:
    edit(run, max_steps=100)
    (note,) = finished(run.config, run=run, max_steps=1).notes
    assert note.endswith("max_steps 60 → 100, noise on D's inputs 58 % → 75 %")


def test_a_change_that_the_run_made_itself_is_no_difference(run: Run) -> None:
    session = Session(run.config, run=run, threads=1)
    session.step(2)
    until(session, lambda now: now.step == 27)
    session.update({"optimizer_g.lr": 1e-4})
    session.step(1)
    until(session, lambda now: now.step == 28)
    session.stop()
    assert session.wait(20)
    shutil.rmtree(run.checkpoint_folder(28))  # as if the process had been killed before it saved
    now = finished(run.config, run=run, max_steps=1)
    assert (now.error, now.notes, now.step) == ("", (), 26)
    assert [change.step for change in now.setting_changes] == [27]


def test_a_change_to_another_value_is_a_difference(run: Run) -> None:
    run.log("changed", 25, text="optimizer_g.lr 0.0002 → 0.0015")
    edit(run, optimizer_g__lr=0.001)
    (note,) = finished(run.config, run=run, max_steps=1).notes
    assert note.endswith("optimizer_g.lr 0.0002 → 0.001")


def test_a_fork_is_an_experiment_of_its_own(run: Run) -> None:
    child = RunStore(run.path.parent).fork(run.id, values={"loss.combine": "mean", "n_critic": 2})
    now = finished(child.config, run=child, max_steps=1)
    assert (now.error, now.notes) == ("", ())


def test_a_checkpoint_of_an_earlier_version_still_opens(run: Run) -> None:
    for folder in run.path.glob("step-*"):
        structure = json.loads((folder / "state.json").read_text())
        structure["dict"] = [pair for pair in structure["dict"] if pair[0] not in ("config", "data")]
        (folder / "state.json").write_text(json.dumps(structure))
    assert finished(run.config, run=run).status == "finished"


def test_samples_come_from_the_settings_of_the_checkpoint(run: Run) -> None:
    before = run.model()
    edit(run, latent__dim=3, data__name="line", generator__hidden=(8,))
    assert run.model().config == before.config
    edit(run, data__path="/moved")
    assert run.model().config.data.path == "/moved"
