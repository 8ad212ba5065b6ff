"""A run on disk is whole, or says what is missing; it is never half there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core.config import ConfigError
from gan_core.runs import Run, RunError, RunStore, checkpoint, store, tile, untile
from gan_core.runs.rewind import rewind
from gan_core.session.observer import Observer
from gan_core.session.pool import SessionPool
from gan_core.training.history import COLUMNS, HistoryLog, append_csv, read_csv, rewind_csv
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return RunStore(tmp_path).create(POINTS, name="mine")


def trained(steps: int) -> Trainer:
    trainer = Trainer(POINTS, "cpu")
    for _ in range(steps):
        trainer.step()
    return trainer


def test_a_checkpoint_holds_tensors_as_safetensors_and_the_rest_as_json(run: Run) -> None:
    run.save(trained(2), keep=3)
    folder = run.path / "step-0000002"
    assert {file.name for file in folder.iterdir()} == {
        "generator.safetensors",
        "discriminator.safetensors",
        "ema.safetensors",
        "state.safetensors",
        "state.json",
    }
    names = {"optimizer_g", "optimizer_d", "random", "batches", "steps", "images", "figures"}
    assert checkpoint.read_state(folder).keys() == names  # fixed: files on disk have them


def test_a_checkpoint_of_the_old_format_still_opens(run: Run) -> None:
    trainer = trained(3)
    run.save(trainer, keep=3)
    folder = run.path / "step-0000003"
    torch.save(checkpoint.read_state(folder), folder / "state.pt")
    (folder / "state.json").unlink()
    (folder / "state.safetensors").unlink()
    assert checkpoint.is_complete(folder)
    assert run.trainer("cpu").step().values.tolist() == trainer.step().values.tolist()


def test_a_run_goes_on_from_its_last_checkpoint(run: Run) -> None:
    trainer = trained(3)
    run.save(trainer, keep=3)
    again = run.trainer("cpu")
    assert again.steps == 3
    assert again.step().values.tolist() == trainer.step().values.tolist()


@pytest.mark.parametrize("file", ["generator.safetensors", "state.safetensors", "state.json"])
def test_a_torn_checkpoint_is_passed_over_for_the_one_before(run: Run, file: str) -> None:
    trainer = trained(2)
    run.save(trainer, keep=3)
    trainer.step()
    run.save(trainer, keep=3)
    torn = run.path / "step-0000003" / file
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    assert run.trainer("cpu").steps == 2


def test_a_run_whose_checkpoints_are_all_torn_says_which(run: Run) -> None:
    run.save(trained(2), keep=3)
    (run.path / "step-0000002" / "state.json").write_bytes(b"nothing")
    with pytest.raises(RunError, match=r"no complete checkpoint.*step 2"):
        run.trainer("cpu")


def test_a_save_that_fails_leaves_the_old_checkpoint_and_no_half_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trained(2)
    run.save(trainer, keep=3)
    trainer.step()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_write_tensors", full)
    with pytest.raises(OSError, match="No space"):
        run.save(trainer, keep=3)
    assert run.checkpoints() == [2]
    assert not list(run.path.glob(".unfinished*"))


def test_what_a_kill_left_unfinished_is_no_checkpoint(run: Run) -> None:
    run.save(trained(2), keep=3)
    (run.path / ".unfinished-step-0000009").mkdir()
    assert run.checkpoints() == [2]


def test_only_the_last_few_checkpoints_are_kept(run: Run) -> None:
    trainer = Trainer(POINTS, "cpu")
    for _ in range(5):
        trainer.step()
        run.save(trainer, keep=2)
    assert run.checkpoints() == [4, 5]


def test_rewinding_forgets_figures_and_pictures_after_the_step(run: Run) -> None:
    trainer = trained(1)
    observer = Observer(trainer)
    for step in range(1, 6):
        run.append_metrics([[step] * len(COLUMNS)])
        look = observer.sample_view(trainer)
        run.write_frame(step, look.samples, look.plane)
    rewind(run, 3)
    assert [row[0] for row in run.metrics()] == [1, 2, 3]
    assert run.frames() == [1, 2, 3]


def test_figures_read_back_to_the_bit_even_when_the_last_line_is_cut(tmp_path: Path) -> None:
    rows = [[i, *np.random.default_rng(i).normal(size=len(COLUMNS) - 1)] for i in range(5)]
    for row in rows:
        row[COLUMNS.index("images")] = 7
    file = tmp_path / "metrics.csv"
    append_csv(file, rows)
    assert read_csv(file) == rows
    file.write_text(file.read_text()[:-9])
    assert read_csv(file) == rows[:-1]


def test_a_history_reads_the_same_whole_or_damaged(tmp_path: Path) -> None:
    rows = [[1.0, 0.1, 1e-300, 3.0, float("nan"), float("inf"), -0.0, 1 / 3, 5e-324, 1.7976931348623157e308]] * 3
    file = tmp_path / "metrics.csv"
    append_csv(file, rows)
    whole = file.read_text()
    assert str(read_csv(file)) == str(rows)
    for damage in ("x,1\n", ",\n", "1,2,3\n", '"\n', "\x00" * 9 + "\n", "1,2,3,4,5,6,7,8,9,1e\n"):
        file.write_text(whole + damage + whole.split("\n", 1)[1])
        assert str(read_csv(file)) == str(rows)


def test_a_rewound_history_ends_with_its_step_and_can_be_added_to(tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    rows = [[float(step)] * len(COLUMNS) for step in range(1, 6)]
    append_csv(file, rows)
    file.write_bytes(file.read_bytes()[:-3])  # as a crash would leave it
    rewind_csv(file, 9)
    assert read_csv(file) == rows[:4]
    rewind_csv(file, 2)
    append_csv(file, rows[2:])
    assert read_csv(file) == rows
    rewind_csv(file, 0)
    append_csv(file, rows[:1])
    assert read_csv(file) == rows[:1]


def test_a_history_grows_without_touching_what_was_seen() -> None:
    log = HistoryLog()
    log.extend([[0.0] * len(COLUMNS)])
    early = log.view()
    log.extend([[float(i)] * len(COLUMNS) for i in range(5000)])
    assert len(early) == 1
    assert log.view().loss_g[-1] == 4999


def test_pictures_come_back_as_they_were_kept(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(DIGITS)
    look = Observer(trainer := Trainer(DIGITS, "cpu")).sample_view(trainer)
    run.write_frame(5, look.samples)
    assert np.array_equal(run.frame(5), look.samples)


@pytest.mark.parametrize(("n", "channels"), [(1, 1), (8, 3), (13, 1), (64, 3)])
def test_tiles_come_apart_again(n: int, channels: int) -> None:
    config = DIGITS.with_values({"record.samples": n, "data.channels": channels, "data.size": 8, "generator.depth": 1,
                                 "discriminator.depth": 1})  # fmt: skip
    samples = np.random.default_rng(0).integers(0, 256, (n, 8, 8, channels), dtype=np.uint8)
    assert np.array_equal(untile(tile(samples), config), samples)


def test_the_library_lists_runs_and_passes_over_other_folders(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = store.create(POINTS, name="first")
    first.save(trained(2), keep=3)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    (summary,) = store.list()
    assert (summary.id, summary.name, summary.step) == (first.id, "first", 2)


# ---- forks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def parent(run: Run) -> Run:
    """A run of five steps with checkpoints of steps 2 and 4 and a setting changed at steps 1 and 5."""
    trainer = Trainer(POINTS, "cpu")
    observer = Observer(trainer)
    for step in range(1, 6):
        trainer.step()
        run.append_metrics([[step] * len(COLUMNS)])
        look = observer.sample_view(trainer)
        run.write_frame(step, look.samples, look.plane)
        if step in (2, 4):
            run.save(trainer, keep=3)
        if step in (1, 5):
            run.log("changed", step, text=f"change of step {step}")
    return run


def fork(parent: Run, step: int | None = None, values: dict[str, object] | None = None) -> Run:
    return RunStore(parent.path.parent).fork(parent.id, step, values)


@pytest.mark.parametrize(("step", "at"), [(None, 4), (2, 2)])
def test_a_fork_goes_on_from_the_checkpoint_under_the_changed_settings(parent: Run, step: int | None, at: int) -> None:
    child = fork(parent, step, {"optimizer_d.lr": 1e-5, "penalty.name": "r1", "max_steps": 90})
    assert child.id != parent.id
    assert child.config.changes_from(parent.config).keys() == {"optimizer_d.lr", "penalty.name", "max_steps"}
    trainer = child.trainer("cpu")
    assert (trainer.steps, trainer.total_steps) == (at, 90)
    assert trainer.optimizer_d.param_groups[0]["lr"] == 1e-5


def test_a_fork_keeps_the_past_up_to_its_step_and_says_where_it_comes_from(parent: Run) -> None:
    child = fork(parent, values={"optimizer_d.lr": 1e-5})
    assert [row[0] for row in child.metrics()] == [1, 2, 3, 4]
    assert child.frames() == [1, 2, 3, 4]
    assert child.checkpoints() == [4]
    *_, changed, forked = child.events()
    assert (changed["kind"], changed["step"]) == ("changed", 1)
    assert (forked["kind"], forked["step"], forked["parent"]) == ("forked", 4, parent.id)
    assert forked["text"].startswith("fork: optimizer_d.lr ")


def test_a_fork_without_changes_makes_the_same_next_step(parent: Run) -> None:
    assert fork(parent).trainer("cpu").step().values.tolist() == parent.trainer("cpu").step().values.tolist()


def test_a_fork_leaves_its_parent_as_it_was(parent: Run) -> None:
    def contents() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in parent.path.rglob("*") if file.is_file()}

    before = contents()
    fork(parent, 2, {"n_critic": 2})
    assert contents() == before


def test_a_fork_passes_over_a_torn_checkpoint(parent: Run) -> None:
    torn = parent.path / "step-0000004" / "discriminator.safetensors"
    torn.write_bytes(torn.read_bytes()[:-9])
    assert fork(parent).checkpoints() == [2]
    with pytest.raises(RunError, match="no complete checkpoint of step 4"):
        fork(parent, 4)


@pytest.mark.parametrize(
    ("values", "told"),
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
def test_what_the_checkpoint_cannot_go_on_under_is_one_sentence(
    parent: Run, values: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        fork(parent, values=values)
    assert "\n" not in str(caught.value)
    assert [path.name for path in parent.path.parent.iterdir()] == [parent.id]


def test_an_average_that_was_never_kept_cannot_be_asked_of_a_fork(tmp_path: Path) -> None:
    config = POINTS.with_values({"ema_decay": 0})
    run = RunStore(tmp_path).create(config)
    run.save(Trainer(config, "cpu"), keep=1)
    with pytest.raises(ConfigError, match="ema_decay: this checkpoint has no average"):
        fork(run, values={"ema_decay": 0.9})


def test_a_fork_that_finds_the_disk_full_leaves_nothing(parent: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "copy_until", full)
    with pytest.raises(RunError, match=r"Cannot copy step 4 .*No space left"):
        fork(parent)
    assert [path.name for path in parent.path.parent.iterdir()] == [parent.id]


def test_a_pool_opens_a_fork_as_a_session_that_trains_on(parent: Run) -> None:
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


@pytest.mark.parametrize("run_id", ["", "..", "../elsewhere", "/etc", "no-such-run", "a" * 300])
def test_a_run_that_is_not_there_is_one_clear_error(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(RunError, match="There is no run"):
        RunStore(tmp_path).open(run_id)


def test_names_of_checkpoints_give_their_step() -> None:
    assert checkpoint.step_of(Path("step-0000012")) == 12
    assert checkpoint.step_of(Path("step-x")) is None
    assert checkpoint.step_of(Path("samples")) is None
