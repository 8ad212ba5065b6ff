"""Batch layers, heads, conditions and spectral norm agree with plain loops that follow their papers."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.config.catalog import BATCH_LAYERS, CONDITIONS, HEADS
from gan_core.models.batch_layers import MinibatchDiscrimination, MinibatchStdDev
from gan_core.models.heads import GaussianMixture
from gan_core.models.modes import evaluating
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS

EXACT = {"rtol": 1e-10, "atol": 1e-10}
few = settings(max_examples=20, deadline=None)
sizes = given(n=st.integers(2, 6), features=st.integers(1, 5), seed=st.integers(0, 1000))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=rng(seed))


def randomized(layer: nn.Module, seed: int = 0) -> nn.Module:
    """The layer on the CPU in float64 with random parameters."""
    layer = layer.to_empty(device="cpu").double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, 0, 0.5, generator=rng(seed))
    return layer


def check_derivatives(layer: nn.Module, network: Callable[[Tensor], Tensor], x: Tensor, fast: bool = False) -> None:
    """Compare the network's first and second derivatives, by x and by the layer's weights, with finite differences."""
    inputs = (x.requires_grad_(), *layer.parameters())

    def call(x: Tensor, *_: Tensor) -> Tensor:
        return network(x)

    assert torch.autograd.gradcheck(call, inputs, fast_mode=fast)
    assert torch.autograd.gradgradcheck(call, inputs, fast_mode=fast)


# ---- batch layers ----------------------------------------------------------------------------------------------------


@few
@sizes
def test_minibatch_discrimination_agrees_with_plain_loops(n: int, features: int, seed: int) -> None:
    layer = randomized(MinibatchDiscrimination(features, kernels=3, dimensions=2), seed)
    x = numbers(n, features, seed=seed)
    rows = [torch.einsum("f,fbc->bc", x[i], layer.transform) for i in range(n)]  # type: ignore[arg-type]
    expected = torch.zeros(n, 3, dtype=torch.float64)
    for i in range(n):
        for j in range(n):
            for b in range(3):
                if i != j:
                    expected[i, b] += math.exp(-(rows[i][b] - rows[j][b]).abs().sum().item())
    torch.testing.assert_close(layer(x), torch.cat((x, expected), dim=1), **EXACT)


@few
@sizes
def test_minibatch_std_dev_agrees_with_plain_loops(n: int, features: int, seed: int) -> None:
    x = numbers(n, features, seed=seed)
    total = 0.0
    for column in x.T.tolist():
        mean = sum(column) / n
        total += math.sqrt(sum((value - mean) ** 2 for value in column) / n + 1e-8)
    found = MinibatchStdDev(features)(x)
    torch.testing.assert_close(found[:, :features], x)
    expected = torch.full((n,), total / features, dtype=torch.float64)
    torch.testing.assert_close(found[:, features], expected, **EXACT)


def test_batch_layers_separate_a_collapsed_batch_from_a_varied_one() -> None:
    varied = numbers(8, 4)
    collapsed = varied[:1].expand(8, 4)
    assert MinibatchStdDev(4)(collapsed)[0, -1] < 0.01 < MinibatchStdDev(4)(varied)[0, -1]
    layer = randomized(MinibatchDiscrimination(4))
    torch.testing.assert_close(layer(collapsed)[:, 4:], torch.full((8, 16), 7.0).double())
    assert (layer(varied)[:, 4:] < 7).all()


# ---- heads -----------------------------------------------------------------------------------------------------------


@few
@sizes
def test_the_mixture_head_agrees_with_torch_distributions(n: int, features: int, seed: int) -> None:
    head = randomized(GaussianMixture(features, bias=True, components=3, dimensions=4), seed)
    x = numbers(n, features, seed=seed)
    weights, means, scales = head.log_weights, head.means, head.log_scales.exp()  # type: ignore[operator]
    mixture = MixtureSameFamily(Categorical(logits=weights), Independent(Normal(means, scales), 1))  # type: ignore[arg-type]
    torch.testing.assert_close(head(x), mixture.log_prob(head.embed(x)) / 4, **EXACT)  # type: ignore[operator]


@pytest.mark.parametrize(
    "layer",
    [
        MinibatchDiscrimination(3, kernels=2, dimensions=2),
        MinibatchStdDev(3),
        GaussianMixture(3, bias=True, components=2, dimensions=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_have_second_derivatives(layer: nn.Module) -> None:
    layer = randomized(layer)
    check_derivatives(layer, layer, numbers(3, 3))


# ---- conditions ------------------------------------------------------------------------------------------------------


def conditional(name: str, /, **values: Any) -> tuple[nn.Module, nn.Module]:
    values = {f"discriminator.{key}": value for key, value in values.items()}
    config = DIGITS.with_values({"condition.name": name, "condition.dim": 3, "discriminator.norm": "none"} | values)
    generator, discriminator = models.build(config)
    return generator.double(), discriminator.double()


def test_projection_adds_the_product_of_features_and_class_embedding() -> None:
    _, d = conditional("projection")
    x, y = numbers(5, 1, 28, 28), torch.tensor([3, 1, 4, 1, 5])
    phi = d.get_submodule("features")(x)
    psi, vectors = d.get_submodule("head")(phi), d.get_parameter("condition.vectors.weight")
    expected = [sum(v * f for v, f in zip(vectors[k].tolist(), phi[i].tolist(), strict=True)) + psi[i].item()
              for i, k in enumerate(y.tolist())]  # fmt: skip
    torch.testing.assert_close(d(x, y), torch.tensor(expected, dtype=torch.float64), **EXACT)


def test_the_embedding_condition_adds_an_input_channel() -> None:
    _, d = conditional("embedding")
    x, y = numbers(3, 1, 28, 28), torch.tensor([2, 7, 7])
    vectors = d.get_parameter("condition.embedding.weight")
    spread, bias = (d.get_parameter(f"condition.spread.{name}") for name in ("weight", "bias"))
    planes = torch.stack([(spread @ vectors[k] + bias).reshape(1, 28, 28) for k in y])
    expected = d.get_submodule("head")(d.get_submodule("features")(torch.cat((x, planes), dim=1)))
    torch.testing.assert_close(d(x, y), expected, **EXACT)


def test_a_conditional_generator_gets_z_and_the_class_embedding() -> None:
    g, _ = conditional("projection")
    z, y = numbers(4, 8), torch.tensor([0, 9, 9, 2])
    seen = torch.stack([torch.cat((z[i], g.get_parameter("embedding.weight")[k])) for i, k in enumerate(y)])
    torch.testing.assert_close(g(z, y), g.get_submodule("layers")(seen), **EXACT)


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name != "none"])
def test_conditions_have_second_derivatives(name: str) -> None:
    _, d = conditional(name, name="mlp", hidden=(2,), activation="tanh")
    condition, y = d.get_submodule("condition"), torch.tensor([0, 3])
    check_derivatives(condition, lambda x: d(x, y), numbers(2, 1, 28, 28), fast=True)


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name != "none"])
def test_a_conditional_network_requires_the_class(name: str) -> None:
    for network, x in zip(conditional(name), (numbers(2, 8), numbers(2, 1, 28, 28)), strict=True):
        with pytest.raises(ValueError, match="pass the class"):
            network(x)


def test_fakes_for_d_have_the_classes_of_the_real_batch() -> None:
    trainer = Trainer(DIGITS.with_values({"condition.name": "projection"}), "cpu")
    classes: list[Tensor] = []
    for network in (trainer.generator, trainer.discriminator):
        network.register_forward_hook(lambda network, inputs, outputs: classes.append(inputs[1]))
    ahead = copy.deepcopy(trainer.batches)
    trainer.step("d")
    _, y = ahead.next()
    assert len(classes) == 3  # G, then D on real and on fake samples
    assert all(torch.equal(labels, y) for labels in classes)


def test_fakes_for_g_have_the_class_frequencies_of_the_data() -> None:
    trainer = Trainer(DIGITS.with_values({"condition.name": "projection", "batch_size": 4000}), "cpu")
    classes: list[Tensor] = []
    trainer.generator.register_forward_hook(lambda network, inputs, outputs: classes.append(inputs[1]))
    trainer.step("g")
    assert trainer.labels is not None
    expected = trainer.labels.bincount(minlength=10) / len(trainer.labels)
    torch.testing.assert_close(classes[0].bincount(minlength=10) / 4000, expected, atol=0.02, rtol=0)


# ---- spectral normalisation ------------------------------------------------------------------------------------------


def spectral(**values: Any) -> TrainConfig:
    return DIGITS.with_values({"discriminator.spectral": True, "generator.spectral": True, **values})


def as_matrix(layer: nn.Module) -> Tensor:
    """The weight (out, in) that is applied; torch holds a transposed convolution's as (in, out, ...)."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return (weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight).flatten(1)


