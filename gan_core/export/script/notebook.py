"""An exported script as a Jupyter notebook: each of its cells becomes a heading, a text and a cell of code."""

from __future__ import annotations

import json

from gan_core.config import TrainConfig
from gan_core.export.script import script, title

_LAST_SAMPLES = """\
from PIL import Image

Image.open(sorted(Path("samples").glob("*.png"))[-1])
"""


def notebook(config: TrainConfig) -> str:
    """The code of `script` as the JSON of a notebook (nbformat 4.5).

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
    cells += [_text("## The last samples"), _code(_LAST_SAMPLES)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    numbered = [cell | {"id": f"cell-{i}"} for i, cell in enumerate(cells)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}, indent=1) + "\n"


def _text(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(code: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": code.strip("\n")}
