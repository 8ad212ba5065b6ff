"""Channels last: another order of the numbers in memory, the same training up to rounding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gan_core import models, presets
from gan_core.acceleration.ops import memory_format
from gan_core.models.network import Discriminator
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS

# Adam would make whole steps of what is rounded, and large steps blow it up.
SGD = {"optimizer_d.name": "sgd", "optimizer_g.name": "sgd", "optimizer_d.lr": 1e-3, "optimizer_g.lr": 1e-3}
FAMILIES: dict[str, dict[str, Any]] = {
    "dcgan": {},
    "resnet": {"generator.name": "resnet", "discriminator.name": "resnet"},
    "spectral": {"discriminator.spectral": True},
    "gradient penalty": {"penalty.name": "gradient-penalty", "discriminator.norm": "none", "loss.name": "wasserstein"},
}
NARROW = {"generator.width": 4, "discriminator.width": 4}
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def trained(values: dict[str, Any], device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """The values of the last of three steps, and samples after it."""
    trainer = Trainer(DIGITS.with_values(SGD | values), device)
    with torch.backends.cudnn.flags(allow_tf32=False):  # which rounds to 10 bits, in either layout otherwise
        for _ in range(3):
            record = trainer.step()
        return record.values.cpu(), trainer.generate(4)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, cuda])])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_trains_alike(family: str, device: str) -> None:
    values = FAMILIES[family]
    for ours, theirs in zip(trained(values | {"channels_last": True}, device), trained(values, device), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_every_convolution_gets_channels_last_and_keeps_its_weights_as_they_were() -> None:
    seen: list[torch.Tensor] = []
    generator, discriminator = models.build(DIGITS.with_values({"channels_last": True}))
    for layer in (*generator.modules(), *discriminator.modules()):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert layer.weight.is_contiguous()
            layer.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    discriminator(generator(torch.zeros(2, DIGITS.latent.dim)))
    assert len(seen) == 4
    assert all(x.is_contiguous(memory_format=torch.channels_last) for x in seen)


def test_gradients_come_back_laid_out_like_what_they_are_of() -> None:
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    for network in models.build(DIGITS.with_values({"channels_last": True})):
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d | nn.Conv2d | nn.ConvTranspose2d):
                layer.register_forward_hook(
                    lambda layer, inputs, y: y.register_hook(lambda grad: seen.append((y.detach(), grad))) and None
                )
        x = torch.zeros(2, *DIGITS.shape) if isinstance(network, Discriminator) else torch.zeros(2, DIGITS.latent.dim)
        network(x).sum().backward()
    assert len(seen) == 7
    assert all(grad.stride() == y.stride() for y, grad in seen if y.shape[1] > 1)
    assert all(y.is_contiguous(memory_format=torch.channels_last) for y, _ in seen)


def test_a_gradient_that_is_none_comes_back_as_none() -> None:
    """As in a gradient penalty on CUDA, whose second derivatives torch leaves out where all of them are zero."""

    class Ending(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *gradients: torch.Tensor) -> None:
            return None

    network = nn.Sequential(nn.Unflatten(1, (4, 2, 2)), nn.Conv2d(4, 4, 1))
    memory_format.lay_out(network, DIGITS.with_values({"channels_last": True}))
    network[1].forward = Ending.apply
    x = torch.zeros(2, 16, requires_grad=True)
    assert torch.autograd.grad(network(x).sum(), x, allow_unused=True) == (None,)


@pytest.mark.parametrize("preset", ["dcgan-sprites-quick", "mnist-quick"])
@pytest.mark.parametrize("faster", [True, False])
def test_pictures_have_channels_last_by_themselves_where_that_is_faster(
    preset: str, faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_format, "is_faster", lambda: faster)
    _, discriminator = models.build(presets.load(preset).with_values(NARROW))
    seen: list[torch.Tensor] = []
    convolutions = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    convolutions[1].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    discriminator(torch.zeros(2, *presets.load(preset).shape))
    assert seen[0].is_contiguous(memory_format=torch.channels_last) == faster


def test_a_checkpoint_fits_both_layouts() -> None:
    rows, pixels = (Trainer(DIGITS.with_values(SGD | {"channels_last": chosen}), "cpu") for chosen in (False, True))
    pixels.step()
    rows.load_state_dict(pixels.state_dict())
    torch.testing.assert_close(rows.step().values, pixels.step().values)