def weighted(network: nn.Module) -> list[nn.Module]:
    kinds = nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding
    return [module for module in network.modules() if isinstance(module, kinds)]


@pytest.mark.parametrize("condition", list(CONDITIONS))
def test_spectral_norm_divides_every_layer_by_its_largest_singular_value(condition: str) -> None:
    for network in models.build(spectral(**{"condition.name": condition, "condition.dim": 4})):
        for layer in weighted(network.double()):
            original = copy.deepcopy(layer.parametrizations.weight.original)  # type: ignore[union-attr]
            for _ in range(3000):
                _ = layer.weight  # each access is a step of the power iteration
            with evaluating(network):
                found = as_matrix(layer)
            assert torch.linalg.svdvals(found)[0].item() == pytest.approx(1, abs=1e-6)
            assert torch.equal(layer.parametrizations.weight.original, original)  # type: ignore[union-attr]


def test_a_new_network_is_normalized_at_once_without_the_global_rng() -> None:
    before = torch.random.get_rng_state()
    for network in models.build(spectral()):
        assert all(0.9 < torch.linalg.svdvals(as_matrix(layer))[0] < 1.2 for layer in weighted(network))
        assert len(weighted(network)) == 3
    assert torch.equal(torch.random.get_rng_state(), before)


def test_spectral_norm_is_the_same_under_bfloat16() -> None:
    _, d = models.build(spectral())
    with evaluating(d):
        plain = [as_matrix(layer) for layer in weighted(d)]
        with torch.autocast("cpu", torch.bfloat16):
            assert all(torch.equal(as_matrix(layer), one) for layer, one in zip(weighted(d), plain, strict=True))


