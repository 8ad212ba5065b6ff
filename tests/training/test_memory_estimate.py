"""The memory that training a config will need, told before it is spent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core import losses, models
from gan_core.config import TrainConfig
from gan_core.losses import penalties
from gan_core.training import optimizers
from gan_core.training.memory_estimate import estimate_memory

MLP = {"generator.name": "mlp", "discriminator.name": "mlp"}


def config_of(**sections: dict[str, Any]) -> TrainConfig:
    """`config_of(generator={"name": "mlp"})`: the default config with these settings."""
    return TrainConfig().with_values(
        {f"{s}.{key}": value for s, keys in sections.items() for key, value in keys.items()}
    )


def changed(values: dict[str, Any]) -> TrainConfig:
    return TrainConfig().with_values(values)


def test_memory_of_one_linear_layer_is_what_arithmetic_says() -> None:
    linear = config_of(
        data={"name": "ring8"},
        latent={"dim": 3},
        generator={"name": "mlp", "hidden": (), "output": "linear"},
        discriminator={"name": "mlp", "hidden": ()},
    )
    parameters = (3 * 2 + 2) + (2 + 1)
    fixed = parameters * 4  # a weight, its gradient and Adam's two averages
    at_32, at_64 = (estimate_memory(linear.with_values({"batch_size": n})) for n in (32, 64))
    assert 2 * at_32 - at_64 == 4 * fixed  # what does not grow with the batch, in bytes
    plain = linear.with_values({"optimizer_g.name": "sgd", "optimizer_d.name": "sgd"})
    assert estimate_memory(linear) - estimate_memory(plain) == 4 * 2 * parameters
    averaged = linear.with_values({"ema_decay": 0.999})
    assert estimate_memory(averaged) - estimate_memory(linear) == 4 * (3 * 2 + 2)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"penalty.name": "gradient-penalty", "discriminator.norm": "none"},
        {"optimizer_d.name": "sgd", "optimizer_g.name": "rmsprop", "batch_size": 256},
        MLP | {"discriminator.dropout": 0.3, "batch_size": 1024},
        MLP | {"data.name": "ring8", "batch_size": 4096, "penalty.name": "r1"},
    ],
    ids=["dcgan", "gradient penalty", "large batch", "mlp with dropout", "points with r1"],
)
def test_estimated_memory_is_within_a_factor_of_two_of_what_training_allocates(
    values: dict[str, Any], tmp_path: Path
) -> None:
    config = changed(values)
    assert 0.5 < estimate_memory(config) / allocated_by_training(config, tmp_path / "trace.json") < 2


def allocated_by_training(config: TrainConfig, trace: Path) -> int:
    """The most bytes that torch's allocator held at once in two training steps."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        generator, discriminator = models.build(config)
        optimizer_g = optimizers.build(config.optimizer_g, generator.parameters())
        optimizer_d = optimizers.build(config.optimizer_d, discriminator.parameters())
        loss, penalty, chance = losses.get(config.loss.name), penalties.get(config.penalty), torch.Generator()
        z, real = torch.zeros(config.batch_size, config.latent.dim), torch.zeros(config.batch_size, *config.shape)
        for _ in range(2):
            optimizer_d.zero_grad()
            fake = generator(z).detach()
            term = penalty.term(discriminator, real, fake, penalty.draw(real, chance))
            loss_d = loss.discriminator(discriminator(real), discriminator(fake))
            (loss_d if term is None else loss_d + term).backward(inputs=list(discriminator.parameters()))
            optimizer_d.step()
            del fake, term, loss_d
            optimizer_g.zero_grad()
            loss.generator(discriminator(generator(z))).backward(inputs=list(generator.parameters()))
            optimizer_g.step()
    profiler.export_chrome_trace(str(trace))
    events = [
        event["args"] for event in json.loads(trace.read_text())["traceEvents"] if event.get("name") == "[memory]"
    ]
    held = [event["Total Allocated"] for event in events if event["Device Type"] == 0]
    return max(held) - min(held)


def test_a_run_far_too_large_for_any_machine_is_estimated_without_being_built() -> None:
    huge = {"data.name": "folder", "data.size": 128, "generator.width": 512, "generator.depth": 6, "batch_size": 8192}
    assert estimate_memory(changed(huge)) > 100e9
