"""The part of a script that builds both networks: their layers, read off the networks themselves, and their weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import nn

from gan_core import models
from gan_core.acceleration.ops.memory_format import is_channels_last
from gan_core.config import NetworkConfig, TrainConfig
from gan_core.export.script import layers
from gan_core.export.script.parts import Part, code, spaced
from gan_core.models import conditioning
from gan_core.models.batch_layers import is_samplewise

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
NOTHING = (nn.Identity, conditioning.Unconditional)

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
_CHANNELS_LAST = """
    for layer in {networks}:  # convolutions compute with each pixel's channels side by side
        if isinstance(layer, {kinds}):
            layer.register_forward_pre_hook(lambda layer, x: laid_out(x[0], torch.channels_last))
        elif isinstance(layer, nn.Flatten):
            layer.register_forward_pre_hook(lambda layer, x: laid_out(x[0], torch.contiguous_format))
        elif isinstance(layer, nn.Unflatten):
            layer.register_forward_hook(lambda layer, x, y: laid_out(y, torch.channels_last))
"""
_OUTSIDE_AUTOCAST = """
            norm = layer.parametrizations.weight[0]
            norm.forward = torch.autocast(DEVICE, enabled=False)(norm.forward)  # in full precision
"""


def part(config: TrainConfig) -> Part:
    """`generator` and `discriminator` with their initial weights, and `average` where there is one."""
    roles = dict(zip(("generator", "discriminator"), models.build_meta(config), strict=True))
    written = {role: [*_flat(network, role, config)] for role, network in roles.items()}
    laid_out = _channels_last(roles, config)
    classes = layers.classes([line for lines in written.values() for line in lines], bool(laid_out))
    dropout = config.generator.dropout or config.discriminator.dropout
    return Part(
        "Networks",
        f"G, a {_family(config, 'generator')}, and D, a {_family(config, 'discriminator')}.",
        spaced(
            code('masks = stream("dropout", DEVICE)') if dropout else "",
            *classes,
            code(
                *(_sequential(role, lines) for role, lines in written.items()),
                *_drawings(roles, config),
                _spectral(roles["discriminator"], config) if config.discriminator.spectral else "",
                laid_out,
                "generator, discriminator = generator.to(DEVICE), discriminator.to(DEVICE)",
                "average = copy.deepcopy(generator).eval()  # of G's weights over time: what the samples come from"
                if config.ema_decay
                else "",
            ),
        ),
        frozenset(_imports(config, classes)),
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


def _channels_last(roles: dict[str, nn.Module], config: TrainConfig) -> str:
    """For the networks that have convolutions."""
    laid_out = [role for role, network in roles.items() if _kinds([network], WEIGHTED[1:])]
    if not laid_out or not is_channels_last(config):
        return ""
    networks = laid_out[0] if len(laid_out) == 1 else f"({', '.join(f'*{role}' for role in laid_out)})"
    return _CHANNELS_LAST.format(networks=networks, kinds=_kinds(roles.values(), WEIGHTED[1:]))


def _imports(config: TrainConfig, classes: Iterable[str]) -> Iterator[str]:
    yield "from torch import nn"
    if any("F." in text for text in classes):
        yield "from torch.nn import functional as F"
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


def _flat(network: nn.Module, role: str, config: TrainConfig) -> Iterator[str]:
    """Each layer of the network as code, in order; what changes nothing is left out."""
    at_once = 2 if role == "discriminator" and is_samplewise(network) else 1  # batches
    for module in _leaves(network):
        if not isinstance(module, NOTHING) and not (config.shape == (2,) and _flattens(module)):
            yield layers.written(module, at_once * config.batch_size, config.shape)


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


def _kinds(networks: Iterable[nn.Module], among: Iterable[type[nn.Module]] = WEIGHTED) -> str:
    """Which of these kinds of layers the networks have, as code."""
    layers = [layer for network in networks for layer in _leaves(network)]
    return " | ".join(f"nn.{kind.__name__}" for kind in among if any(isinstance(layer, kind) for layer in layers))


def _sequential(name: str, layers: list[str]) -> str:
    return "\n".join([f"{name} = nn.Sequential(", *(f"    {layer}," for layer in layers), ")"])
