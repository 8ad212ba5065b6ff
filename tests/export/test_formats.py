"""A run is exported as a video, as ONNX and in every other format, from a page or the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image, ImageColor

from gan_core import export
from gan_core.cli import main
from gan_core.config import TrainConfig
from gan_core.data.ranges import to_unit
from gan_core.export import onnx_model, plane_images
from gan_core.export import training_video as videos
from gan_core.latent import Weights
from gan_core.runs import Run, RunStore, unpack
from gan_core.session import Session
from gan_core.training.trainer import Trainer
from tests.export.test_images_and_video import opened, played
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS, POINTS, VARIANTS
from ui.theme import LIGHT


def trained(config: TrainConfig, folder: Path) -> Run:
    """Ten steps; the pictures of steps 0, 5 and 10 are kept."""
    store = RunStore(folder)
    session = Session(config.with_values({"record.frame_every": 5}), store, "cpu", threads=1, max_steps=10)
    session.start()
    assert session.wait(60)
    return store.open(session.snapshot().run_id)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(DIGITS, tmp_path_factory.mktemp("runs"))


def test_a_video_shows_the_saved_pictures_in_order_with_their_steps(
    digits: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = opened(videos.training_video(digits, "gif"))
    assert len(frames) == 3
    last = np.asarray(digits.frame(10))  # (16, 28, 28, 1), eight side by side, each pixel twice as large
    third = frames[2][: 28 * 2, 2 * 28 * 2 : 3 * 28 * 2, 0]
    assert np.array_equal(third, last[2, ..., 0].repeat(2, 0).repeat(2, 1))
    lines = [frame[-videos.STRIP :] for frame in frames]
    assert not np.array_equal(lines[0], lines[1])
    assert all((line == 0).any() for line in lines)
    monkeypatch.setattr(videos, "MAX_FRAMES", 2)
    first, last = opened(videos.training_video(digits, "gif"))
    assert not np.array_equal(first, last)


def test_a_video_of_points_shows_the_layers_in_the_colours_of_the_app(tmp_path: Path) -> None:
    run = trained(POINTS, tmp_path)
    about, frames = played(videos.training_video(run, "mp4"), tmp_path)
    assert about["size"] == (plane_images.SIDE, plane_images.SIDE + videos.STRIP)
    assert len(frames) == 3
    picture = plane_images.draw(run.frame(10), Trainer(run.config, "cpu").dataset.examples.numpy())
    for colour, least in ((plane_images.GENERATOR, 10), (plane_images.REAL, 200)):  # sixteen fakes lie close together
        difference = np.abs(picture.astype(int) - ImageColor.getrgb(colour)).max(axis=2)
        assert (difference < 30).sum() > least, colour
    colours = (plane_images.GENERATOR, plane_images.DISCRIMINATOR, plane_images.REAL, plane_images.UNDECIDED)
    assert colours == (LIGHT.generator, LIGHT.discriminator, LIGHT.real, LIGHT.undecided)


# ---- ONNX ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "points", "conditional digits"])
def test_the_onnx_generator_gives_torchs_samples_for_any_batch(name: str) -> None:
    trainer = Trainer(VARIANTS[name], "cpu")
    trainer.step()
    session = onnxruntime.InferenceSession(
        export.onnx(Weights.of(trainer).model("")), providers=["CPUExecutionProvider"]
    )
    z = trainer.latents(5, torch.Generator().manual_seed(1))
    y = torch.tensor([3, 1, 4, 1, 5]) if trainer.config.classes else None
    (samples,) = session.run(None, {"z": z.numpy()} | ({} if y is None else {"y": y.numpy()}))
    assert np.abs(samples - trainer.decode(z, y=y).numpy()).max() < onnx_model.TOLERANCE


def test_the_metadata_of_the_onnx_model_describe_it() -> None:
    model = onnx.load_from_string(export.onnx(Weights.of(Trainer(DIGITS, "cpu")).model("")))
    onnx.checker.check_model(model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert TrainConfig.from_json(metadata["config"]) == DIGITS
    assert metadata["z"] == "float32 (n, 8), N(0, 1)"
    assert {imported.domain: imported.version for imported in model.opset_import}[""] == onnx_model.OPSET


def test_a_model_that_differs_from_torch_is_not_saved() -> None:
    trainer = Trainer(DIGITS, "cpu")
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(torch.nan)
    with pytest.raises(export.ExportError, match="differ from PyTorch's by nan"):
        export.onnx(Weights.of(trainer).model(""))


def test_without_its_packages_onnx_says_what_to_install(digits: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_model, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(export.ExportError, match="needs no_such_package: run  pip install -r requirements-export"):
        export.FORMATS["onnx"].make(digits, lambda done: None)
    assert not export.FORMATS["onnx"].applies(digits)


# ---- the registry and the command line -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", export.FORMATS)
def test_every_format_is_made_from_the_command_line(
    name: str, digits: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.FORMATS[name].applies(digits)
    file = tmp_path / f"run{export.FORMATS[name].suffix}"
    assert main(["export", str(digits.path), "--as", name, "-o", str(file)]) == 0
    assert capsys.readouterr().out.strip() == str(file)
    assert file.stat().st_size > 100
    if name == "config":
        assert TrainConfig.from_json(file.read_text(encoding="utf-8")) == digits.config
    if name == "csv":
        table = np.genfromtxt(file, delimiter=",", names=True)
        assert list(table["step"]) == list(range(1, 11))
    if name == "png":
        assert Image.open(file).size == (8 * 28 * 2, 2 * 28 * 2)
    if name == "zip":
        with file.open("rb") as packed:
            assert unpack(packed, RunStore(tmp_path / "other")).checkpoints() == digits.checkpoints()


@pytest.mark.parametrize("name", ["digits", "points", "conditional digits"])
def test_a_notebook_shows_the_samples_of_the_trained_weights(name: str, tmp_path: Path) -> None:
    run, _ = saved_run(RunStore(tmp_path), VARIANTS[name])
    trained = run.model()
    cells = json.loads(export.FORMATS["notebook"].make(run, lambda done: None))["cells"]
    before_training = [cell["source"] for cell in cells if cell["cell_type"] == "code"][:5]
    variables: dict[str, Any] = {}
    exec("\n".join(before_training), variables)
    samples = variables["samples"] if name == "points" else to_unit(variables["samples"], run.config.generator.output)
    assert torch.allclose(samples, trained.decode(variables["z"], variables.get("y")), atol=1e-6)


def test_without_ffmpeg_an_mp4_says_what_to_install(digits: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", missing)
    assert "pip install imageio-ffmpeg" in export.FORMATS["mp4"].refusal(digits)
    with pytest.raises(export.ExportError, match="needs ffmpeg"):
        export.FORMATS["mp4"].make(digits, lambda done: None)
    assert export.FORMATS["gif"].applies(digits)


def test_a_refused_format_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunStore(tmp_path).create(VARIANTS["conditional digits"].with_values({"discriminator.spectral": True}))
    assert not export.FORMATS["script"].applies(run)
    reason = "does not support spectral normalisation with classes"
    assert reason in export.FORMATS["notebook"].refusal(run)
    assert "no picture" in export.FORMATS["gif"].refusal(run)
    assert "no checkpoint" in export.FORMATS["onnx"].refusal(run)
    assert "no step" in export.FORMATS["csv"].refusal(run)
    assert main(["export", str(run.path), "--as", "script"]) == 1
    assert reason in capsys.readouterr().err


def test_wrong_arguments_are_reported_in_one_line(digits: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in [
        (["--as", "exe"], "choose from png, gif, mp4, csv, notebook, onnx, script, config, zip"),
        (["--as", "config", "-o", "/no/such/folder/x.json"], "cannot write /no/such/folder/x.json"),
    ]:
        assert main(["export", str(digits.path), *arguments]) == 2
        error = capsys.readouterr().err.strip()
        assert message in error
        assert "\n" not in error
