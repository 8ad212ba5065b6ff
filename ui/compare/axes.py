"""The axes of a comparison: any setting, or the same setting of both networks or both optimisers together."""

from __future__ import annotations

from typing import Any

from gan_core.compare import Axis, fairness
from gan_core.compare.plan import SET_BY_COMPARISON
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.config.schema import Setting, as_text
from ui.train import form

Keys = tuple[str, ...]
OPTIMIZERS: Keys = ("optimizer_g.name", "optimizer_d.name")
_PAIRS = (("optimizer_g", "optimizer_d", "both optimisers"), ("generator", "discriminator", "both networks"))
_OFTEN: tuple[Keys, ...] = (
    OPTIMIZERS,
    ("optimizer_g.lr", "optimizer_d.lr"),
    ("latent.dim",),
    ("loss.name",),
    ("n_critic",),
    ("batch_size",),
    ("penalty.name",),
    ("generator.width", "discriminator.width"),
    ("generator.depth", "discriminator.depth"),
)
_NOT_COMPARED = (*SET_BY_COMPARISON, "data.name", "data.path", "data.points", "data.size")


def are_optimizers(keys: Keys) -> bool:
    """Whether these settings are the optimiser of one network or of both. Each optimiser has its own learning rate."""
    return set(keys) <= set(OPTIMIZERS)


def choices(base: TrainConfig) -> dict[Keys, str]:
    """The possible axes of an experiment, the most common first, with their labels."""
    singles: list[Keys] = [(key,) for key in SETTINGS if not key.startswith(_NOT_COMPARED) and form.is_used(base, key)]
    both: list[Keys] = [
        (f"{one}.{leaf}", f"{other}.{leaf}")
        for one, other, _ in _PAIRS
        for leaf in dict.fromkeys(key.split(".")[1] for key in SETTINGS if key.startswith(f"{one}."))
        if (f"{one}.{leaf}",) in singles
        and (f"{other}.{leaf}",) in singles
        and _same_values(f"{one}.{leaf}", f"{other}.{leaf}")
    ]
    possible = [*both, *singles]
    ordered = [*(keys for keys in _OFTEN if keys in possible), *(keys for keys in possible if keys not in _OFTEN)]
    return {keys: label(keys) for keys in ordered}


def label(keys: Keys) -> str:
    """The label of an axis: "Length of z (latent.dim)", "Learning rate of both optimisers"."""
    if keys == OPTIMIZERS:
        return "Optimiser of both networks"
    if len(keys) == 1:
        return f"{form.label(keys[0])} ({keys[0]})"
    section, leaf = keys[0].split(".")
    whose = next(name for one, _, name in _PAIRS if one == section)
    name = form.label(keys[0]).removeprefix("G ")
    return f"{name[0].upper()}{name[1:]} of {whose} ({leaf})"


def title(keys: Keys) -> str:
    """A short label, to put before a value."""
    if keys == OPTIMIZERS:
        return "optimiser"
    name = form.label(keys[0])
    return name.removeprefix("G ") if len(keys) > 1 else name


def example(setting: Setting, base: TrainConfig) -> str:
    """Example values: the base's value, and one below and above it."""
    value = base.value(setting.key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        return as_text(value)
    kind = int if isinstance(value, int) else float
    around = dict.fromkeys([kind(value / 2), value, kind(value * 2)])
    return ", ".join(as_text(kind(f"{number:.4g}")) for number in around if _is_allowed(setting, number, base))


def read(setting: Setting, text: str, base: TrainConfig) -> list[Any]:
    """The typed values, separated by commas, or lists separated by semicolons. Raises `ConfigError` for a bad one."""
    parts = text.split(";" if setting.kind == "list" else ",")
    return [base.with_values({setting.key: part.strip()}).value(setting.key) for part in parts if part.strip()]


def axis(base: TrainConfig, keys: Keys, values: list[Any], rate: float | None = None) -> Axis:
    """An axis that gives these settings each of the values, with what each value needs.

    Args:
        rate: the learning rate of all optimisers; None for the own rate of each.

    Raises:
        ConfigError: they make no axis.
    """
    if len(values) < 2:
        raise ConfigError("Give at least two values to compare")
    if are_optimizers(keys):
        return Axis.of_optimizers(values, "".join(key[len("optimizer_")] for key in keys), rate)
    return fairness.with_needs(Axis.of(keys, values, title(keys)), base)


def grouped(axis: Axis) -> dict[Keys, str]:
    """The settings of an axis in groups that share one value in every variant, with a title for each group."""
    keys = dict.fromkeys(key for variant in axis.variants for key in variant.values)
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in keys:
        groups.setdefault(tuple(repr(variant.values.get(key)) for variant in axis.variants), []).append(key)
    return {tuple(group): title(tuple(group)) for group in groups.values()}


def _same_values(one: str, other: str) -> bool:
    """Whether two settings allow the same values."""
    a, b = SETTINGS[one], SETTINGS[other]
    return (a.catalog, a.options, a.bounds, a.kind) == (b.catalog, b.options, b.bounds, b.kind)


def _is_allowed(setting: Setting, value: float, base: TrainConfig) -> bool:
    try:
        base.with_values({setting.key: value})
    except ConfigError:
        return False
    return True
