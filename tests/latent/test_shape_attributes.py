"""The measured attributes of handwritten digits, on drawn strokes whose shape is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core.latent import SHAPE_ATTRIBUTES

SIDE = 64


def bar(thick: float, tall: float = 44, degrees: float = 0) -> Tensor:
    """A bar that leans to the right by this angle, sheared about its middle: (1, 1, SIDE, SIDE)."""
    rows, columns = torch.meshgrid(
        torch.arange(SIDE) - SIDE / 2 + 0.5, torch.arange(SIDE) - SIDE / 2 + 0.5, indexing="ij"
    )
    distance = (columns + rows * math.tan(math.radians(degrees))).abs()
    return ((thick / 2 + 0.5 - distance).clamp(0, 1) * (rows.abs() < tall / 2))[None, None]


@pytest.mark.parametrize("degrees", [-30, 0, 10, 25])
def test_slant_is_the_angle_from_the_vertical(degrees: float) -> None:
    assert float(SHAPE_ATTRIBUTES["slant"](bar(6, degrees=degrees))) == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize("thick", [2, 4, 8])
def test_weight_is_the_width_of_the_stroke_and_width_does_not_count_the_slant(thick: float) -> None:
    exact = 2 * thick * 44 / (2 * thick + 2 * 44)  # the two short ends belong to the outline too
    for degrees in (0, 20):
        picture = bar(thick, degrees=degrees)
        assert float(SHAPE_ATTRIBUTES["weight"](picture)) == pytest.approx(exact, rel=0.12)
        assert float(SHAPE_ATTRIBUTES["width"](picture)) == pytest.approx(thick / math.sqrt(12), abs=0.15)


def test_a_wider_figure_of_the_same_strokes_is_wider_and_not_heavier() -> None:
    near, far = (torch.roll(bar(4), -by, 3) + torch.roll(bar(4), by, 3) for by in (6, 12))
    assert float(SHAPE_ATTRIBUTES["width"](far)) > 1.8 * float(SHAPE_ATTRIBUTES["width"](near))
    assert float(SHAPE_ATTRIBUTES["weight"](far)) == pytest.approx(float(SHAPE_ATTRIBUTES["weight"](near)), rel=0.01)


@pytest.mark.parametrize("name", SHAPE_ATTRIBUTES)
def test_a_black_picture_has_no_shape(name: str) -> None:
    assert float(SHAPE_ATTRIBUTES[name](torch.zeros(1, 1, 28, 28))) == 0
