"""The part of a script that trains: losses, penalties, optimisers, the loop of Algorithm 1, and what it shows."""

from __future__ import annotations

import inspect

import torch
from torch import nn

from gan_core import models
from gan_core.config import OptimizerConfig, TrainConfig
from gan_core.export.script.parts import Part, code, indented, spaced
from gan_core.models.batch_layers import is_samplewise
from gan_core.training import optimizers

# ---- losses: D's real term, D's fake term with its sign, G's loss; of logits `real`, `fake` ------------------------

_LOG_D = "-F.logsigmoid({real}).mean()"
LOSSES: dict[str, tuple[str, str, str]] = {
    "non-saturating": (_LOG_D, "- F.logsigmoid(-{fake}).mean()", "-F.logsigmoid({fake}).mean()"),
    "saturating": (_LOG_D, "- F.logsigmoid(-{fake}).mean()", "F.logsigmoid(-{fake}).mean()"),
    "wasserstein": ("-{real}.mean()", "+ {fake}.mean()", "-{fake}.mean()"),
    "least-squares": (
        "({real} - {one}).square().mean() / 2",
        "+ {fake}.square().mean() / 2",
        "({fake} - 1).square().mean() / 2",
    ),
    "hinge": ("F.relu(1 - {real}).mean()", "+ F.relu(1 + {fake}).mean()", "-{fake}.mean()"),
}

# ---- penalties: lines behind D's loss, lines behind D's step ---------------------------------------------------------

PENALTIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "none": ((), ()),
    "clip": (
        (),
        (
            "with torch.no_grad():",
            "    for weight in discriminator.parameters():",
            "        weight.clamp_(-{clip!r}, {clip!r})",
        ),
    ),
    "gradient-penalty": (
        (
            "e = torch.rand({ones}, device=DEVICE, generator=chance)",
            "norms = torch.linalg.vector_norm(gradients({fake}.lerp({real}, e)), dim=1)",
            "loss_d = loss_d + {strength!r} * (norms - 1).square().mean()",
        ),
        (),
    ),
    "r1": (("loss_d = loss_d + {half!r} * gradients({real}).square().sum(dim=1).mean()",), ()),
}

_ON_CPU = "torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()"
_GRADIENTS = '''
    def gradients(x):
        """Gradient of D at each sample, which can be differentiated again: (N, numbers in a sample)."""
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        return gradient.flatten(1)
'''
_NORMAL = '''
    def latents(n, chance):
        """z from N(0, 1): (n, LATENT)."""
        return torch.randn(n, LATENT, device=DEVICE, generator=chance)
'''
_UNIFORM = '''
    def latents(n, chance):
        """z, uniform in [-1, 1]: (n, LATENT)."""
        return torch.empty(n, LATENT, device=DEVICE).uniform_(-1, 1, generator=chance)
'''
_NOISY = '''
    def noisy(x, step):
        """x under instance noise (Sønderby et al., 2017) that fades over the run."""
        sigma = {sigma!r} * max(0.0, 1 - (step - 1) / STEPS)
        return x + sigma * torch.empty_like(x).normal_(generator=blur)
'''
_IMAGES = '''
    @torch.no_grad()
    def save_samples(step):
        """A grid of samples, from the same latents each time."""
        {network}.eval()
        samples = {samples}
        {network}.train()
        save_image(samples, f"samples/step-{{step:07d}}.png", nrow=8)
'''
_POINTS = '''
    @torch.no_grad()
    def save_samples(step):
        """Generated points (vermillion) over real ones (green), from the same latents each time."""
        {network}.eval()
        clouds = {{"#009E73": data[: len(shown)], "#D55E00": {network}(shown)}}
        {network}.train()
        picture = Image.new("RGB", (480, 480), "white")
        reach = 1.3 * data.abs().max()
        for colour, points in clouds.items():
            for x, y in (240 + 240 / reach * points * torch.tensor([1, -1], device=DEVICE)).tolist():
                ImageDraw.Draw(picture).ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
        picture.save(f"samples/step-{{step:07d}}.png")
'''


def steps(config: TrainConfig) -> str:
    """The length of the run, as code; its data is known by then."""
    if config.max_steps:
        return f"STEPS = {config.max_steps}"
    per_step = f"(BATCH * {config.n_critic})" if config.n_critic > 1 else "BATCH"
    epochs = int(config.epochs) if config.epochs.is_integer() else config.epochs
    return f"STEPS = max(1, round({epochs!r} * len(data) / {per_step}))  # {config.epochs:g} epochs"


