"""A comparison gives each variant what it needs, and names what else may explain a difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gan_core import compare, presets
from gan_core.compare import Axis, Comparison, StudyStore, Variant, fairness, learning_rates
from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from ui.compare import add, axes, custom_plan

RING, DIGITS = presets.load("ring8"), presets.load("mnist-quick")
LR = ("optimizer_g.lr", "optimizer_d.lr")


def plan(base: TrainConfig, keys: tuple[str, ...], values: list[Any]) -> Comparison:
    """A comparison as the form makes it."""
    return compare.comparison(base=base, axes=[axes.axis(base, keys, values)], steps=1000)


@pytest.mark.parametrize("base", [RING, DIGITS], ids=["points", "images"])
@pytest.mark.parametrize("keys", [axes.OPTIMIZERS, *((key,) for key in axes.OPTIMIZERS)], ids=str)
def test_optimisers_get_their_rates_from_one_source(base: TrainConfig, keys: tuple[str, ...]) -> None:
    for names in (["adam", "adamw", "sgd"], ["adam", "nadam"], ["sgd", "radam", "adamax"]):
        made = plan(base, keys, names)
        rates = {(name, variant.values[key.replace(".name", ".lr")]) for key in keys
                 for variant, name in zip(made.variants, names, strict=True)}  # fmt: skip
        source = learning_rates.source(rates)
        assert source is not None
        assert fairness.rates(made).endswith(f"Each is {source}.")
        if source == learning_rates.DOCUMENTED:
            assert all(f"({OPTIMIZERS[name].lr_source})" in fairness.rates(made) for name in names)
        assert all(OPTIMIZERS[name].label in fairness.rates(made) for name in names)
        assert not [text for text in fairness.confounds(made) if "rate" in text]


def test_the_rate_of_every_optimiser_has_a_source() -> None:
    assert all(entry.lr_source for entry in OPTIMIZERS.values())


def test_one_rate_for_all_optimisers_is_named_and_kept_for_one_that_is_added(tmp_path: Path) -> None:
    made = compare.comparison(base=RING, axes=[axes.axis(RING, axes.OPTIMIZERS, ["adam", "sgd"], rate=0.3)])
    assert {variant.values[key] for variant in made.variants for key in LR} == {0.3}
    assert fairness.rates(made) == "All optimisers have the same learning rate, 0.3."
    assert any("may suit only some" in text for text in fairness.confounds(made))
    study = StudyStore(tmp_path).create(made)
    assert add._variant(study, made.axes[0], {axes.OPTIMIZERS: "rmsprop"}).values[LR[0]] == 0.3


def test_the_form_first_offers_optimisers_of_equally_tuned_rates() -> None:
    offered = custom_plan._preferred(axes.OPTIMIZERS, list(OPTIMIZERS))
    assert offered[0] == "adam"
    assert "adamw" not in offered  # without weight decay it is Adam
    assert set(offered) <= set(learning_rates.searched_rates())


def test_an_optimiser_that_is_added_gets_the_rate_of_the_same_source(tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan(RING, axes.OPTIMIZERS, ["adam", "sgd"]))
    for name, rate in (("rmsprop", 0.001), ("radam", OPTIMIZERS["radam"].lr)):
        variant = add._variant(study, study.comparison.axes[0], {axes.OPTIMIZERS: name})
        assert [variant.values[key] for key in LR] == [rate, rate]
        mixed = study.comparison.with_variant(variant)
        assert bool(fairness.confounds(mixed)) == (name == "radam")  # the search has not tried it


def test_a_tuned_optimiser_beside_an_untuned_one_is_named() -> None:
    tuned = {"adam": 0.002, "nadam": 2e-4}
    variants = [
        Variant(id=name, title=name, values={f"optimizer_{side}.name": name for side in "gd"} | dict.fromkeys(LR, rate))
        for name, rate in tuned.items()
    ]
    unfair = compare.comparison(base=RING, axes=[Axis(title="optimiser", variants=tuple(variants))])
    assert "one optimiser may be tuned better" in fairness.confounds(unfair)[0]
    same = compare.comparison(base=RING, axes=[Axis.of(axes.OPTIMIZERS, ["adam", "sgd"])])
    assert "may suit only some of them" in fairness.confounds(same)[0]


@pytest.mark.parametrize(
    ("base", "keys", "values", "named"),
    [
        (RING, ("batch_size",), [64, 256], "64,000 to 256,000 real examples"),
        (RING, ("n_critic",), [1, 5], "256,000 to 1,280,000 real examples"),
        (DIGITS, ("loss.name",), ["non-saturating", "wasserstein"], "penalty.name"),
        (presets.load("wgan-mnist"), ("penalty.name",), ["clip", "none"], "needs penalty.name clip or gradient-pen"),
        (RING, axes.OPTIMIZERS, ["adam", "adamw"], "same optimiser while weight_decay is 0"),
    ],
)
def test_what_else_differs_is_named(base: TrainConfig, keys: tuple[str, ...], values: list[Any], named: str) -> None:
    (sentence,) = fairness.confounds(plan(base, keys, values))
    assert named in sentence


@pytest.mark.parametrize("keys", [("latent.dim",), LR, ("penalty.weight",), ("optimizer_g.beta1", "optimizer_d.beta1")])
def test_one_setting_at_two_values_is_fair(keys: tuple[str, ...]) -> None:
    assert fairness.confounds(plan(RING, keys, [RING.value(keys[0]), 3 if keys[0] == "latent.dim" else 0.25])) == []


def test_a_variant_brings_what_it_needs() -> None:
    critic = plan(DIGITS, ("loss.name",), ["hinge", "wasserstein"]).variants[1].applied_to(DIGITS)
    assert critic.penalty.name == "gradient-penalty"
    plain = DIGITS.with_values({"generator.bias": "never", "generator.norm": "batch"})
    assert plan(plain, ("generator.norm",), ["batch", "none"]).variants[1].applied_to(plain).generator.bias == "auto"
    clipped = presets.load("wgan-mnist")
    assert plan(clipped, ("penalty.name",), ["clip", "none"]).variants[1].applied_to(clipped).penalty.name == "none"


def test_whole_experiments_are_named_as_such_and_other_shipped_comparisons_are_fair() -> None:
    for name in compare.names():
        found = fairness.confounds(compare.get(name))
        assert [text.startswith("Whole experiments") for text in found[:1]] == [True] * (name == "gan-dcgan-wgan")
