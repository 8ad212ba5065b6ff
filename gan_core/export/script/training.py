"""The code of the losses, the penalties and the optimisers."""

from __future__ import annotations

import inspect

import torch
from torch import nn

from gan_core.config import OptimizerConfig, TrainConfig, catalog
from gan_core.config.schema import as_text
from gan_core.training import adaptive_augment, optimizers

# D's loss and G's loss.
_CROSS_ENTROPY = "bce(real_logits, {ones}) + bce(fake_logits, zeros)"
LOSSES: dict[str, tuple[str, str]] = {
    "non-saturating": (_CROSS_ENTROPY, "bce(fake_logits, ones)"),
    "saturating": (_CROSS_ENTROPY, "-bce(fake_logits, zeros)"),
    "wasserstein": ("-real_logits.mean() + fake_logits.mean()", "-fake_logits.mean()"),
    "least-squares": (
        "(real_logits - {one}).square().mean() / 2 + fake_logits.square().mean() / 2",
        "(fake_logits - 1).square().mean() / 2",
    ),
    "hinge": ("F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()", "-fake_logits.mean()"),
    "relativistic": ("F.softplus(fake_logits - real_logits).mean()", "F.softplus(real_logits - fake_logits).mean()"),
}
PENALTIES = ("none", "clip", "gradient-penalty", "r1", "r1-r2")


def about(config: TrainConfig) -> str:
    """A comment that names the algorithm, the loss and the penalty."""
    labels = catalog.LOSSES[config.loss.name].label, catalog.PENALTIES[config.penalty.name].label
    return "# Algorithm 1 of Goodfellow et al. (2014). Loss: {}. Penalty: {}.".format(*labels)


def latents(config: TrainConfig, n: object, rng: str) -> str:
    """`n` latent vectors from `rng`, with the length LATENT."""
    if config.latent.distribution == "normal":
        return f"torch.randn({n}, LATENT, generator={rng})"
    return f"torch.rand({n}, LATENT, generator={rng}).mul(2).sub(1)"


def loss_d(config: TrainConfig) -> str:
    """D's loss without the penalty, of `real_logits` and `fake_logits`."""
    label, loss = 1 - config.loss.label_smoothing, LOSSES[config.loss.name][0]
    loss = loss.format(ones="ones", one=1) if label == 1 else loss.format(ones=f"{label!r} * ones", one=label)
    return f"({loss}) / 2" if config.loss.combine == "mean" else loss


def loss_g(config: TrainConfig) -> str:
    """G's loss, of `fake_logits` and, for some losses, of `real_logits`."""
    return LOSSES[config.loss.name][1]


def penalty(config: TrainConfig, real: str, fake: str) -> str:
    """The term that the penalty adds to D's loss, or ""; `real` and `fake` are the code of the samples that D sees."""
    weight = config.penalty.weight * config.penalty.every
    y = ", y" if config.classes else ""
    terms = {
        "gradient-penalty": f"{weight!r} * gradient_penalty({real}, {fake}{y})",
        "r1": f"{weight!r} / 2 * squared_gradient({real}{y})",
        "r1-r2": f"{weight!r} / 2 * (squared_gradient({real}{y}) + squared_gradient({fake}{y}))",
    }
    return terms.get(config.penalty.name, "")


def augments(config: TrainConfig) -> bool:
    """Whether D's inputs are augmented adaptively."""
    return bool(config.augment.adaptive) and config.dataset.kind == "images"


def augmentation() -> str:
    """The functions of adaptive augmentation, as they are in this project. They call `sample`."""
    functions = (adaptive_augment.augment, adaptive_augment.centers, adaptive_augment.shift)
    return "\n\n".join(inspect.getsource(function) for function in functions)


def distorted(config: TrainConfig, x: str) -> str:
    """The code of what D sees of the samples `x`: augmented and with noise, if the settings ask for it."""
    x = f"augment({x}, p, rng_augment)" if augments(config) else x
    return f"add_noise({x})" if config.instance_noise else x


def columns(config: TrainConfig) -> int:
    """The number of samples in a row of a picture: with up to ten classes, one column a class."""
    return len(config.classes) if 0 < len(config.classes) <= 10 else 8


def steps(config: TrainConfig) -> str:
    """The number of steps, from `len(data)`."""
    if config.max_steps:
        return f"{config.max_steps}"
    per_step = f"(BATCH * {config.n_critic})" if config.n_critic > 1 else "BATCH"
    return f"max(1, round({as_text(config.epochs)} * len(data) / {per_step}))  # {config.epochs:g} epochs"


def steps_of_d(config: TrainConfig) -> str:
    """How many steps D has done before this one."""
    return "(step - 1)" if config.n_critic == 1 else f"((step - 1) * {config.n_critic} + k)"


def optimizer(settings: OptimizerConfig, network: str) -> str:
    """The optimiser: its class, its learning rate, and the arguments that differ from the defaults of the class."""
    kind = catalog.OPTIMIZERS[settings.name].load()
    ours = optimizers.build(settings, [nn.Parameter(torch.zeros(1))]).defaults
    defaults = {name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()}
    changed = {name: ours[name] for name in defaults if name in ours and ours[name] != defaults[name]}
    arguments = {"lr": settings.lr, **changed}
    arguments.pop("fused", None)  # only faster
    written = "".join(f", {name}={value!r}" for name, value in arguments.items())
    return f"torch.optim.{kind.__name__}({network}.parameters(){written})"
