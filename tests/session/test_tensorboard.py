"""TensorBoard reads from the event files the same values and images that the run has recorded."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_core.config import TrainConfig
from gan_core.runs import Run, RunStore
from gan_core.session import Session
from gan_core.session.tensorboard import FOLDER, TensorBoardWriter
from tests.support.small import DIGITS, POINTS


def trained(config: TrainConfig, folder: Path, run: Run | None = None, **values: object) -> Run:
    config = config.with_values({"record.tensorboard": True, "record.frame_every": 5} | values)
    session = Session(config, RunStore(folder), "cpu", threads=1, run=run, max_steps=10)
    session.start()
    assert session.wait(60)
    assert session.snapshot().error == ""
    return run or RunStore(folder).open(session.snapshot().run_id)


def read(run: Run) -> EventAccumulator:
    return EventAccumulator(str(run.path / FOLDER), {"images": 0, "scalars": 0, "tensors": 0}).Reload()


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(DIGITS, tmp_path_factory.mktemp("runs"))


def test_the_scalars_equal_the_history(digits: Run) -> None:
    scalars = {event.step: event.value for event in read(digits).Scalars("loss/D")}
    rows = {int(row[0]): row[4] for row in digits.metrics()}
    assert scalars
    assert max(scalars) == 10
    assert scalars == pytest.approx({step: rows[step] for step in scalars})


def test_the_images_equal_the_frames(digits: Run) -> None:
    pictures = read(digits).Images("samples")
    assert [picture.step for picture in pictures] == [0, 5, 10]
    sheet = np.asarray(Image.open(io.BytesIO(pictures[-1].encoded_image_string)).convert("L"))
    saved = np.asarray(Image.open(digits.path / "samples" / "step-0000010.png"))
    assert np.array_equal(sheet, saved)


def test_the_settings_are_written(digits: Run) -> None:
    (summary,) = read(digits).Tensors("settings/text_summary")
    text = summary.tensor_proto.string_val[0].decode()
    assert json.loads(text.removeprefix("```json").removesuffix("```"))["preset"] == digits.config.preset


def test_2d_samples_are_drawn_on_the_plane(tmp_path: Path) -> None:
    picture = read(trained(POINTS, tmp_path)).Images("samples")[-1]
    assert (picture.width, picture.height) == (480, 480)


def test_a_resumed_run_continues_the_same_curves(tmp_path: Path) -> None:
    run = trained(POINTS, tmp_path)
    trained(POINTS, tmp_path, run)
    steps = [event.step for event in read(run).Scalars("loss/G")]
    assert steps == sorted(set(steps))
    assert max(steps) == 20


def test_a_flush_of_many_rows_writes_few_and_the_last(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    files = TensorBoardWriter(run, POINTS, 0)
    files.add_rows([[step, 0.0, 0.0, 0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0] for step in range(1, 1001)])
    files.close()
    steps = [event.step for event in read(run).Scalars("loss/D")]
    assert len(steps) <= 20
    assert steps[-1] == 1000


def test_writing_continues_after_an_error_of_the_disk(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    files = TensorBoardWriter(run, POINTS, 0)
    row = [0.0, 0.0, 0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0]
    files._writer._get_file_writer().event_writer._async_writer._worker.exception = OSError(28, "No space left")
    files.add_rows([[1, *row]])
    files.add_rows([[2, *row]])
    files.close()
    assert 2 in [event.step for event in read(run).Scalars("loss/D")]


def test_no_files_are_written_by_default(tmp_path: Path) -> None:
    run = trained(POINTS, tmp_path, **{"record.tensorboard": False})
    assert not (run.path / FOLDER).exists()


def test_training_is_the_same_with_and_without_event_files(tmp_path: Path) -> None:
    with_files, without = (trained(POINTS, tmp_path, **{"record.tensorboard": on}) for on in (True, False))
    first, second = (torch.tensor(run.metrics())[:, 4:] for run in (with_files, without))
    assert torch.equal(first, second)


def test_without_the_package_the_session_fails_and_names_the_command_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else find(name))
    session = Session(POINTS.with_values({"record.tensorboard": True}), RunStore(tmp_path), "cpu")
    session.start()
    session.wait(60)
    assert session.snapshot().status == "failed"
    assert "pip install -r requirements-export.txt" in session.snapshot().error
    assert RunStore(tmp_path).list() == []
