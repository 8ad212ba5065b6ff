"""A discriminator without biases, which cannot judge contrast, is named; every other one is not."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch

from gan_core import models, presets
from gan_core.config import TrainConfig
from gan_core.diagnosis import diagnose
from gan_core.diagnosis.network_failures import is_homogeneous
from gan_core.presets.follow_ups import apply_changes
from tests.diagnosis.test_diagnosis import history, ids, sample_stats
from tests.support.small import DIGITS, POINTS

PARTS: dict[str, tuple[Any, ...]] = {
    "discriminator.bias": ("never", "auto"),
    "discriminator.norm": ("none", "batch"),
    "discriminator.activation": ("leaky-relu", "relu", "tanh", "elu"),
    "discriminator.head": ("linear", "gaussian-mixture"),
    "discriminator.batch_layer": ("none", "minibatch-stddev", "minibatch-discrimination"),
    "condition.name": ("none", "embedding", "projection"),
}
FAMILIES = {
    "dcgan": DIGITS,
    "mlp": DIGITS.with_values({"discriminator.name": "mlp", "discriminator.hidden": (8,)}),
    "upsampling": DIGITS.with_values({"discriminator.name": "upsampling", "data.size": 32, "generator.depth": 1}),
    "resnet": DIGITS.with_values({"discriminator.name": "resnet"}),
}


@torch.no_grad()
def halves_with_the_contrast(config: TrainConfig) -> bool:
    """Whether D's logit of half a sample is half its logit, for random weights and samples."""
    network = models.build(config)[1].eval()
    for parameter in network.parameters():  # also biases, which begin at zero
        parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(parameter.numel()))
    x = torch.empty(8, *config.shape).normal_(generator=torch.Generator().manual_seed(0))
    y = torch.arange(8) if config.classes else None
    return torch.allclose(network(x / 2, y), network(x, y) / 2, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_exactly_the_homogeneous_discriminators_are_recognised(family: str) -> None:
    for values in product(*PARTS.values()):
        changes = dict(zip(PARTS, values, strict=True))
        if sum(value != options[0] for value, options in zip(values, PARTS.values(), strict=True)) > 1:
            continue  # one difference from a homogeneous network at a time
        if family == "upsampling" and changes["discriminator.batch_layer"] == "minibatch-discrimination":
            continue  # features so far apart that this layer returns zeros
        config = FAMILIES[family].with_values(changes)
        assert is_homogeneous(config) == halves_with_the_contrast(config), changes


def test_a_discriminator_without_biases_is_named_in_a_run() -> None:
    quick = presets.load("dcgan-sprites")
    blind = quick.with_values({"discriminator.norm": "none"})
    (finding,) = diagnose(blind, history(), sample_stats(js=None))
    assert finding.id == "blind-to-contrast"
    assert all(remedy.needs_new_run for remedy in finding.remedies)
    for remedy in finding.remedies:
        assert not is_homogeneous(blind.with_values(remedy.values))
    assert "blind-to-contrast" in ids(
        diagnose(POINTS.with_values({"discriminator.bias": "never", "discriminator.norm": "none"}), history(), ())
    )
    followed, _ = apply_changes(quick, {"discriminator.norm": "none"})
    assert not is_homogeneous(followed)


def test_no_shipped_preset_has_such_a_discriminator() -> None:
    assert not [name for name in presets.names() if is_homogeneous(presets.load(name))]
