"""StyleGAN: the papers' formulas, style mixing and truncation."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.models.families.stylegan import ModulatedConv2d, StyleGenerator
from gan_core.training.memory_estimate import estimate_memory

STYLE = {"generator.name": "style", "generator.width": 4, "generator.init": "he"}


def build(**values: Any) -> nn.Module:
    """A style generator for digits; `build(data__size=8)` sets `data.size`."""
    return models.build(config_of(**values))[0]


def config_of(**values: Any) -> TrainConfig:
    return TrainConfig().with_values(STYLE | {key.replace("__", "."): value for key, value in values.items()})


def inner(generator: nn.Module) -> StyleGenerator:
    layers = generator.get_submodule("layers")
    assert isinstance(layers, StyleGenerator)
    return layers


def latents(n: int, dim: int = 64, seed: int = 0) -> Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))


# ---- the papers' formulas --------------------------------------------------------------------------------------------


def modulated(inputs: int, outputs: int, side: int, demodulate: bool) -> ModulatedConv2d:
    layer = ModulatedConv2d(5, inputs, outputs, side, demodulate).to_empty(device="cpu").double()
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(generator=rng)
    return layer


def by_the_paper(layer: ModulatedConv2d, x: Tensor, w: Tensor) -> Tensor:
    """Karras et al. (2020), equations 1 and 3: each sample is convolved with weights of its own, as one group."""
    n, inputs, *size = x.shape
    s = 1 + layer.affine(w)
    weights = s[:, None, :, None, None] * layer.convolution.weight  # (N, outputs, inputs, side, side)
    if layer.demodulate:
        weights = weights / torch.sqrt(weights.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    side = weights.shape[-1]
    y = F.conv2d(x.reshape(1, n * inputs, *size), weights.flatten(0, 1), padding=side // 2, groups=n)
    y = y.view(n, -1, *size)
    return y if layer.convolution.bias is None else y + layer.convolution.bias[:, None, None]


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize(("inputs", "outputs", "side"), [(3, 4, 3), (4, 4, 1), (1, 7, 3)])
def test_modulated_conv_agrees_with_the_grouped_convolution_of_the_paper(
    inputs: int, outputs: int, side: int, demodulate: bool
) -> None:
    layer = modulated(inputs, outputs, side, demodulate)
    random = torch.Generator().manual_seed(2)
    x = torch.randn(6, inputs, 9, 9, dtype=torch.float64, generator=random)
    w = torch.randn(6, 5, dtype=torch.float64, generator=random)
    ours, theirs = layer(x, w), by_the_paper(layer, x, w)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    parameters = list(layer.parameters())
    for one, other in zip(
        torch.autograd.grad(ours.square().sum(), parameters),
        torch.autograd.grad(theirs.square().sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_demodulation_gives_every_channel_unit_variance_for_any_style() -> None:
    layer = modulated(64, 8, 3, demodulate=True)
    random = torch.Generator().manual_seed(2)
    x = torch.randn(1, 64, 200, 200, dtype=torch.float64, generator=random)
    for size in (0.1, 10.0):
        y = layer(x, size * torch.randn(1, 5, dtype=torch.float64, generator=random))
        assert y.std(dim=(0, 2, 3)).tolist() == pytest.approx([1] * 8, abs=0.05)


def test_the_length_of_z_has_no_effect() -> None:
    generator, z = build().eval(), latents(3)
    torch.testing.assert_close(generator(z), generator(7 * z))


def test_the_mapping_network_has_the_configured_depth() -> None:
    for layers in (1, 8):
        mapping = inner(build(generator__mapping=layers)).mapping
        assert sum(isinstance(module, nn.Linear) for module in mapping.modules()) == layers


# ---- pictures --------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(st.data(), st.integers(8, 128), st.sampled_from([1, 3]))
def test_images_of_any_side_from_8_to_128(data: st.DataObject, side: int, channels: int) -> None:
    depth = data.draw(st.integers(1, int(math.log2(side // 2))))
    config = config_of(data__name="folder", data__size=side, data__channels=channels, generator__depth=depth)
    generator, _ = models.build_meta(config)
    models.set_rng(generator, torch.Generator())
    for mode in (True, False):
        samples = generator.train(mode)(torch.empty(3, config.latent.dim, device="meta"))
        assert samples.shape == (3, *config.shape)
    assert inner(generator).layers == 1 + 2 * depth


def test_memory_is_estimated_on_meta() -> None:
    small, large = (estimate_memory(config_of(generator__width=width)) for width in (4, 64))
    assert 0 < small < large


def test_evaluation_is_deterministic() -> None:
    generator, z = build(), latents(8)
    _strengthen(generator)
    generator.eval()
    first = generator(z)
    assert torch.equal(generator(z), first)
    generator.train()(latents(8, seed=1))
    assert torch.equal(generator.eval()(z), first)
    torch.testing.assert_close(generator(z[2:3]), first[2:3])


def test_evaluation_needs_no_rng_and_ignores_style_mixing() -> None:
    pictures = []
    for share in (0.0, 1.0):
        generator = build(generator__style_mixing=share).eval()
        for module in generator.modules():
            if isinstance(module, models.StochasticLayer):
                module._rng = None
        pictures.append(generator(latents(8)))
    assert torch.equal(*pictures)


def test_a_deep_copy_gives_the_same_images() -> None:
    generator = build()
    assert torch.equal(copy.deepcopy(generator).eval()(latents(4)), generator.eval()(latents(4)))


def test_bfloat16_changes_images_only_slightly() -> None:
    generator = build().eval()
    _strengthen(generator)
    exact = generator(latents(8))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = generator(latents(8))
        generator.train()(latents(8)).float().mean().backward()
    assert (rounded - exact).abs().mean() < 0.02
    assert all(parameter.grad.isfinite().all() for parameter in generator.parameters() if parameter.grad is not None)


def test_every_parameter_gets_a_gradient() -> None:
    generator = build(condition__name="projection")
    _strengthen(generator)
    generator(latents(16), torch.arange(16) % 10).square().sum().backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


# ---- noise and style mixing ------------------------------------------------------------------------------------------


def _strengthen(generator: nn.Module) -> None:
    """Let the noise count, as it does after some training."""
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(0.5)


def seeded(generator: nn.Module, seed: int) -> nn.Module:
    models.set_rng(generator, torch.Generator().manual_seed(seed))
    return generator


def test_training_noise_changes_with_every_call_once_its_strength_is_not_0() -> None:
    generator, z = build(generator__style_mixing=0), latents(4)
    assert torch.equal(generator(z), generator(z))  # the strength begins at 0
    _strengthen(generator)
    assert not torch.equal(generator(z), generator(z))


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_training_draws_only_from_its_rng(strength: float) -> None:
    generator, z, before = build(generator__style_mixing=0.5), latents(16), torch.random.get_rng_state()
    if strength:
        _strengthen(generator)
    first = seeded(generator, 1)(z)
    assert torch.equal(seeded(generator, 1)(z), first)
    assert not torch.equal(seeded(generator, 2)(z), first)
    assert torch.equal(torch.random.get_rng_state(), before)


def styles_seen(generator: nn.Module, z: Tensor, y: Tensor | None = None) -> Tensor:
    """The styles (N, layers, W) that the pictures of a training step are made with."""
    layers, seen = inner(generator), []
    layers.synthesise = lambda styles: seen.append(styles)  # type: ignore[method-assign,assignment,return-value]
    generator(z, y)
    return seen[0]


def test_style_mixing_switches_to_another_sample_at_a_random_layer() -> None:
    n = 4000
    generator = seeded(build(generator__style_mixing=0.5, generator__depth=2), 0)
    z = latents(n)
    own = inner(generator).map(z)
    seen = styles_seen(generator, z)
    from_own, from_other = ((seen == w[:, None]).all(dim=2) for w in (own, own.roll(1, 0)))
    assert (from_own ^ from_other).all()
    assert (from_other.long().diff(dim=1) >= 0).all()  # never back to the own style
    handed_over = from_other.sum(dim=1).bincount(minlength=6) / n
    assert handed_over[5] == 0
    assert handed_over.tolist() == pytest.approx([0.5, 0.125, 0.125, 0.125, 0.125, 0], abs=0.03)


def test_style_mixing_keeps_the_class() -> None:
    generator = build(generator__style_mixing=1, condition__name="projection")
    z, y = latents(10), torch.arange(10)
    seen = styles_seen(generator, z, y)
    mixed = inner(generator).map(generator.inputs(z.roll(1, 0), y))  # type: ignore[operator]
    torch.testing.assert_close(seen[:, -1], mixed)


# ---- styles ----------------------------------------------------------------------------------------------------------


def trained(**values: Any) -> nn.Module:
    """A generator after many updates of its mean style."""
    generator = build(**values)
    with torch.no_grad():
        for seed in range(1000):
            generator(latents(16, seed=seed))
    return generator


def test_synthesis_from_equal_styles_gives_the_sample() -> None:
    generator, z = build().eval(), latents(5)
    layers = inner(generator)
    styles = layers.map(z)[:, None].repeat(1, layers.layers, 1)
    assert torch.equal(layers.synthesise(styles), generator(z))


def test_the_style_of_every_layer_changes_the_image() -> None:
    layers = inner(build()).eval()
    styles = layers.map(latents(1))[:, None].repeat(1, layers.layers, 1)
    whole = layers.synthesise(styles)
    for k in range(layers.layers):
        changed = styles.clone()
        changed[:, k] = layers.map(latents(1, seed=1))
        assert not torch.equal(layers.synthesise(changed), whole)


def test_the_mean_style_is_updated_only_in_training() -> None:
    generator = trained(data__name="folder", data__size=8, generator__depth=1)
    layers = inner(generator)
    mean = layers.map(latents(20_000, seed=-1)).mean(dim=0)
    assert (layers.w_mean - mean).abs().max() < 0.1 * mean.abs().max()
    before = layers.w_mean.clone()
    generator.eval()(latents(16))
    assert torch.equal(layers.w_mean, before)


def test_truncation_1_keeps_the_style_and_0_gives_the_mean_image() -> None:
    layers = inner(trained(data__name="folder", data__size=8, generator__depth=1)).eval()
    w = layers.map(latents(6))
    assert torch.equal(layers.truncate(w, 1), w)
    assert torch.equal(layers.truncate(w, 0), layers.w_mean.expand(6, -1))
    torch.testing.assert_close(layers.truncate(w, 0.7), layers.w_mean + 0.7 * (w - layers.w_mean))
    pictures = layers.synthesise(layers.truncate(w, 0)[:, None].expand(-1, layers.layers, -1))
    mean_picture = layers.synthesise(layers.w_mean.expand(1, layers.layers, -1))
    torch.testing.assert_close(pictures, mean_picture.expand_as(pictures))