def test_evaluation_does_not_advance_the_power_iteration() -> None:
    g, _ = models.build(spectral())
    before = copy.deepcopy(g.state_dict())
    with evaluating(g):
        g(torch.zeros(2, 8))
    assert all(torch.equal(value, before[key]) for key, value in g.state_dict().items())


def test_a_spectral_generator_with_ema_resumes_exactly() -> None:
    config = spectral(ema_decay=0.9)
    one, other = Trainer(config, "cpu"), Trainer(config, "cpu")
    for _ in range(2):
        one.step()
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    assert torch.equal(one.generate(3), other.generate(3))
    assert torch.equal(one.step().values, other.step().values)


# ---- combinations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["none", "clip", "gradient-penalty", "r1"])
@pytest.mark.parametrize("layer", list(BATCH_LAYERS))
@pytest.mark.parametrize("head", list(HEADS))
def test_every_head_and_batch_layer_trains_under_every_penalty(head: str, layer: str, penalty: str) -> None:
    values = {"discriminator.head": head, "discriminator.batch_layer": layer, "penalty.name": penalty}
    trainer = Trainer(POINTS.with_values(values | {"discriminator.spectral": True}), "cpu")
    trainer.step()
    assert trainer.step().values.isfinite().all()
    assert estimate_memory(trainer.config) > 0
