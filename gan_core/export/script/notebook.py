"""An exported script as a Jupyter notebook: each of its cells becomes a heading, a text and a cell of code."""

from __future__ import annotations

import base64
import json

import torch

from gan_core.config import TrainConfig
from gan_core.export.script import script, title, training
from gan_core.latent import Model

_LAST_SAMPLES = """\
from PIL import Image

Image.open(sorted(Path("samples").glob("*.png"))[-1])
"""
_LINE = 120  # characters of the text of the weights
# The weights of the trained G, and its samples. They are in the order of the layers, without the counters of batches.
_WEIGHTS = """\
import copy
from base64 import b64decode

import torch

WEIGHTS = \"\"\"
{weights}
\"\"\"
trained = copy.deepcopy(generator).eval()
floats = [value for value in trained.state_dict().values() if value.is_floating_point()]
parts = torch.frombuffer(bytearray(b64decode(WEIGHTS)), dtype=torch.float32).split([value.numel() for value in floats])
for value, part in zip(floats, parts, strict=True):
    value.copy_(part.view_as(value))
"""
_SAMPLES = """\
from PIL import Image, ImageDraw
from torchvision.utils import make_grid

z = {latents}{classes}
with torch.no_grad():
    samples = trained(z.to(DEVICE){y}).float().cpu()
"""
_SHOW_IMAGES = """\
pixels = make_grid({unit}, nrow={columns}).mul(255).round().byte()
Image.fromarray(pixels.permute(1, 2, 0).numpy())
"""
_SHOW_POINTS = """\
picture = Image.new("RGB", (480, 480), "white")
scale = 240 / (1.3 * data.abs().max().item())  # pixels
for points, colour in ((data[:500], "#009E73"), (samples, "#D55E00")):  # real, generated
    for x, y in (scale * points).tolist():
        ImageDraw.Draw(picture).circle((240 + x, 240 - y), 2, fill=colour)
picture
"""


def notebook(config: TrainConfig, trained: Model | None = None) -> str:
    """The code of `script` as the JSON of a notebook (nbformat 4.5).

    Args:
        trained: networks of a run of this experiment; the notebook contains the weights of their G and shows its
            samples before it trains another one.

    Raises:
        CannotWriteError: the script export does not support a setting; the message names it.
    """
    start, *sections = script(config).split("\n# %% ")
    _, _, code = start.split('"""', 2)  # without the docstring
    about = (
        f"A GAN in a few cells, written by GAN Playground (preset {config.preset}). Run the cells from top to bottom."
    )
    cells = [_text(f"# {title(config)}\n\n{about}"), _code(code)]
    for section in sections:
        heading, code = section.split("\n", 1)
        cells += [_text(f"## {heading}"), _code(code)]
        if heading == "Networks" and trained is not None:
            cells += _trained_cells(trained)
    cells += [_text("## The last samples"), _code(_LAST_SAMPLES)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    numbered = [cell | {"id": f"cell-{i}"} for i, cell in enumerate(cells)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}, indent=1) + "\n"


def _trained_cells(trained: Model) -> list[dict[str, object]]:
    """G with the weights of the run, and samples from it; editors fold the long cell with the weights."""
    config = trained.config
    floats = [value for value in trained.generator.state_dict().values() if value.is_floating_point()]
    content = torch.cat([value.float().cpu().flatten() for value in floats]).numpy().astype("<f4").tobytes()
    text = base64.b64encode(content).decode("ascii")
    weights = "\n".join(text[start : start + _LINE] for start in range(0, len(text), _LINE))
    columns = training.columns(config)
    number = 500 if config.dataset.kind == "points" else 8 * columns
    latents = training.latents(config, number, "torch.Generator().manual_seed(0)")
    unit = (
        "samples, normalize=True, value_range=(-1, 1)" if config.generator.output == "tanh" else "samples.clamp(0, 1)"
    )
    show = _SHOW_POINTS if config.dataset.kind == "points" else _SHOW_IMAGES.format(unit=unit, columns=columns)
    classes, y = ("\ny = torch.arange(len(z), device=DEVICE) % CLASSES", ", y") if config.classes else ("", "")
    folded = {"metadata": {"jupyter": {"source_hidden": True}}}
    return [
        _text(f"## The trained generator\n\nThe weights of G at step {trained.step:,}."),
        _code(_WEIGHTS.format(weights=weights)) | folded,
        _code(_SAMPLES.format(latents=latents, classes=classes, y=y) + show),
    ]


def _text(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(code: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": code.strip("\n")}
