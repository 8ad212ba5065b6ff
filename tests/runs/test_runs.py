"""The files of a run: complete checkpoints, records that survive a crash, pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_core.runs import Run, RunError, RunStore, checkpoint, tile, untile
from gan_core.runs.rewind import rewind
from gan_core.session.observer import Observer
from gan_core.training.history import COLUMNS, HistoryLog, append_csv, read_table
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS, trained


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return RunStore(tmp_path).create(POINTS, name="mine")


def test_a_checkpoint_holds_tensors_as_safetensors_and_the_rest_as_json(run: Run) -> None:
    run.save(trained(POINTS, 2), keep=3)
    folder = run.path / "step-0000002"
    assert {file.name for file in folder.iterdir()} == {
        "generator.safetensors",
        "discriminator.safetensors",
        "ema.safetensors",
        "state.safetensors",
        "state.json",
    }
    names = {"optimizer_g", "optimizer_d", "random", "batches", "steps", "images", "figures", "config", "data",
             "augmentation"}  # fmt: skip
    assert checkpoint.read_state(folder).keys() == names  # fixed: files on disk have them


@pytest.mark.parametrize("file", ["generator.safetensors", "state.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_skipped_for_the_previous_one(run: Run, file: str) -> None:
    trainer = trained(POINTS, 2)
    run.save(trainer, keep=3)
    trainer.step()
    run.save(trainer, keep=3)
    damaged = run.path / "step-0000003" / file
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    assert run.trainer("cpu").steps == 2


def test_a_run_without_a_complete_checkpoint_names_the_damaged_ones(run: Run) -> None:
    run.save(trained(POINTS, 2), keep=3)
    (run.path / "step-0000002" / "state.json").write_bytes(b"nothing")
    with pytest.raises(RunError, match=r"no complete checkpoint.*step 2"):
        run.trainer("cpu")


def test_a_failed_save_leaves_only_the_old_checkpoint(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trained(POINTS, 2)
    run.save(trainer, keep=3)
    trainer.step()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_write_tensors", full)
    with pytest.raises(OSError, match="No space"):
        run.save(trainer, keep=3)
    assert run.checkpoints() == [2]
    assert not list(run.path.glob(".unfinished*"))


def test_an_unfinished_or_foreign_folder_is_not_a_checkpoint(run: Run) -> None:
    run.save(trained(POINTS, 2), keep=3)
    for name in (".unfinished-step-0000009", "step-x"):
        (run.path / name).mkdir()
    assert run.checkpoints() == [2]


def test_only_the_last_few_checkpoints_are_kept(run: Run) -> None:
    trainer = Trainer(POINTS, "cpu")
    for _ in range(5):
        trainer.step()
        run.save(trainer, keep=2)
    assert run.checkpoints() == [4, 5]


def test_a_history_is_read_back_exactly_without_its_damaged_lines(tmp_path: Path) -> None:
    rows = [[1.0, 0.1, 1e-300, 3.0, float("nan"), float("inf"), -0.0, 1 / 3, 5e-324, 1.7976931348623157e308]] * 3
    file = tmp_path / "metrics.csv"
    append_csv(file, rows)
    whole = file.read_text()
    assert str(read_table(file).tolist()) == str(rows)
    file.write_text(whole[:-9])
    assert str(read_table(file).tolist()) == str(rows[:-1])
    for damage in ("x,1\n", ",\n", "1,2,3\n", '"\n', "\x00" * 9 + "\n", "1,2,3,4,5,6,7,8,9,1e\n"):
        file.write_text(whole + damage + whole.split("\n", 1)[1])
        assert str(read_table(file).tolist()) == str(rows * 2)


def test_a_rewound_history_ends_at_its_step_and_can_be_extended(run: Run) -> None:
    rows = [[float(step)] * len(COLUMNS) for step in range(1, 6)]
    run.append_metrics(rows)
    file = run.path / "metrics.csv"
    file.write_bytes(file.read_bytes()[:-3])  # as a crash would leave it
    assert rewind(run, 4) == ()
    assert run.metrics().tolist() == rows[:4]
    rewind(run, 2)
    run.append_metrics(rows[2:])
    assert run.metrics().tolist() == rows
    rewind(run, 0)
    run.append_metrics(rows[:1])
    assert run.metrics().tolist() == rows[:1]


def test_a_view_of_a_history_does_not_change_when_the_history_grows() -> None:
    log = HistoryLog()
    log.extend([[0.0] * len(COLUMNS)])
    early = log.view()
    log.extend([[float(i)] * len(COLUMNS) for i in range(5000)])
    assert len(early) == 1
    assert log.view().loss_g[-1] == 4999


def test_a_picture_is_read_back_exactly(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(DIGITS)
    view = Observer(trainer := Trainer(DIGITS, "cpu")).sample_view(trainer)
    run.write_frame(5, view.samples)
    assert np.array_equal(run.frame(5), view.samples)


@pytest.mark.parametrize(("n", "channels"), [(1, 1), (8, 3), (13, 1), (64, 3)])
def test_untile_inverts_tile(n: int, channels: int) -> None:
    config = DIGITS.with_values({"record.samples": n, "data.channels": channels, "data.size": 8, "generator.depth": 1,
                                 "discriminator.depth": 1})  # fmt: skip
    samples = np.random.default_rng(0).integers(0, 256, (n, 8, 8, channels), dtype=np.uint8)
    assert np.array_equal(untile(tile(samples), config), samples)


def test_the_library_lists_runs_and_skips_other_folders(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = store.create(POINTS, name="first")
    first.save(trained(POINTS, 2), keep=3)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    (summary,) = store.list()
    assert (summary.id, summary.name, summary.step) == (first.id, "first", 2)
