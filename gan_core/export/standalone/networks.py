"""The part of a script that builds both networks: their layers, read off the networks themselves, and their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import nn

from gan_core import models
from gan_core.config import NetworkConfig, TrainConfig
from gan_core.export.standalone.parts import CannotWriteError, Part, code, spaced
from gan_core.models import condition
from gan_core.models.layers import Dropout

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
NOTHING = (nn.Identity, condition.Nothing)

_DROPOUT = '''
    class Dropout(nn.Module):
        """nn.Dropout, but the masks come from a generator of their own."""

        def __init__(self, p):
            super().__init__()
            self.p = p

        def forward(self, x):
            if not self.training:
                return x
            return x * torch.empty_like(x).bernoulli_(1 - self.p, generator=masks).div_(1 - self.p)
'''
_DRAW = """
    with torch.no_grad():  # {about}
        for network, role in ({networks}):
            layers = [layer for layer in network if isinstance(layer, {kinds})]
            for k, layer in enumerate(layers):
                chance = stream(f"{{role}} weights {{k}}")  # a generator for each place
                {weights}
                if layer.bias is not None:
                    {biases}
"""
_SCHEMES: dict[str, tuple[str, tuple[str, ...], str]] = {  # what it does, to the weights, to the biases
    "normal": (
        "weights from N(0, {std:g}), biases 0",
        ("layer.weight.normal_(0, {std!r}, generator=chance)",),
        "layer.bias.zero_()",
    ),
    "he": (
        "weights from N(0, sqrt(2 / fan in)), biases 0",
        ("layer.weight.normal_(0, math.sqrt(2 / layer.weight[0].numel()), generator=chance)",),
        "layer.bias.zero_()",
    ),
    "torch": (
        "weights and biases from U(-bound, bound), as is torch's habit",
        ("bound = 1 / math.sqrt(layer.weight[0].numel())", "layer.weight.uniform_(-bound, bound, generator=chance)"),
        "layer.bias.uniform_(-bound, bound, generator=chance)",
    ),
}
_SPECTRAL = """
    with torch.no_grad():  # Miyato et al. (2018): W / sigma(W), the largest singular value found by iteration
        layers = [layer for layer in discriminator if isinstance(layer, {kinds})]
        for k, layer in enumerate(layers):
            spectral_norm(layer)
            chance = stream(f"discriminator spectrum {{k}}")
            for vector in layer.parametrizations.buffers():
                vector.normal_(generator=chance)
                vector.div_(vector.norm())
            for _ in range(15):
                _ = layer.weight  # each look is one step of the iteration
"""
_OUTSIDE_AUTOCAST = """
            norm = layer.parametrizations.weight[0]
            norm.forward = torch.autocast(DEVICE, enabled=False)(norm.forward)  # in full precision
