"""Building blocks of all families: a weighted layer, normalization, activation and dropout.

Layers are created on PyTorch's "meta" device, which holds shapes without data; `models.build` initializes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_core.config import NetworkConfig

# In place if the gradient can be computed from the output: same results, 4 % faster.
ACTIVATIONS: dict[str, Callable[[NetworkConfig], nn.Module]] = {
    "relu": lambda net: nn.ReLU(inplace=True),
    "leaky-relu": lambda net: nn.LeakyReLU(net.slope, inplace=True),
    "tanh": lambda net: nn.Tanh(),
    "elu": lambda net: nn.ELU(),
    "silu": lambda net: nn.SiLU(),
}
OUTPUTS: dict[str, Callable[[], nn.Module]] = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "linear": nn.Identity}


class SelfInitializedLayer(nn.Module, ABC):
    """A layer that initializes its own parameters, because the schemes of `init` do not apply to them."""

    @abstractmethod
    def initialize(self, rng: torch.Generator) -> None:
        """Initialize the parameters and buffers of this layer, but not those of its children."""


class StochasticLayer(nn.Module):
    """A layer that draws random numbers in training mode, from `rng`, which `set_rng` sets."""

    def __init__(self) -> None:
        super().__init__()
        self._rng: torch.Generator | None = None

    @property
    def rng(self) -> torch.Generator:
        if self._rng is None:
            raise RuntimeError(f"this {type(self).__name__} has no random generator; call models.set_rng first")
        return self._rng


class Dropout(StochasticLayer):
    """Dropout (Srivastava et al., 2014): in training, a value is 0 with probability `p`, otherwise divided by 1 - p."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = 1 - self.p
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.rng).div_(keep)


def set_rng(network: nn.Module, rng: torch.Generator) -> None:
    """Let every `StochasticLayer` of `network` draw from `rng`, which must be on the network's device."""
    for module in network.modules():
        if isinstance(module, StochasticLayer):
            module._rng = rng


def block(
    net: NetworkConfig,
    layer: Callable[[bool], nn.Module],
    norm: Callable[..., nn.Module],
    channels: int,
    first: bool = False,
) -> nn.Sequential:
    """One hidden layer: weighted layer, normalization, activation, dropout, as set in `net`.

    Args:
        layer: makes the weighted layer; its argument says whether the layer has a bias.
        norm: the batch normalization for `channels` output channels.
        first: whether this is the network's first hidden layer.
    """
    normalised = net.norm == "batch" and (net.norm_first or not first)
    parts = [layer(has_bias(net, normalised))]
    if normalised:
        parts.append(norm(channels, device="meta"))
    parts.append(ACTIVATIONS[net.activation](net))
    if net.dropout:
        parts.append(Dropout(net.dropout))
    return nn.Sequential(*parts)


def has_bias(net: NetworkConfig, normalised: bool = False) -> bool:
    """Whether a layer has a bias; a normalization directly after it would cancel the bias."""
    return not normalised if net.bias == "auto" else net.bias == "always"


def full_precision(x: Tensor) -> Tensor:
    """`x` in float32 at least, for sums that need more precision than bfloat16."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def linear(inputs: int, outputs: int, bias: bool) -> nn.Linear:
    """(N, inputs) -> (N, outputs), on the "meta" device."""
    return nn.Linear(inputs, outputs, bias, device="meta")
