"""The form for a new comparison: a base, one or two axes, their values."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core import compare, presets
from gan_core.compare import Axis, Comparison, learning_rates
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.config.schema import as_text
from gan_core.export.script import title
from ui.compare import axes, plan_preview
from ui.formatting import plain
from ui.train import state

_DEFAULT, _CHANGED = "ring8", "changed"
_OWN_RATES, _SAME_RATE = "Own rate for each", "Same rate for all"


def panel() -> None:
    """The form, and beside it what the comparison needs."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        base = _base()
        try:
            plan = _plan(base, [_axis(base, "What differs", "first"), *_second(base)])
        except ConfigError as error:
            st.error(plain(str(error)), icon=":material/error:")
            plan = None
    with right:
        if plan is not None:
            plan_preview.panel(plan_preview.with_length(plan, "own"))


def _base() -> TrainConfig:
    """A preset, or the experiment that this tab has changed on the Train page."""
    changed = state.changed()
    names = presets.names()
    name = st.selectbox(
        "Base", names if changed is None else [_CHANGED, *names], names.index(_DEFAULT) if changed is None else 0,
        lambda name: title(changed) if changed is not None and name == _CHANGED else presets.get(name).title,
        key="base", bind=plan_preview.BIND, help="All else is as in this experiment",
    )  # fmt: skip
    return changed if name == _CHANGED and changed is not None else presets.load(name)


def _plan(base: TrainConfig, chosen: list[Axis]) -> Comparison:
    name = f"{' and '.join(axis.title for axis in chosen)}, {title(base)}"
    return compare.comparison(title=name[:1].upper() + name[1:], base=base, axes=chosen)


def _second(base: TrainConfig) -> list[Axis]:
    """A second axis, if the user wants one; then every pair of values is a variant."""
    if not st.toggle(
        "A second thing too", key="two", bind=plan_preview.BIND, help="Every pair of values becomes a variant"
    ):
        return []
    return [_axis(base, "What differs too", "second")]


def _axis(base: TrainConfig, label: str, key: str) -> Axis:
    """Fields for the setting and its values. Raises `ConfigError` while they make no axis."""
    choices = axes.choices(base)
    keys = st.selectbox(
        label, list(choices), index=0 if key == "first" else 2, format_func=choices.__getitem__, key=key,
        bind=plan_preview.BIND, help="Any setting of the experiment; type to search",
    )  # fmt: skip
    st.caption(SETTINGS[keys[0]].help)
    values = _values(base, keys, f"{key}-{keys[0]}-{len(keys)}-{base.preset}")
    return axes.axis(base, keys, values, _common_rate(base, keys, key) if axes.are_optimizers(keys) else None)


def _common_rate(base: TrainConfig, keys: axes.Keys, key: str) -> float | None:
    """A switch between the own rate of each optimiser and one rate for all; the rate, None for own rates."""
    choice = st.segmented_control(
        "Learning rates", [_OWN_RATES, _SAME_RATE], default=_OWN_RATES, key=f"{key}-rates", bind=plan_preview.BIND,
        required=True, help="A rate that suits one optimiser may ruin another: their steps differ in size.",
    )  # fmt: skip
    if choice == _OWN_RATES:
        return None
    setting = keys[0].replace(".name", ".lr")
    typed = st.text_input(
        "Rate of all", as_text(base.value(setting)), key=f"{key}-rate-{base.preset}", bind=plan_preview.BIND, width=150
    )
    return float(base.with_values({setting: typed}).value(setting))


def _preferred(keys: axes.Keys, options: list[Any]) -> list[Any]:
    """The options that can be compared fairly: optimisers whose rate was searched, and not Adam under another name."""
    if axes.are_optimizers(keys):
        return [name for name in options if name in learning_rates.searched_rates() and name != "adamw"]
    return options


def _values(base: TrainConfig, keys: axes.Keys, key: str) -> list[Any]:
    """A field to choose from the options, or to type the values."""
    setting = SETTINGS[keys[0]]
    if setting.kind == "true or false":
        st.caption("Without and with it.")
        return [False, True]
    if setting.catalog is not None or setting.options:
        entries = setting.catalog
        options = list(entries) if entries is not None else list(setting.options)
        now = base.value(setting.key)
        first = [now, next(option for option in _preferred(keys, options) if option != now)]
        return list(
            st.multiselect(
                "Values", options, first, key=key, bind=plan_preview.BIND,
                format_func=lambda value: entries[value].label if entries is not None else as_text(value),
            )
        )  # fmt: skip
    between = "semicolons" if setting.kind == "list" else "commas"
    typed = st.text_input(
        f"Values, with {between} between", axes.example(setting, base), key=key, bind=plan_preview.BIND,
        help=f"Each {setting.allowed}" if setting.allowed else None,
    )  # fmt: skip
    return axes.read(setting, typed, base)
