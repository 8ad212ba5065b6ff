"""The texts and formulas of a loss fit its settings; a loss without a description works too."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from gan_core import losses
from gan_core.config.catalog import LOSSES
from gan_core.losses.adversarial import Combine, Separable
from gan_core.losses.descriptions import DESCRIPTIONS, Description, describe, score_in_words

every_loss = pytest.mark.parametrize("name", list(LOSSES))
every_described_loss = pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].load() in DESCRIPTIONS])


@every_described_loss
def test_formulas_show_the_mean_and_the_smoothing_that_are_used(name: str) -> None:
    whole, half = describe(losses.get(name)).formula_d, describe(losses.get(name, "mean")).formula_d
    assert half == rf"\tfrac{{1}}{{2}} \left( {whole} \right)"
    smooth = describe(losses.get(name, label_smoothing=0.1)).formula_d
    assert ("0.9" in smooth) == losses.get(name).has_labels
    for formula in (whole, half, smooth, describe(losses.get(name)).formula_g):
        assert formula.count("{") == formula.count("}")
        assert formula.count("(") == formula.count(")")


@every_described_loss
def test_each_loss_has_a_sentence_or_two_on_how_to_read_it(name: str) -> None:
    about = describe(losses.get(name))
    for text in (about.curves, about.scores, about.gradient_norms, about.equilibrium):
        assert 40 < len(text) < 260
        assert text.endswith(".")


@every_loss
@pytest.mark.parametrize("combine", ["sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_each_loss_names_the_values_of_its_equilibrium(name: str, combine: Combine, smoothing: float) -> None:
    loss = losses.get(name, combine, smoothing)
    text = describe(loss).equilibrium
    assert "<" not in text
    assert all(value is None or f"{value:.3f}" in text for value in loss.equilibrium)


class Undescribed(Separable):
    def real(self, logits: Tensor) -> Tensor:
        return -logits

    fake = generator_loss = real

    def equilibrium_of_sum(self) -> tuple[float, None]:
        return 2.0, None


def test_a_loss_without_a_description_has_its_resting_values_and_no_formula() -> None:
    assert describe(Undescribed("mean")) == Description(equilibrium="At equilibrium: D 1.000.")


@pytest.mark.parametrize(
    ("score", "words"),
    [(0.02, "almost sure that this is fake"), (0.5, "cannot tell"), (1.0, "almost sure that this is real")],
)
def test_a_probability_is_told_in_words(score: float, words: str) -> None:
    assert words in score_in_words(losses.get("non-saturating"), score, np.empty(0))


def test_another_score_is_compared_with_real_ones() -> None:
    text = score_in_words(losses.get("wasserstein"), -3.25, np.array([-5.0, -3.0, 2.0]))
    assert text == "D scores this -3.25, which is above 1 of 3 real examples."
