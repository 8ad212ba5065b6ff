"""The code of both networks: their layers, and the functions that draw their initial weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from gan_core import models
from gan_core.config import NetworkConfig, TrainConfig
from gan_core.config.catalog import DISCRIMINATORS, GENERATORS
from gan_core.export.errors import CannotWriteError
from gan_core.models.conditioning import Unconditional
from gan_core.models.layers import Dropout

_WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
_NO_LAYER = (nn.Identity, Unconditional)

_LAYERS: dict[type[nn.Module], Callable[[Any], str]] = {
    nn.Embedding: lambda m: f"nn.Embedding({m.num_embeddings}, {m.embedding_dim})",
    nn.Linear: lambda m: f"nn.Linear({m.in_features}, {m.out_features}{_no_bias(m)})",
    nn.Conv2d: lambda m: _convolution("nn.Conv2d", m),
    nn.ConvTranspose2d: lambda m: _convolution("nn.ConvTranspose2d", m),
    nn.BatchNorm1d: lambda m: f"nn.BatchNorm1d({m.num_features})",
    nn.BatchNorm2d: lambda m: f"nn.BatchNorm2d({m.num_features})",
    nn.ReLU: lambda m: "nn.ReLU()",
    nn.LeakyReLU: lambda m: f"nn.LeakyReLU({m.negative_slope!r})",
    nn.Tanh: lambda m: "nn.Tanh()",
    nn.ELU: lambda m: "nn.ELU()",
    nn.SiLU: lambda m: "nn.SiLU()",
    nn.Sigmoid: lambda m: "nn.Sigmoid()",
    nn.Flatten: lambda m: f"nn.Flatten({m.start_dim if m.start_dim != 1 else ''})",
    nn.Unflatten: lambda m: f"nn.Unflatten({m.dim}, {tuple(m.unflattened_size)})",
    Dropout: lambda m: f"nn.Dropout({m.p!r})",
}


def about(config: TrainConfig) -> str:
    """A comment that names the families of both networks."""
    labels = GENERATORS[config.generator.name].label, DISCRIMINATORS[config.discriminator.name].label
    return "# Generator: {}. Discriminator: {}, which returns logits (N,).".format(*labels)


def layers(config: TrainConfig, role: str, part: str = "") -> list[str]:
    """The layers of the "generator" or the "discriminator" as code, in order.

    Args:
        part: only those of this attribute of `Discriminator`; by default all of an unconditional network, and of a
            conditional G those after the embedding.

    Raises:
        CannotWriteError: the script export does not support a layer.
    """
    network: nn.Module = models.build_meta(config)[role == "discriminator"]
    if part or config.classes:
        network = network.get_submodule(part or "layers")
    points = config.dataset.kind == "points"
    return [_layer(layer) for layer in _leaves(network) if not (points and _reshapes(layer))]


def weighted(config: TrainConfig) -> str:
    """The classes of layers whose weights are drawn, as code for `isinstance`."""
    only_linear = config.generator.name == config.discriminator.name == "mlp"
    return "nn.Linear" if only_linear else "nn.Linear | nn.Conv2d | nn.ConvTranspose2d"


def _reshapes(layer: nn.Module) -> bool:
    """Whether the layer only flattens samples or restores their shape, which does nothing to points."""
    return isinstance(layer, nn.Unflatten) or (isinstance(layer, nn.Flatten) and layer.start_dim == 1)


def _leaves(network: nn.Module) -> Iterator[nn.Module]:
    """The layers that compute something; every container is sequential."""
    for child in network.children():
        if isinstance(child, _WEIGHTED) or not list(child.children()):  # a spectrally normalised layer has children
            if not isinstance(child, _NO_LAYER):
                yield child
        else:
            yield from _leaves(child)


def _layer(layer: nn.Module) -> str:
    for kind, write in _LAYERS.items():
        if isinstance(layer, kind):
            return write(layer)
    raise CannotWriteError(f"The script export does not support the layer {type(layer).__name__}.")


def _convolution(name: str, layer: Any) -> str:
    sizes = f"kernel_size={layer.kernel_size[0]}, stride={layer.stride[0]}"
    padding = f", padding={layer.padding[0]}" if layer.padding[0] else ""
    extra = f", output_padding={layer.output_padding[0]}" if layer.output_padding[0] else ""
    return f"{name}({layer.in_channels}, {layer.out_channels}, {sizes}{padding}{extra}{_no_bias(layer)})"


def _no_bias(layer: Any) -> str:
    return "" if layer.bias is not None else ", bias=False"


def initial_weights(config: TrainConfig) -> list[dict[str, str]]:
    """How weights are drawn, as code: in one loop over both networks if they are initialised alike, else in two."""
    generator, discriminator = '("generator", generator)', '("discriminator", discriminator)'
    of_g, of_d = _init(config.generator), _init(config.discriminator)
    if of_g == of_d:
        return [{"networks": f"{generator}, {discriminator}", **of_g}]
    return [{"networks": f"{generator},", **of_g}, {"networks": f"{discriminator},", **of_d}]


def _init(net: NetworkConfig) -> dict[str, str]:
    """A scheme of `models.init`, in words and as code for the weights and the biases of a layer."""
    if net.init == "normal":
        about = f"Weights from N(0, {net.init_std:g}), biases 0"
        weights, biases = f"nn.init.normal_(layer.weight, 0, {net.init_std!r}, generator={_STREAM})", _ZERO
    elif net.init == "he":
        about = "Weights from N(0, sqrt(2 / fan in)), biases 0"
        weights, biases = f'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator={_STREAM})', _ZERO
    else:
        about = "Weights and biases from U(-bound, bound), the default of PyTorch"
        bound = "bound = layer.weight[0].numel() ** -0.5  # 1 / sqrt(fan in)"
        weights = f"rng = {_STREAM}\n{bound}\n{_UNIFORM.format('weight')}"
        biases = _UNIFORM.format("bias")
    return {"about": about, "weights": weights, "biases": biases}


_STREAM = 'stream(f"{role} weights {k}")'
_ZERO = "nn.init.zeros_(layer.bias)"
_UNIFORM = "nn.init.uniform_(layer.{}, -bound, bound, generator=rng)"
