"""Initial weights depend only on the seed and the network; dropout draws from its own random generator."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.config.catalog import DISCRIMINATORS, GENERATORS
from gan_core.models.layers import Dropout
from gan_core.system.random_streams import stream


def changed(values: dict[str, Any]) -> TrainConfig:
    return TrainConfig().with_values(values)


def weights(network: nn.Module) -> list[Tensor]:
    """The weight of each linear and convolutional layer, in order."""
    kinds = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
    return [module.weight for module in network.modules() if isinstance(module, kinds)]


def same(a: nn.Module, b: nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_building_does_not_use_the_global_rng() -> None:
    before = torch.random.get_rng_state()
    models.build(changed({"generator.init": "torch", "discriminator.dropout": 0.5}))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_concurrent_builds_give_the_same_weights_as_sequential_ones() -> None:
    configs = [changed({"seed": seed, "generator.init": "torch"}) for seed in (1, 2)] * 8
    alone = [models.build(config) for config in configs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(models.build, configs))
    assert all(same(a, b) for one, other in zip(alone, together, strict=True) for a, b in zip(one, other, strict=True))


def test_weights_depend_on_the_seed() -> None:
    for one, other in zip(models.build(changed({"seed": 1})), models.build(changed({"seed": 2})), strict=True):
        assert not any(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.mark.parametrize(
    "values",
    [{"loss.name": "wasserstein", "penalty.name": "clip"}, {"optimizer_g.name": "sgd", "batch_size": 7, "epochs": 1}],
)
def test_weights_do_not_depend_on_loss_or_optimiser(values: dict[str, Any]) -> None:
    assert all(same(a, b) for a, b in zip(models.build(TrainConfig()), models.build(changed(values)), strict=True))


def test_the_discriminators_weights_do_not_depend_on_the_generator() -> None:
    other = changed({"generator.name": "mlp", "latent.dim": 10, "generator.dropout": 0.2})
    assert same(models.build(TrainConfig())[1], models.build(other)[1])


def test_generator_and_discriminator_have_different_random_streams() -> None:
    values = {"name": "mlp", "hidden": (64,)}
    both = {f"{role}.{key}": value for role in ("generator", "discriminator") for key, value in values.items()}
    generator, discriminator = models.build(changed(both | {"latent.dim": 784}))
    assert not torch.equal(weights(generator)[0], weights(discriminator)[0])


@pytest.mark.parametrize("values", [{"latent.dim": 10}, {"generator.norm": "none"}, {"generator.dropout": 0.2}])
def test_networks_that_differ_in_one_layer_share_the_weights_of_the_others(values: dict[str, Any]) -> None:
    one, other = models.build(TrainConfig())[0], models.build(changed(values))[0]
    pairs = list(zip(weights(one), weights(other), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs if a.shape == b.shape)
    assert sum(a.shape == b.shape for a, b in pairs) >= 2


@pytest.mark.parametrize("family", list(GENERATORS))
def test_normal_init_has_mean_0_the_given_deviation_and_zero_biases(family: str) -> None:
    values = {f"{role}.{key}": value for role in ("generator", "discriminator") for key, value in
              {"name": family, "init": "normal", "init_std": 0.05, "bias": "always"}.items()}  # fmt: skip
    if family not in DISCRIMINATORS:
        values["discriminator.name"] = "mlp"
    for network in models.build(changed(values)):
        for weight in weights(network):
            tolerance = 5 * 0.05 / math.sqrt(weight.numel())
            assert weight.mean().item() == pytest.approx(0, abs=tolerance)
            assert weight.std().item() == pytest.approx(0.05, abs=tolerance)
        rest = {name: tensor for name, tensor in network.state_dict().items() if tensor.dim() < 2}
        ones = {name for name, tensor in rest.items() if (tensor == 1).all()}  # scales and running variances
        zeros = {name for name, tensor in rest.items() if (tensor == 0).all()}  # biases, shifts and running means
        assert ones == {name for name in rest if name.endswith(("weight", "running_var"))}
        assert zeros == rest.keys() - ones


@pytest.mark.parametrize(
    ("role", "values"),
    [("generator", {}), ("discriminator", {}), ("generator", {"generator.name": "mlp", "generator.bias": "never"})],
)
def test_torch_init_equals_reset_parameters(role: str, values: dict[str, Any]) -> None:
    """PyTorch draws from its global generator, which is set to our stream for each layer."""
    network = models.build(changed(values | {f"{role}.init": "torch"}))[role == "discriminator"]
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    for k, layer in enumerate(layers):
        own = copy.deepcopy(layer)
        with torch.random.fork_rng(devices=[]):
            torch.random.set_rng_state(stream(0, f"{role} weights {k}").get_state())
            own.reset_parameters()
        for ours, theirs in zip(layer.parameters(), own.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)


@pytest.fixture
def _empty_memory_is_nan() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)  # torch.empty then fills with NaN, or the largest integer
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("_empty_memory_is_nan")
@pytest.mark.parametrize("init", ["torch", "normal"])
@pytest.mark.parametrize(("g", "d"), [(g, d) for g in GENERATORS for d in DISCRIMINATORS])
def test_every_parameter_and_buffer_is_initialized(g: str, d: str, init: str) -> None:
    values = {"generator.name": g, "discriminator.name": d, "generator.init": init, "discriminator.init": init}
    for network in models.build(changed(values | {"generator.bias": "always", "discriminator.norm_first": True})):
        for name, tensor in network.state_dict().items():
            assert tensor.isfinite().all(), name
            assert tensor.abs().max() < 10, name


def test_networks_can_be_deep_copied() -> None:
    generator, _ = models.build(changed({"generator.dropout": 0.2}))
    assert same(copy.deepcopy(generator), generator)


# ---- dropout ---------------------------------------------------------------------------------------------------------


def dropout(p: float, seed: int = 0) -> Dropout:
    layer = Dropout(p)
    models.set_rng(layer, torch.Generator().manual_seed(seed))
    return layer


def test_dropout_draws_only_from_its_rng() -> None:
    x, before = torch.ones(1000), torch.random.get_rng_state()
    first = dropout(0.5)(x)
    assert torch.equal(first, dropout(0.5)(x))
    assert not torch.equal(first, dropout(0.5, seed=1)(x))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_dropout_zeroes_the_given_share_and_keeps_the_mean() -> None:
    y = dropout(0.3)(torch.ones(100_000))
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert y.mean().item() == pytest.approx(1, abs=0.01)


def test_dropout_is_the_identity_in_evaluation_and_an_error_without_an_rng() -> None:
    x = torch.ones(10)
    assert dropout(0.9).eval()(x) is x
    with pytest.raises(RuntimeError, match="set_rng"):
        Dropout(0.5)(torch.ones(2))


def test_rebuilt_networks_have_the_same_dropout_masks() -> None:
    config, x = changed({"discriminator.dropout": 0.5}), torch.ones(4, 1, 28, 28)
    outputs = [models.build(config)[1](x) for _ in range(2)]
    assert torch.equal(*outputs)
