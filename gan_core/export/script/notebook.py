"""An experiment as a Jupyter notebook: the script's parts as cells, with words between them."""

from __future__ import annotations

import json

from gan_core.config import TrainConfig
from gan_core.export.script import imports_of, parts, title

_LAST = """\
from PIL import Image

Image.open(sorted(Path("samples").glob("*.png"))[-1])
"""


def notebook(config: TrainConfig) -> str:
    """The experiment as the JSON of a notebook (nbformat 4.5), with the code of `script` to the letter.

    Raises:
        CannotWriteError: the experiment takes more than a page; the message names the setting.
    """
    written = parts(config)
    cells = [
        _words(
            f"# {title(config)}\n\nA GAN in a few cells, written by GAN Playground (preset {config.preset}). Run them "
            f"from top to bottom: they train the same networks as there, to the same numbers.",
        ),
        _code(f"{imports_of(written)}\n{written[0].code}"),
    ]
    for part in written[1:]:
        cells += [_words(f"## {part.title}\n\n{part.about}"), _code(part.code)]
    cells += [_words("## The last samples"), _code(_LAST)]
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    named = [cell | {"id": f"cell-{i}"} for i, cell in enumerate(cells)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": named}, indent=1) + "\n"


def _words(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text.rstrip("\n")}