"""


def part(config: TrainConfig) -> Part:
    """`generator` and `discriminator` with their initial weights, and `average` where there is one."""
    roles = dict(zip(("generator", "discriminator"), models.described(config), strict=True))
    dropout = config.generator.dropout or config.discriminator.dropout
    return Part(
        "Networks",
        f"G, a {_family(config, 'generator')}, and D, a {_family(config, 'discriminator')}.",
        spaced(
            *([code('masks = stream("dropout", DEVICE)'), _DROPOUT] if dropout else []),
            code(
                *(_sequential(role, network, config) for role, network in roles.items()),
                *_drawings(roles, config),
                _spectral(roles["discriminator"], config) if config.discriminator.spectral else "",
                "generator, discriminator = generator.to(DEVICE), discriminator.to(DEVICE)",
                "average = copy.deepcopy(generator).eval()  # of G's weights over time: what the samples come from"
                if config.ema_decay
                else "",
            ),
        ),
        frozenset(_imports(config)),
    )


def _drawings(roles: dict[str, nn.Module], config: TrainConfig) -> Iterator[str]:
    """How weights are drawn: for both networks at once, if both draw alike."""
    nets: dict[str, NetworkConfig] = {"generator": config.generator, "discriminator": config.discriminator}
    schemes = {role: (net.init, net.init_std if net.init == "normal" else 0) for role, net in nets.items()}
    for scheme in dict.fromkeys(schemes.values()):
        alike = [role for role in roles if schemes[role] == scheme]
        about, weights, biases = _SCHEMES[scheme[0]]
        yield _DRAW.format(
            about=about.format(std=scheme[1]),
            networks=", ".join(f'({role}, "{role}")' for role in alike) + ("," if len(alike) == 1 else ""),
            kinds=_kinds([roles[role] for role in alike]),
            weights=f"\n{' ' * 16}".join(weights).format(std=scheme[1]),
            biases=biases,
        )


def _spectral(discriminator: nn.Module, config: TrainConfig) -> str:
    outside = _OUTSIDE_AUTOCAST if config.precision == "bfloat16" else ""
    return (_SPECTRAL.rstrip() + outside).format(kinds=_kinds([discriminator]))


def _imports(config: TrainConfig) -> Iterator[str]:
    yield "from torch import nn"
    if config.ema_decay:
        yield "import copy"
    if {config.generator.init, config.discriminator.init} & {"torch", "he"}:
        yield "import math"
    if config.discriminator.spectral:
        yield "from torch.nn.utils.parametrizations import spectral_norm"


def _family(config: TrainConfig, role: str) -> str:
    network = config.generator if role == "generator" else config.discriminator
    return {"mlp": "multilayer perceptron", "dcgan": "DCGAN", "upsampling": "CNN that opens by upsampling"}[
        network.name
    ]


def _flat(network: nn.Module, config: TrainConfig) -> Iterator[str]:
    """Each layer of the network as code, in order; what changes nothing is left out."""
    for module in _leaves(network):
        if not isinstance(module, NOTHING) and not (config.shape == (2,) and _flattens(module)):
            yield _written(module)


def _flattens(module: nn.Module) -> bool:
    """Whether it lays samples out flat, or shapes them again: points are flat anyway."""
    return isinstance(module, nn.Unflatten) or (isinstance(module, nn.Flatten) and module.start_dim == 1)


def _leaves(network: nn.Module) -> Iterator[nn.Module]:
    """The layers that compute, in the order in which they do: all our containers are sequences."""
    for child in network.children():
        if isinstance(child, WEIGHTED) or not list(child.children()):  # a normalised layer has children of its own
            yield child
        else:
            yield from _leaves(child)


def _kinds(networks: Iterable[nn.Module]) -> str:
    """The kinds of weighted layers in these networks, as code."""
    layers = [layer for network in networks for layer in _leaves(network)]
    return " | ".join(f"nn.{kind.__name__}" for kind in WEIGHTED if any(isinstance(layer, kind) for layer in layers))


def _sequential(name: str, network: nn.Module, config: TrainConfig) -> str:
    return "\n".join([f"{name} = nn.Sequential(", *(f"    {layer}," for layer in _flat(network, config)), ")"])


# ---- one layer as code -----------------------------------------------------------------------------------------------


def _written(module: nn.Module) -> str:
    for kind, write in _WRITERS.items():
        if isinstance(module, kind):
            return write(module)
    raise CannotWriteError(f"A page of plain PyTorch has no layer for {type(module).__name__}")


def _convolution(module: Any) -> str:
    kind = "ConvTranspose2d" if isinstance(module, nn.ConvTranspose2d) else "Conv2d"
    sizes = f"kernel_size={module.kernel_size[0]}, stride={module.stride[0]}"
    padding = f", padding={module.padding[0]}" if module.padding[0] else ""
    more = f", output_padding={module.output_padding[0]}" if module.output_padding[0] else ""
    return f"nn.{kind}({module.in_channels}, {module.out_channels}, {sizes}{padding}{more}{_without_bias(module)})"


def _without_bias(module: Any) -> str:
    return "" if module.bias is not None else ", bias=False"


def _inplace(module: Any) -> str:
    return "inplace=True" if module.inplace else ""


_WRITERS: dict[type[nn.Module], Callable[[Any], str]] = {
    nn.Linear: lambda m: f"nn.Linear({m.in_features}, {m.out_features}{_without_bias(m)})",
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.BatchNorm1d: lambda m: f"nn.BatchNorm1d({m.num_features})",
    nn.BatchNorm2d: lambda m: f"nn.BatchNorm2d({m.num_features})",
    nn.ReLU: lambda m: f"nn.ReLU({_inplace(m)})",
    nn.LeakyReLU: lambda m: f"nn.LeakyReLU({m.negative_slope!r}, {_inplace(m)})",
    nn.Tanh: lambda m: "nn.Tanh()",
    nn.ELU: lambda m: "nn.ELU()",
    nn.SiLU: lambda m: "nn.SiLU()",
    nn.Sigmoid: lambda m: "nn.Sigmoid()",
    nn.Flatten: lambda m: f"nn.Flatten({m.start_dim if m.start_dim != 1 else ''})",
    nn.Unflatten: lambda m: f"nn.Unflatten({m.dim}, {tuple(m.unflattened_size)})",
    Dropout: lambda m: f"Dropout({m.p!r})",
}