def samples(config: TrainConfig) -> Part:
    """`save_samples(step)`, and the latents that it always shows."""
    points, network = config.dataset.kind == "points", "average" if config.ema_decay else "generator"
    made = f"({network}(shown) + 1) / 2" if config.generator.output == "tanh" else f"{network}(shown)"
    saver = (_POINTS if points else _IMAGES).format(network=network, samples=made)
    if config.ema_decay:  # the average is always in evaluation mode
        saver = "\n".join(line for line in saver.splitlines() if not line.strip().endswith((".eval()", ".train()")))
    imports = {"from pathlib import Path"}
    imports |= {"from PIL import Image, ImageDraw"} if points else {"from torchvision.utils import save_image"}
    latents = _NORMAL if config.latent.distribution == "normal" else _UNIFORM
    return Part(
        "Samples",
        f"What is looked at: {config.record.samples} samples, each {config.record.frame_every} steps.",
        spaced(
            latents,
            code(
                f'shown = latents({config.record.samples}, stream("display", DEVICE))',
                'Path("samples").mkdir(exist_ok=True)',
            ),
            saver,
        ),
        frozenset(imports),
    )


def part(config: TrainConfig) -> Part:
    """The optimisers and the loop."""
    helpers = [
        _GRADIENTS if config.penalty.name in ("gradient-penalty", "r1") else "",
        _NOISY.format(sigma=config.instance_noise) if config.instance_noise else "",
    ]
    loss = config.loss.name.replace("-", " ")
    penalty = "" if config.penalty.name == "none" else f", with the penalty {config.penalty.name.replace('-', ' ')}"
    loop = "\n".join(["for step in range(1, STEPS + 1):", *indented(_round(config)), "", *_ending()])
    imports = {"from torch.nn import functional as F"} if "F." in loop else set()
    return Part(
        "Training",
        f"Algorithm 1 of Goodfellow et al. (2014) with the loss {loss}{penalty}.",
        spaced(
            code(
                steps(config),
                *(
                    f"optimizer_{which} = {optimizer(settings, network)}"
                    for which, settings, network in (
                        ("d", config.optimizer_d, "discriminator"),
                        ("g", config.optimizer_g, "generator"),
                    )
                ),
                *_streams(config),
                "losses = []",
            ),
            *helpers,
            loop,
        ),
        frozenset(imports | {"from pathlib import Path"}),
    )


def _streams(config: TrainConfig) -> list[str]:
    lines = ['noise_d = stream("noise for D", DEVICE)']
    if not config.reuse_fakes:
        lines.append('noise_g = stream("noise for G", DEVICE)')
    if config.penalty.name == "gradient-penalty":
        lines.append('chance = stream("penalty", DEVICE)')
    if config.instance_noise:
        lines.append('blur = stream("instance noise", DEVICE)')
    if config.precision == "bfloat16":
        lines.append(f'has = DEVICE == "cuda" or ({_ON_CPU})')
        lines.append("bfloat16 = torch.autocast(DEVICE, torch.bfloat16, has, cache_enabled=False)  # else float32")
    return lines


def optimizer(settings: OptimizerConfig, network: str) -> str:
    """The optimiser as code: its class, and what differs from the class's defaults."""
    ours = optimizers.build(settings, [nn.Parameter(torch.zeros(1))])
    defaults = {name: given.default for name, given in inspect.signature(type(ours)).parameters.items()}
    changed = {
        name: value
        for name, value in ours.defaults.items()
        if name == "lr" or (name in defaults and value != defaults[name])
    }
    arguments = "".join(f", {name}={value!r}" for name, value in changed.items())
    return f"torch.optim.{type(ours).__name__}({network}.parameters(){arguments})"


# ---- the loop --------------------------------------------------------------------------------------------------------


def _round(config: TrainConfig) -> list[str]:
    return [
        *_decay(config),
        *_repeated("k" if _is_lazy(config) else "_", config.n_critic, _critic_step(config)),
        "",
        *_repeated("_", config.g_steps, _generator_step(config)),
        *_average(config),
        "",
        "losses.append((loss_d.item(), loss_g.item()))",
        f"if step % {config.record.frame_every} == 0:",
        '    print(f"step {step:,} of {STEPS:,}: loss of D {loss_d:.3f}, of G {loss_g:.3f}")',
        "    save_samples(step)",
    ]


def _is_lazy(config: TrainConfig) -> bool:
    """Whether D's loss has a term at some of its steps only."""
    return config.penalty.every > 1 and bool(PENALTIES[config.penalty.name][0])


def _ending() -> list[str]:
    return [
        'Path("losses.csv").write_text("".join(f"{d},{g}\\n" for d, g in losses))  # of D, of G',
        'torch.save(generator.state_dict(), "generator.pt")',
    ]


def _decay(config: TrainConfig) -> list[str]:
    if config.lr_decay == "none":
        return []
    rates = f"((optimizer_d, {config.optimizer_d.lr!r}), (optimizer_g, {config.optimizer_g.lr!r}))"
    return [
        f"for optimizer, lr in {rates}:",
        "    for group in optimizer.param_groups:",
        '        group["lr"] = lr * max(0.0, 1 - (step - 1) / STEPS)  # both rates fall to zero',
        "",
    ]


