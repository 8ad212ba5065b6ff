"""What makes a comparison fair: each variant has the settings that it needs, and all other differences are named."""

from __future__ import annotations

from collections.abc import Iterable

from gan_core.compare import learning_rates
from gan_core.compare.learning_rates import DOCUMENTED
from gan_core.compare.plan import Axis, Comparison, Variant
from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import as_text
from gan_core.diagnosis.failure_mode import critic
from gan_core.presets.follow_ups import apply_changes

_BOTH = {"optimizer_g": "optimizer", "optimizer_d": "optimizer", "generator": "network", "discriminator": "network"}
_NAMED = 6  # at most this many settings are named


def with_needs(axis: Axis, base: TrainConfig) -> Axis:
    """The axis whose variants also have the settings that they need. Raises `ConfigError` for a bad setting."""
    return axis.model_copy(update={"variants": tuple(variant_with_needs(each, base) for each in axis.variants)})


def variant_with_needs(variant: Variant, base: TrainConfig) -> Variant:
    """The variant with the settings that change along with its own, and a penalty if its loss makes D a critic.

    Raises `ConfigError` for a bad setting.
    """
    changed, needed = apply_changes(base, variant.values)
    if "loss.name" in variant.values and _is_unbounded(changed):
        needed |= {key: value for key, value in critic(base).items() if key.startswith("penalty.")}
    return variant.model_copy(update={"values": {**variant.values, **needed, **variant.values}})


def rates(plan: Comparison) -> str:
    """The learning rates of the compared optimisers and their sources; "" if optimisers are not compared."""
    pairs = _rates(_configs(plan).values())
    if not pairs:
        return ""
    source = learning_rates.source(pairs)
    if len(pairs) > 1 and len({rate for _, rate in pairs}) == 1 and source is None:
        return f"All optimisers have the same learning rate, {as_text(next(iter(pairs))[1])}."
    of = {name: f" ({OPTIMIZERS[name].lr_source})" if source == DOCUMENTED else "" for name, _ in pairs}
    told = ", ".join(f"{OPTIMIZERS[name].label} {as_text(rate)}{of[name]}" for name, rate in sorted(pairs))
    return f"Each optimiser has its own learning rate: {told}." + (f" Each is {source}." if source else "")


def confounds(plan: Comparison) -> list[str]:
    """Sentences about what may explain a difference beside the compared settings; [] for a fair comparison."""
    configs = _configs(plan)
    found = (_other_settings(plan, configs), _unequal_rates(plan, configs), _unequal_images(plan, configs))
    return [*filter(None, found), *_flaws(configs)]


def _configs(plan: Comparison) -> dict[str, TrainConfig]:
    return {variant.title: variant.applied_to(plan.base) for variant in plan.variants}


def _compared(plan: Comparison) -> set[str]:
    """The setting that each axis compares: the first one of its variants."""
    return {_subject(next(iter(variant.values))) for axis in plan.axes for variant in axis.variants if variant.values}


def _subject(key: str) -> str:
    """The setting without its network: "optimizer.lr" for both optimisers."""
    section, _, leaf = key.rpartition(".")
    return f"{_BOTH.get(section, section)}.{leaf}"


def _other_settings(plan: Comparison, configs: dict[str, TrainConfig]) -> str:
    settings = plan.compared_settings(configs)
    differing = [key for key, values in settings.items() if len(set(map(repr, values.values()))) > 1]
    if any(variant.like for axis in plan.axes for variant in axis.variants):
        return f"Whole experiments are compared. They differ in {len(differing)} settings, and each may be the cause."
    expected = _compared(plan)
    if "optimizer.name" in expected:
        expected |= {"optimizer.lr"}  # each optimiser has its own
    others = [key for key in differing if _subject(key) not in expected]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"These settings differ too and may be the cause: {', '.join(others[:_NAMED])}{more}." if others else ""


def _rates(configs: Iterable[TrainConfig]) -> set[tuple[str, float]]:
    """The names and rates of the optimisers, for each network whose optimiser differs."""
    found: set[tuple[str, float]] = set()
    for side in ("optimizer_g", "optimizer_d"):
        pairs = {(config.value(f"{side}.name"), config.value(f"{side}.lr")) for config in configs}
        if len({name for name, _ in pairs}) > 1:
            found |= pairs
    return found


def _unequal_rates(plan: Comparison, configs: dict[str, TrainConfig]) -> str:
    pairs = _rates(configs.values())
    if not pairs or "optimizer.lr" in _compared(plan) or learning_rates.source(pairs):
        return ""
    if len({rate for _, rate in pairs}) == 1:
        return "The one learning rate of all optimisers may suit only some of them."
    return "The learning rates do not come from one search, so one optimiser may be tuned better than another."


def _unequal_images(plan: Comparison, configs: dict[str, TrainConfig]) -> str:
    images = [config.batch_size * config.n_critic * (plan.steps or 0) for config in configs.values()]
    if len(set(images)) < 2:
        return ""
    return (
        f"In {plan.steps:,} steps, D sees {min(images):,} to {max(images):,} real examples, depending on the variant. "
        "Compare the curves over images or seconds too."
    )


def _flaws(configs: dict[str, TrainConfig]) -> list[str]:
    """Variants that cannot show what they are compared for."""
    flaws = []
    if unbounded := [title for title, config in configs.items() if _is_unbounded(config)]:
        flaws.append(f"{', '.join(unbounded)}: a critic needs penalty.name clip or gradient-penalty to be bounded.")
    optimizers = {(each.name, each.weight_decay) for c in configs.values() for each in (c.optimizer_g, c.optimizer_d)}
    if optimizers >= {("adam", 0.0), ("adamw", 0.0)}:
        flaws.append("Adam and AdamW are the same optimiser while weight_decay is 0.")
    return flaws


def _is_unbounded(config: TrainConfig) -> bool:
    """Whether D is a Wasserstein critic that nothing bounds."""
    bounded = config.penalty.name != "none" or config.discriminator.spectral
    return config.loss.name == "wasserstein" and not bounded
