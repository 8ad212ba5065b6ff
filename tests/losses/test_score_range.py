"""The scores that are drawn as fully fake and fully real."""

from __future__ import annotations

import numpy as np
import pytest

from gan_core import losses
from gan_core.config.catalog import LOSSES
from gan_core.losses.descriptions import describe
from gan_core.losses.score_range import score_range


@pytest.mark.parametrize("name", list(LOSSES))
def test_only_a_probability_is_called_one(name: str) -> None:
    assert losses.get(name).is_probability == describe(losses.get(name)).score_name.endswith("probability")


def test_a_probability_reaches_from_0_to_1_whatever_the_scores() -> None:
    assert score_range("non-saturating", lambda: pytest.fail("no scores are needed")) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([-2.0, 3.0, np.nan, np.inf], (-2.0, 3.0)), ([4.0, 4.0], (3.0, 5.0)), ([], (0.0, 1.0)), ([np.nan], (0.0, 1.0))],
)
def test_a_critics_range_is_that_of_its_finite_scores(scores: list[float], expected: tuple[float, float]) -> None:
    assert score_range("wasserstein", lambda: np.array(scores)) == expected
