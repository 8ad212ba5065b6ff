"""Real samples and fakes pass D together where that is the same: only where D judges each sample alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gan_core import models, presets
from gan_core.config import TrainConfig
from gan_core.models.batch_layers import is_samplewise
from gan_core.system.random_streams import stream

ALONE = ("ring8", "gaussian-2d", "mlp-mnist", "wgan-gp-mnist")
TOGETHER: tuple[dict[str, Any], ...] = (
    {"discriminator.norm": "batch", "discriminator.norm_first": True},
    {"discriminator.dropout": 0.3},
    {"discriminator.spectral": True},
    {"discriminator.batch_layer": "minibatch-stddev"},
    {"discriminator.batch_layer": "minibatch-discrimination"},
    {"local_pairs": 1},
)


def in_one_and_in_two(config: TrainConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """D's logits of real samples and fakes, in one batch; and the same in a batch each, by a D like it."""
    random = stream(0, "samples")
    real, fake = (torch.empty(4, *config.shape).uniform_(-1, 1, generator=random) for _ in range(2))
    one, two = (models.build(config)[1].train() for _ in range(2))
    with torch.no_grad():
        return one(torch.cat((real, fake))), torch.cat((two(real), two(fake)))


@pytest.mark.parametrize("name", ALONE)
def test_a_discriminator_that_judges_alone_says_the_same_of_two_batches_in_one(name: str) -> None:
    config = presets.load(name)
    assert is_samplewise(models.build(config)[1])
    torch.testing.assert_close(*in_one_and_in_two(config))


@pytest.mark.parametrize("values", TOGETHER, ids=str)
def test_one_that_looks_at_the_batch_or_draws_or_counts_does_not(values: dict[str, Any]) -> None:
    config = presets.load("ring8").with_values(values)
    assert not is_samplewise(models.build(config)[1])
    one, two = in_one_and_in_two(config)
    assert one.shape != two.shape or not torch.allclose(one, two)
