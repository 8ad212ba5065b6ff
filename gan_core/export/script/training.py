"""The code of the losses, the penalties and the optimisers."""

from __future__ import annotations

import inspect

import torch
from torch import nn

from gan_core.config import OptimizerConfig, TrainConfig, catalog
from gan_core.config.schema import as_text
from gan_core.training import optimizers

# Terms of D's loss on real and on fake samples, and G's loss.
LOSSES: dict[str, tuple[str, str, str]] = {
    "non-saturating": ("bce(real_logits, {ones})", "bce(fake_logits, zeros)", "bce(fake_logits, ones)"),
    "saturating": ("bce(real_logits, {ones})", "bce(fake_logits, zeros)", "-bce(fake_logits, zeros)"),
    "wasserstein": ("-real_logits.mean()", "fake_logits.mean()", "-fake_logits.mean()"),
    "least-squares": (
        "(real_logits - {one}).square().mean() / 2",
        "fake_logits.square().mean() / 2",
        "(fake_logits - 1).square().mean() / 2",
    ),
    "hinge": ("F.relu(1 - real_logits).mean()", "F.relu(1 + fake_logits).mean()", "-fake_logits.mean()"),
}
PENALTIES = ("none", "clip", "gradient-penalty", "r1")


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
    real, fake, _ = LOSSES[config.loss.name]
    label = 1 - config.loss.label_smoothing
    both = f"{real} + {fake}"
    both = both.format(ones="ones", one=1) if label == 1 else both.format(ones=f"{label!r} * ones", one=label)
    return f"({both}) / 2" if config.loss.combine == "mean" else both


def loss_g(config: TrainConfig) -> str:
    """G's loss, of `fake_logits`."""
    return LOSSES[config.loss.name][2]


def penalty(config: TrainConfig, fake: str) -> str:
    """The term that the penalty adds to D's loss, or ""; `fake` is the code of the fakes that D sees."""
    weight = config.penalty.weight * config.penalty.every
    terms = {
        "gradient-penalty": f"{weight!r} * gradient_penalty(real, {fake})",
        "r1": f"{weight!r} / 2 * r1_penalty(real)",
    }
    return terms.get(config.penalty.name, "")


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
