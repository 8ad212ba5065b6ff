"""The gradient of D at its inputs: torch's own, without a backward pass that adds nothing when it is differentiated."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_core import models, presets
from gan_core.acceleration.double_backward import input_gradients

NARROW = {"discriminator.width": 4, "discriminator.hidden": (24, 16), "discriminator.norm": "none"}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "mlp": ("ring8", {}),
    "dcgan": ("wgan-gp-mnist", {}),
    "resnet": ("wgan-gp-mnist", {"discriminator.name": "resnet"}),
    "spectral": ("wgan-gp-mnist", {"discriminator.spectral": True}),
    "normalised": ("dcgan-mnist", {"discriminator.norm": "batch"}),
    "smooth": ("ring8", {"discriminator.activation": "silu"}),
}


def torchs_own(discriminator: nn.Module, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return gradients.flatten(1)


def network(name: str, activation: str | None = None) -> tuple[nn.Module, Tensor]:
    preset, values = NETWORKS[name]
    bend = {"discriminator.activation": activation} if activation else {}
    config = presets.load(preset).with_values(NARROW | values | bend)
    _, discriminator = models.build(config)
    return discriminator.eval(), torch.randn(8, *config.shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_and_its_gradient_are_torchs_own_bit_for_bit(name: str, activation: str) -> None:
    discriminator, x = network(name, None if name == "smooth" else activation)
    weights = [*discriminator.parameters()]
    found = []
    for way in (input_gradients, torchs_own):
        gradients = way(discriminator, x)
        found.append([gradients, *torch.autograd.grad(gradients.square().sum(), weights, materialize_grads=True)])
    assert found[0][0].abs().max() > 0
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("way", "times"), [(input_gradients, 1), (torchs_own, 2)])
def test_the_pass_that_it_was_taken_of_is_gone_through_backwards_only_once(way: Any, times: int) -> None:
    discriminator, x = network("mlp")
    passed: list[Tensor] = []
    first = next(layer for layer in discriminator.modules() if isinstance(layer, nn.Linear))
    first.register_forward_hook(lambda layer, inputs, output: _watched(output, passed))
    torch.autograd.grad(way(discriminator, x).square().sum(), [*discriminator.parameters()], allow_unused=True)
    assert len(passed) == times


def _watched(output: Tensor, passed: list[Tensor]) -> Tensor:
    output.register_hook(passed.append)
    return output


def test_functions_are_as_they_were_afterwards() -> None:
    discriminator, x = network("mlp")
    input_gradients(discriminator, x)
    z = torch.randn(4, requires_grad=True)
    assert "Straight" not in type(F.leaky_relu(z).grad_fn).__name__
    assert "Straight" not in type(F.relu(z).grad_fn).__name__
