"""Initial weights: each layer has its own random stream, named after its role and its index.

So the weights depend only on the seed and the network, not on the loss, the optimiser, other networks or threads.
Networks that differ in one layer share the weights of all others, which keeps comparisons fair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from gan_core.config import NetworkConfig
from gan_core.models.layers import SelfInitializedLayer
from gan_core.system.random_streams import stream

Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
_POWER_STEPS = 15  # of power iteration before the first use, as in PyTorch


@torch.no_grad()
def initialize_weights(network: nn.Module, net: NetworkConfig, seed: int, role: str) -> None:
    """Initialize every parameter and buffer of `network`, on the CPU, by the scheme `net.init`.

    `role`, "generator" or "discriminator", selects the random streams.
    """

    def streams(kind: str) -> Iterator[torch.Generator]:
        return (stream(seed, f"{role} {kind} {k}") for k in count())

    weights, embeddings, own, spectra = map(streams, ("weights", "embedding", "own", "spectrum"))
    for module in network.modules():
        if isinstance(module, Weighted):
            SCHEMES[net.init](module, net, next(weights))
        elif isinstance(module, nn.Embedding):
            weight_of(module).normal_(generator=next(embeddings))
        elif isinstance(module, SelfInitializedLayer):
            module.initialize(next(own))
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm):
            module.reset_parameters()  # scale 1, shift 0, running mean 0, running variance 1
        if parametrize.is_parametrized(module):
            _initialize_power_iteration(module, next(spectra))


def apply_spectral_norm(network: nn.Module) -> None:
    """Miyato et al. (2018), "Spectral Normalization for Generative Adversarial Networks": W / sigma(W)."""
    for module in list(network.modules()):
        if isinstance(module, Weighted | nn.Embedding):
            spectral_norm(module)
            layers: nn.ModuleList = module.parametrizations.weight  # type: ignore[union-attr,assignment]
            layers[0] = _FullPrecision(layers[0])


class _FullPrecision(nn.Module):
    """PyTorch's spectral norm without autocast, which on CUDA would mix two precisions and raise an error."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast("cpu" if weight.is_meta else weight.device.type, enabled=False):
            return self.norm(weight)


def weight_of(layer: nn.Module) -> Tensor:
    """The layer's weight before spectral normalization."""
    if parametrize.is_parametrized(layer):
        original: Tensor = layer.parametrizations.weight.original  # type: ignore[union-attr,assignment]
        return original
    weight: Tensor = layer.weight  # type: ignore[assignment]
    return weight


def _initialize_power_iteration(layer: nn.Module, rng: torch.Generator) -> None:
    """Restart the power iteration from vectors drawn from `rng`; PyTorch drew them from its global random generator."""
    for vector in layer.parametrizations.buffers():  # type: ignore[union-attr]
        vector.normal_(generator=rng)
        vector.div_(vector.norm())
    for _ in range(_POWER_STEPS):
        _ = layer.weight  # each access runs one step of the iteration


def _torch_default(layer: nn.Module, net: NetworkConfig, rng: torch.Generator) -> None:
    """PyTorch's default: He et al. (2015) with a = sqrt(5), that is U(-b, b) with b = 1 / sqrt(fan in)."""
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
