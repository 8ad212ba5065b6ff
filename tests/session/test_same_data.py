"""A run knows its pictures: where they are, how many, and which."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from gan_core import data
from gan_core.cli import main
from gan_core.compare import Comparison, StudyStore
from gan_core.config import TrainConfig
from gan_core.runs import Run, RunStore, pack, unpack
from gan_core.session import Session
from tests.session.test_session import finished
from tests.support.pictures import BLUE, RED, encoded, plain
from tests.support.small import DIGITS

CONFIG = DIGITS.with_values(
    {
        "data.name": "folder",
        "data.path": "p",
        "data.size": 8,
        "data.count": 0,
        "generator.depth": 1,
        "discriminator.depth": 1,
        "batch_size": 4,
        "max_steps": 100,
        "record.evaluate_every": 0,
    }
)


def pictures(folder: Path, n: int = 12, colour: tuple[int, int, int] = RED) -> Path:
    folder.mkdir(parents=True)
    for i in range(n):
        (folder / f"{i:02}.png").write_bytes(encoded(plain(colour, (20 + i, 20))))
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of three steps on twelve pictures in the folder p, given relative to the present folder."""
    pictures(tmp_path / "here" / "p")
    monkeypatch.chdir(tmp_path / "here")
    store = RunStore(tmp_path / "runs")
    return store.open(finished(CONFIG, store=store, max_steps=3).run_id)


def resumed(run: Run) -> str:
    """The error of a resume, "" if it trains."""
    return finished(run.config, run=run, max_steps=1).error


def test_a_relative_path_stays_the_same_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.config.data.path == str(tmp_path / "here" / "p")
    pictures(tmp_path / "there" / "p", colour=BLUE)
    monkeypatch.chdir(tmp_path / "there")
    assert resumed(run) == ""
    assert Session(CONFIG).requested_config.data.path == str(tmp_path / "there" / "p")


def test_an_old_run_with_a_relative_path_gets_an_absolute_one(run: Run, tmp_path: Path) -> None:
    run.write_config(run.config.with_values({"data.path": "p"}))
    assert resumed(run) == ""
    assert run.config.data.path == str(tmp_path / "here" / "p")


def test_a_comparison_and_an_import_keep_absolute_paths(run: Run, tmp_path: Path) -> None:
    plan = Comparison(id="x", title="x", base=CONFIG, axes=(), seeds=(0, 1, 2), steps=3)
    assert StudyStore(tmp_path / "runs").create(plan).comparison.base.data.path == str(tmp_path / "here" / "p")
    run.write_config(run.config.with_values({"data.path": "p"}))
    assert unpack(pack(run), RunStore(tmp_path / "others")).config.data.path == str(tmp_path / "here" / "p")


@pytest.mark.parametrize("left", [2, 11, 13])
def test_another_number_of_pictures_is_named(run: Run, left: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(run.config.data.path)
    for i in range(left, 12):
        (folder / f"{i:02}.png").unlink()
    for i in range(12, left):
        (folder / f"{i:02}.png").write_bytes(encoded(plain(BLUE)))
    assert main(["resume", str(run.path)]) == 1
    assert capsys.readouterr().err == (
        f"error: The data of the run {run.id} have changed: it was trained on 12 examples, and {folder} now has {left}."
        " Put the old data back to resume, or start a new run from its settings.\n"
    )


def test_one_changed_picture_of_the_same_size_is_named(run: Run) -> None:
    file = Path(run.config.data.path, "05.png")
    content = bytearray(file.read_bytes())
    file.write_bytes(encoded(plain(BLUE, (25, 20))).ljust(len(content), b"\0")[: len(content)])
    assert "now holds others (the name or the content of a file differs)" in resumed(run)
    file.write_bytes(content)
    assert resumed(run) == ""
    file.rename(file.with_name("99.png"))
    assert "now holds others" in resumed(run)


def test_pictures_may_be_copied_to_another_folder(run: Run, tmp_path: Path) -> None:
    old = run.config.data.path
    shutil.copytree(old, tmp_path / "moved")
    shutil.rmtree(old)
    error = resumed(run)
    assert f"cannot train without its pictures. There is no folder or file {old}" in error
    assert "write it into the run's config.json as data.path" in error
    run.write_config(run.config.with_values({"data.path": str(tmp_path / "moved")}))
    now = finished(run.config, run=run, max_steps=1)
    assert (now.error, now.step) == ("", 4)
    assert f"data.path {old} → {tmp_path / 'moved'}" in now.notes[0]
    pictures(tmp_path / "other", colour=BLUE)
    run.write_config(run.config.with_values({"data.path": str(tmp_path / "other")}))
    assert f"it was trained on 12 examples in {tmp_path / 'moved'}, and {tmp_path / 'other'} now holds" in resumed(run)


def test_the_same_pictures_in_a_zip_are_the_same_data(run: Run, tmp_path: Path) -> None:
    folder = Path(run.config.data.path)
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    zipped: TrainConfig = run.config.with_values({"data.path": str(tmp_path / "p.zip")})
    assert data.load(zipped).fingerprint == data.load(run.config).fingerprint


def test_samples_and_exports_read_no_data(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(run.config.data.path)
    monkeypatch.setattr(data, "load", lambda *_: pytest.fail("the data were read"))
    monkeypatch.setattr("gan_core.training.trainer.data.load", lambda *_: pytest.fail("the data were read"))
    for command in (["sample", "-o", "grid.png"], ["export", "--as", "onnx", "-o", "g.onnx"], ["export", "-o", "t.py"]):
        assert main([command[0], str(run.path), *command[1:-1], str(tmp_path / command[-1])]) == 0
        assert (tmp_path / command[-1]).stat().st_size > 100


def test_an_evaluation_on_changed_pictures_says_so(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path(run.config.data.path, "extra.png").write_bytes(encoded(plain(BLUE)))
    main(["evaluate", str(run.path)])
    assert "note: the data of this run have changed: it was trained on 12 examples" in capsys.readouterr().err


def test_an_evaluation_says_that_it_needs_the_data(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(run.config.data.path)
    assert main(["evaluate", str(run.path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: An evaluation compares samples with the data, which cannot be loaded: There is no")