def _repeated(name: str, times: int, lines: list[str]) -> list[str]:
    return lines if times == 1 else [f"for {name} in range({times}):", *indented(lines)]


def _critic_step(config: TrainConfig) -> list[str]:
    reduced = config.precision == "bfloat16"
    made = ["fake = generator(latents(BATCH, noise_d))"]
    if not config.reuse_fakes:
        made = ["with torch.no_grad():", *indented(made)]
    if reduced:
        manager = "bfloat16" if config.reuse_fakes else "torch.no_grad(), bfloat16"
        made = [f"with {manager}:", "    fake = generator(latents(BATCH, noise_d))"]
    seen = ".float()" if reduced else ""
    seen = (".detach()" if config.reuse_fakes else "") + seen
    lines = ["real = next(batches)", *made]
    fake = "fake"
    if seen or config.instance_noise:
        fake = "seen"
        shown = f"fake{seen}"
        lines += (
            [f"real, seen = noisy(real, step), noisy({shown}, step)"] if config.instance_noise else [f"seen = {shown}"]
        )
    lines += ["with bfloat16:", *indented(_judged(config, fake))] if reduced else _judged(config, fake)
    before, after = PENALTIES[config.penalty.name]
    values = {
        "fake": fake,
        "real": "real",
        "clip": config.penalty.clip,
        "strength": config.penalty.weight * config.penalty.every,
        "half": config.penalty.weight / 2 * config.penalty.every,
        "ones": ", ".join(["BATCH", *["1"] * len(config.shape)]),
    }
    term = [line.format(**values) for line in before]
    if _is_lazy(config):
        count = "(step - 1)" if config.n_critic == 1 else f"((step - 1) * {config.n_critic} + k)"
        term = [f"if {count} % {config.penalty.every} == 0:", *indented(term)]
    return [
        *lines,
        *_losses(config)[0],
        *term,
        *_descent("d"),
        *(line.format(**values) for line in after),
    ]


def _judged(config: TrainConfig, fake: str) -> list[str]:
    """D's logits of real samples and of fakes: in one pass where D looks at each sample alone."""
    full = _full(config.precision == "bfloat16")
    if is_samplewise(models.build_meta(config)[1]):
        return [f"real_logits, fake_logits = discriminator(torch.cat((real, {fake}))){full}.split(BATCH)"]
    return [f"real_logits, fake_logits = discriminator(real){full}, discriminator({fake}){full}"]


def _generator_step(config: TrainConfig) -> list[str]:
    reduced = config.precision == "bfloat16"
    made = [] if config.reuse_fakes else ["fake = generator(latents(BATCH, noise_g))"]
    shown = "fake.float()" if reduced else "fake"
    shown = f"noisy({shown}, step)" if config.instance_noise else shown
    lines = [*made, f"fake_logits = discriminator({shown}){_full(reduced)}"]
    return [
        *(["with bfloat16:", *indented(lines)] if reduced else lines),
        _losses(config)[1],
        *_descent("g"),
    ]


def _descent(which: str) -> list[str]:
    return [f"optimizer_{which}.zero_grad()", f"loss_{which}.backward()", f"optimizer_{which}.step()"]


def _full(reduced: bool) -> str:
    return ".float()" if reduced else ""


def _losses(config: TrainConfig) -> tuple[list[str], str]:
    """The lines that compute D's loss, and the one that computes G's, of `real_logits` and `fake_logits`."""
    real, fake, generator_loss = LOSSES[config.loss.name]
    smoothing, lines = config.loss.label_smoothing, []
    if smoothing and real == _LOG_D:  # the two labels' terms are added up sample by sample
        lines.append("smooth = {on!r} * F.logsigmoid(real_logits) - {off!r} * F.logsigmoid(-real_logits)")
        real = "smooth.mean()"
    both = f"({real} {fake}) / 2" if config.loss.combine == "mean" else f"{real} {fake}"
    values = {
        "real": "real_logits",
        "fake": "fake_logits",
        "one": 1 - smoothing if smoothing else 1,
        "on": -(1 - smoothing),
        "off": smoothing,
    }
    lines = [line.format(**values) for line in (*lines, f"loss_d = {both}")]
    return lines, f"loss_g = {generator_loss}".format(**values)


def _average(config: TrainConfig) -> list[str]:
    if not config.ema_decay:
        return []
    return [
        "",
        f"keep = min({config.ema_decay!r}, step / (step + 9))  # rises: the random start should fade soon",
        "with torch.no_grad():",
        "    for ours, new in zip(average.state_dict().values(), generator.state_dict().values(), strict=True):",
        "        if ours.is_floating_point():",
        "            ours.lerp_(new, 1 - keep)",
    ]
