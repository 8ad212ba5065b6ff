"""The word beside an image quality."""

from __future__ import annotations

import math

import pytest

from gan_core.metrics.registry import point_rating, rating


@pytest.mark.parametrize(
    ("coverage", "word"), [(0.9, "good"), (0.63, "good"), (0.62, "fair"), (0.32, "fair"), (0.31, "poor"), (0.0, "poor")]
)
def test_the_word_follows_the_share_of_the_coverage_of_real_data(coverage: float, word: str) -> None:
    assert rating(coverage, 0.9) == word


def test_an_unmeasured_coverage_has_no_word() -> None:
    assert rating(math.nan, 0.9) == rating(0.9, math.nan) == ""


@pytest.mark.parametrize(("js", "word"), [(0.02, "good"), (0.1, "fair"), (0.3, "fair"), (0.31, "poor"), (1.0, "poor")])
def test_the_word_of_points_follows_their_divergence(js: float, word: str) -> None:
    assert point_rating(js) == word
