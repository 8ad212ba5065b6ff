"""The game of the two networks: on Home a film and a diagram with pictures, on Train the diagram of one step.

`python -m benchmarks.home_pictures` records the film and the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from ui.components.assets import component, packed
from ui.web import game_folder

FRAMES = 48  # of the film, below each other in one picture

_HERE = Path(__file__).parent
_DIAGRAM = Template((_HERE / "diagram.svg").read_text("utf-8")).substitute(pictures=game_folder())
_HTML = Template((_HERE / "game.html").read_text("utf-8"))
_mount = component(
    "game", _HTML.substitute(pictures=game_folder(), frames=FRAMES, diagram=_DIAGRAM), styles=("diagram",)
)
_mount_live = component(
    "live_game",
    f'<div class="component live-game">{_DIAGRAM}<div><p></p><ol></ol>'
    '<button type="button" class="again"></button></div></div>',
    styles=("diagram",),
)


def game(key: str) -> None:
    """Show the film beside the diagram; on a narrow screen above it."""
    _mount(key=key)


@dataclass(frozen=True, eq=False)
class GameStep:
    """What the diagram shows of one step."""

    name: str  # another name is a new step
    plays: bool = True  # a new step plays from stage to stage
    hint: str = ""  # a sentence above the stages
    stages: Sequence[tuple[str, str]] = ()  # in order: one of draw, fakes, score, learn-d, again, learn-g; and a text
    latents: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)  # (k,) in D's part "d" and G's part "g"
    pictures: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    """Of "fakeD", "fakeG" and "real": images (n, H, W, C) uint8, or points (n, 2) float32 in [0, 1]."""
    scores: tuple[float, float] = (0.0, 0.0)  # D's mean score of real samples and of fakes
    score_range: tuple[float, float] = (0.0, 1.0)  # the ends of the scale
    losses: Mapping[str, float] = field(default_factory=dict)  # of D "d" and G "g"


def live_game(key: str, step: GameStep | None) -> None:
    """Show the diagram with the pictures and numbers of a step; None leaves it as it is."""
    _mount_live(key=key, data=None if step is None else _packed(step))


def _packed(step: GameStep) -> bytes:
    low, high = step.score_range
    header = {
        "key": step.name,
        "plays": step.plays,
        "hint": step.hint,
        "stages": [{"name": name, "text": text} for name, text in step.stages],
        "z": {name: np.round(z, 3).tolist() for name, z in step.latents.items()},
        "shapes": {name: samples.shape for name, samples in step.pictures.items()},
        "scores": [f"{score:.2f}" for score in step.scores],
        "places": [min(1.0, max(0.0, (score - low) / (high - low))) for score in step.scores],
        "losses": {name: f"{loss:.2f}" for name, loss in step.losses.items()},
    }
    return packed(header, *step.pictures.values())
