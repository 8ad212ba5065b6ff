"""A run leaves as a film, as ONNX and in every format of the registry, from a page or the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import ImageColor

from gan_core import export
from gan_core.cli import main
from gan_core.config import TrainConfig
from gan_core.export import onnx_model, plane_images, training_video
from gan_core.runs import Run, RunStore
from gan_core.session import Session
from gan_core.training.trainer import Trainer
from tests.export.test_images_and_video import opened, played
from tests.support.small import DIGITS, POINTS, VARIANTS
from ui.theme import LIGHT


def trained(config: TrainConfig, folder: Path, steps: int = 10) -> Run:
    store = RunStore(folder)
    session = Session(config.with_values({"record.frame_every": 5}), store, "cpu", threads=1, max_steps=steps)
    session.start()
    assert session.wait(60)
    return store.open(session.snapshot().run_id)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ten steps, of which steps 0, 5 and 10 are kept as pictures."""
    return trained(DIGITS, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(POINTS, tmp_path_factory.mktemp("runs"))


# ---- films -----------------------------------------------------------------------------------------------------------


def test_the_film_of_a_run_shows_its_kept_pictures_in_order(digits: Run) -> None:
    shown = opened(export.film(digits, "gif"))
    assert len(shown) == 3
    last = np.asarray(digits.frame(10))  # (16, 28, 28, 1), eight side by side, each pixel twice as large
    third = shown[2][: 28 * 2, 2 * 28 * 2 : 3 * 28 * 2, 0]
    assert np.array_equal(third, last[2, ..., 0].repeat(2, 0).repeat(2, 1))


def test_a_film_says_which_step_it_shows(digits: Run) -> None:
    lines = [frame[-training_video.STRIP :] for frame in opened(export.film(digits, "gif"))]
    assert not np.array_equal(lines[0], lines[1])
    assert all((line == 0).any() for line in lines)


def test_a_film_of_points_shows_the_layers_in_the_houses_colours(points: Run, tmp_path: Path) -> None:
    about, shown = played(export.film(points, "mp4"), tmp_path)
    assert about["size"] == (plane_images.SIDE, plane_images.SIDE + training_video.STRIP)
    assert len(shown) == 3
    plane = points.frame(10)
    picture = plane_images.draw(plane, Trainer(points.config, "cpu").dataset.examples.numpy())
    for colour, least in (
        (plane_images.GENERATOR, 10),
        (plane_images.REAL, 200),
    ):  # the sixteen generated ones lie close together
        away = np.abs(picture.astype(int) - ImageColor.getrgb(colour)).max(axis=2)
        assert (away < 30).sum() > least, colour


def test_the_colours_of_films_are_those_of_the_app() -> None:
    ours = (plane_images.GENERATOR, plane_images.DISCRIMINATOR, plane_images.REAL, plane_images.UNDECIDED)
    assert ours == (LIGHT.generator, LIGHT.discriminator, LIGHT.real, LIGHT.undecided)


def test_a_long_run_gives_a_film_of_bounded_length(digits: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_video, "MOST", 2)
    first, last = opened(export.film(digits, "gif"))
    assert not np.array_equal(first, last)


# ---- ONNX ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "points", "conditional digits"])
def test_the_onnx_generator_gives_torchs_samples_for_any_batch(name: str) -> None:
    trainer = Trainer(VARIANTS[name], "cpu")
    trainer.step()
    model = export.onnx(trainer)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    z = trainer.latents(5, torch.Generator().manual_seed(1))
    given = {"z": z.numpy()}
    if trainer.config.classes:
        given["y"] = np.array([3, 1, 4, 1, 5])
    (samples,) = session.run(None, given)
    y = torch.from_numpy(given["y"]) if "y" in given else None
    assert np.abs(samples - trainer.decode(z, y=y).numpy()).max() < onnx_model.TOLERANCE


def test_the_onnx_file_says_what_it_is() -> None:
    model = onnx.load_from_string(export.onnx(Trainer(DIGITS, "cpu")))
    onnx.checker.check_model(model)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert TrainConfig.from_json(told["config"]) == DIGITS
    assert told["z"] == "float32 (n, 8), N(0, 1)"
    assert {imported.domain: imported.version for imported in model.opset_import}[""] == onnx_model.OPSET


def test_a_model_that_differs_from_torch_is_not_kept() -> None:
    trainer = Trainer(DIGITS, "cpu")
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(torch.nan)
    with pytest.raises(export.ExportError, match="differ from torch's by nan"):
        export.onnx(trainer)


def test_without_its_packages_onnx_says_what_to_install(digits: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_model, "NEEDS", ("onnx", "no_such_package"))
    with pytest.raises(export.ExportError, match="needs no_such_package: run  pip install -r requirements-export"):
        export.FORMATS["onnx"].make(digits, lambda done: None)
    assert not export.FORMATS["onnx"].applies(digits)


# ---- the registry and the command line -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", export.FORMATS)
def test_every_format_is_made_from_the_command_line(
    name: str, digits: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = export.FORMATS[name]
    assert form.applies(digits)
    file = tmp_path / f"run{form.suffix}"
    assert main(["export", str(digits.path), "--as", name, "-o", str(file)]) == 0
    assert capsys.readouterr().out.strip() == str(file)
    assert file.stat().st_size > 100


def test_the_exported_settings_are_read_back(digits: Run) -> None:
    text = export.FORMATS["config"].make(digits, lambda done: None).decode()
    assert TrainConfig.from_json(text) == digits.config


def test_a_run_of_a_long_model_has_no_script_and_says_why(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.create(VARIANTS["conditional digits"])
    assert not export.FORMATS["script"].applies(run)
    assert "condition.name = projection" in export.FORMATS["notebook"].refusal(run)
    assert "no picture" in export.FORMATS["gif"].refusal(run)
    assert "no checkpoint" in export.FORMATS["onnx"].refusal(run)


BAD = [
    (["--as", "exe"], 2, "choose from script, notebook, onnx, gif, mp4, config"),
    (["--as", "config", "-o", "/no/such/folder/x.json"], 2, "cannot write /no/such/folder/x.json"),
]


@pytest.mark.parametrize(("arguments", "status", "told"), BAD)
def test_what_cannot_be_exported_is_told_in_one_line(
    arguments: list[str], status: int, told: str, digits: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(digits.path), *arguments]) == status
    complaint = capsys.readouterr().err.strip()
    assert told in complaint
    assert "\n" not in complaint


def test_a_refused_format_fails_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunStore(tmp_path).create(VARIANTS["conditional digits"])
    assert main(["export", str(run.path), "--as", "script"]) == 1
    assert "cannot hold condition.name = projection" in capsys.readouterr().err
