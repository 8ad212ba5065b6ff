"""Readable layer names: "Conv 1 → 32, 4x4, stride 2", "LeakyReLU 0.2"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize

from gan_core.models import batch_layers, heads
from gan_core.models.layers import Dropout


def label_of(module: nn.Module) -> str:
    """A layer's name in a table; the default is the class name and the parameter names."""
    name_of = next((name for type_, name in _NAMES.items() if isinstance(module, type_)), _default_name)
    text = name_of(module)
    return f"{text}, spectral norm" if parametrize.is_parametrized(module) else text


def _linear(layer: Any) -> str:
    return f"Linear {layer.in_features} → {layer.out_features}"


def _convolution(layer: Any) -> str:
    noun = "Transposed conv" if isinstance(layer, nn.ConvTranspose2d) else "Conv"
    kernel = "x".join(map(str, layer.kernel_size))
    stride = f", stride {layer.stride[0]}" if layer.stride[0] != 1 else ""
    return f"{noun} {layer.in_channels} → {layer.out_channels}, {kernel}{stride}"


_NAMES: dict[type[nn.Module], Callable[[Any], str]] = {
    nn.Linear: _linear,
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    _BatchNorm: lambda layer: "BatchNorm",
    nn.LayerNorm: lambda layer: "LayerNorm",
    nn.ReLU: lambda layer: "ReLU",
    nn.LeakyReLU: lambda layer: f"LeakyReLU {layer.negative_slope:g}",
    nn.SiLU: lambda layer: "SiLU",
    nn.Unflatten: lambda layer: "Reshape",
    nn.AvgPool2d: lambda layer: f"Average pool {layer.kernel_size}x{layer.kernel_size}",
    nn.PixelShuffle: lambda layer: f"Channels to pixels x{layer.upscale_factor}",
    nn.Embedding: lambda layer: f"Class vectors, {layer.num_embeddings} of {layer.embedding_dim}",
    Dropout: lambda layer: f"Dropout {layer.p:.0%}",
    batch_layers.MinibatchDiscrimination: lambda layer: "Minibatch discrimination",
    batch_layers.MinibatchStdDev: lambda layer: "Minibatch standard deviation",
    heads.GaussianMixture: lambda layer: f"Mixture of {len(layer.means)} Gaussians",
}


def _default_name(module: nn.Module) -> str:
    """ "Stage (positions)"."""
    parameters = ", ".join(name.replace("_", " ") for name, _ in module.named_parameters(recurse=False))
    return _spaced(type(module).__name__) + (f" ({parameters})" if parameters else "")


def _spaced(name: str) -> str:
    """ "ParametrizedToRgb" -> "To rgb", "ZeroPad2d" -> "Zero pad"."""
    name = re.sub(r"\dd$", "", name.removeprefix("Parametrized").strip("_"))
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return text[:1].upper() + text[1:]
