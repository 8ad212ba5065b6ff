"""Initial weights: each layer draws its own from a generator named after its place.

So weights depend on the seed and the network alone: not on loss or optimiser, nor on what else was built before, beside
or in another thread. Networks that differ in one layer share the weights of all others, which makes for fair studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from gan_core.config import NetworkConfig
from gan_core.models.layers import SelfInitializedLayer
from gan_core.system.random_streams import stream

Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
_POWER_STEPS = 15  # of power iteration before the first use, as in torch


@torch.no_grad()
def initialize_weights(network: nn.Module, net: NetworkConfig, seed: int, role: str) -> None:
    """Set every parameter and buffer of `network`, on the CPU, as `net.init` says; `role` keeps G and D apart."""

    def streams(kind: str) -> Iterator[torch.Generator]:
        k = 0
        while True:
            yield stream(seed, f"{role} {kind} {k}")
            k += 1

    weights, vectors, own, spectra = map(streams, ("weights", "embedding", "own", "spectrum"))
    for module in network.modules():
        if isinstance(module, Weighted):
            SCHEMES[net.init](module, net, next(weights))
        elif isinstance(module, nn.Embedding):
            weight_of(module).normal_(generator=next(vectors))
        elif isinstance(module, SelfInitializedLayer):
            module.initialize(next(own))
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm):
            module.reset_parameters()  # scale 1, shift 0, running mean 0, running variance 1: nothing random
        if parametrize.is_parametrized(module):
            _find_largest_singular_value(module, next(spectra))


def apply_spectral_norm(network: nn.Module) -> None:
    """Miyato et al. (2018), "Spectral Normalization for Generative Adversarial Networks": W / sigma(W), every layer."""
    for module in list(network.modules()):
        if isinstance(module, Weighted | nn.Embedding):
            spectral_norm(module)
            layers: nn.ModuleList = module.parametrizations.weight  # type: ignore[union-attr,assignment]
            layers[0] = _FullPrecision(layers[0])


class _FullPrecision(nn.Module):
    """torch's normalisation, outside autocast: on CUDA it would meet itself in two precisions, and raise."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast("cuda" if weight.is_cuda else "cpu", enabled=False):
            normalised: Tensor = self.norm(weight)
            return normalised


def weight_of(layer: nn.Module) -> Tensor:
    """The layer's own weight, before any normalisation."""
    if parametrize.is_parametrized(layer):
        original: Tensor = layer.parametrizations.weight.original  # type: ignore[union-attr,assignment]
        return original
    weight: Tensor = layer.weight  # type: ignore[assignment]
    return weight


def _find_largest_singular_value(layer: nn.Module, rng: torch.Generator) -> None:
    """Start the power iteration from numbers of our own; torch drew them from the global generator."""
    for vector in layer.parametrizations.buffers():  # type: ignore[union-attr]
        vector.normal_(generator=rng)
        vector.div_(vector.norm())
    for _ in range(_POWER_STEPS):
        _ = layer.weight  # each look is one step of the iteration


def _torch_default(layer: nn.Module, net: NetworkConfig, rng: torch.Generator) -> None:
    """torch's own: He et al. (2015) with a = sqrt(5), which comes to U(-b, b) with b = 1 / sqrt(fan in), biases too."""
    bound = 1 / math.sqrt(weight_of(layer)[0].numel())
    weight_of(layer).uniform_(-bound, bound, generator=rng)
    if isinstance(layer.bias, Tensor):
        layer.bias.uniform_(-bound, bound, generator=rng)


def _normal(layer: nn.Module, net: NetworkConfig, rng: torch.Generator) -> None:
    """Radford, Metz and Chintala (2015): N(0, init_std), biases 0."""
    weight_of(layer).normal_(0, net.init_std, generator=rng)
    if isinstance(layer.bias, Tensor):
        layer.bias.zero_()


def _he(layer: nn.Module, net: NetworkConfig, rng: torch.Generator) -> None:
    """He et al. (2015), equation 10: N(0, sqrt(2 / fan in)), biases 0."""
    weight_of(layer).normal_(0, math.sqrt(2 / weight_of(layer)[0].numel()), generator=rng)
    if isinstance(layer.bias, Tensor):
        layer.bias.zero_()


SCHEMES: dict[str, Callable[[nn.Module, NetworkConfig, torch.Generator], None]] = {
    "torch": _torch_default,
    "normal": _normal,
    "he": _he,
}
