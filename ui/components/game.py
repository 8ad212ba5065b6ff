"""The game of the two networks: a film of digits that form during training, and a diagram with pictures.

`python -m benchmarks.home_pictures` records both.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from ui.components.assets import component
from ui.web import game_folder

FRAMES = 48  # of the film, below each other in one picture

_HTML = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))
_mount = component("game", _HTML.substitute(pictures=game_folder(), frames=FRAMES))


def game(key: str) -> None:
    """Show the film beside the diagram; on a narrow screen above it."""
    _mount(key=key)
