"""Additions to a running study: a seed, a value, or a run of the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core.compare import Axis, Study, StudyError, Variant, fairness, learning_rates
from gan_core.compare.plan import slug
from gan_core.config import SETTINGS, ConfigError
from gan_core.config.schema import as_text
from gan_core.runs import RunError, shipped
from ui.compare import axes, state
from ui.formatting import plain
from ui.server import pool


def panel(study: Study) -> None:
    """A popover with all three."""
    with st.popover("Add", icon=":material/add:"):
        plan = study.comparison
        if plan.axes:
            _seed(study)
        if len(plan.axes) == 1:
            _value(study, plan.axes[0])
        _library_run(study)


def _seed(study: Study) -> None:
    st.button(
        f"One more seed: {len(study.comparison.variants)} runs",
        icon=":material/casino:",
        on_click=seeds,
        args=(study, 1),
        help="Every variant once more, with the next seed",
        width="stretch",
    )


def seeds(study: Study, number: int) -> None:
    """Add so many seeds and train their runs, or show an error."""
    _try(study, lambda: study.add_seeds(number))


def _value(study: Study, axis: Axis) -> None:
    """A new variant: one field for each group of settings that the axis changes together."""
    with st.form(f"add-value-{study.id}", border=False):
        st.markdown(f"**One more {plain(axis.title)}**")
        groups = axes.grouped(axis)
        groups = {keys: name for keys, name in groups.items() if axes.are_optimizers(keys)} or groups
        fields = {keys: _field(study, keys, name, f"add-{study.id}-{keys[0]}") for keys, name in groups.items()}
        if st.form_submit_button("Add value", icon=":material/add:"):
            _try(study, lambda: study.add_variant(_variant(study, axis, fields)))
            st.rerun()


def _field(study: Study, keys: axes.Keys, name: str, key: str) -> Any:
    setting = SETTINGS[keys[0]]
    base = study.comparison.base.value(keys[0])
    if setting.catalog is not None or setting.options:
        options = list(setting.catalog or setting.options)
        return st.selectbox(plain(name), options, options.index(base), format_func=as_text, key=key)
    return st.text_input(
        plain(name), as_text(base), key=key, help=f"It must be {plain(setting.allowed)}" if setting.allowed else None
    )


def _variant(study: Study, axis: Axis, fields: dict[axes.Keys, Any]) -> Variant:
    text = ", ".join(as_text(value) for value in fields.values())
    values = {key: value for keys, value in fields.items() for key in keys}
    for keys, name in fields.items():
        if axes.are_optimizers(keys):
            others = [variant.values[keys[0]] for variant in axis.variants if keys[0] in variant.values]
            rates = [key.replace(".name", ".lr") for key in keys]
            values |= dict.fromkeys(rates, _rate(axis, rates[0], others, name))
    variant = Variant(id=slug(text), title=f"{axis.title} {text}", values=values)
    return fairness.variant_with_needs(variant, study.comparison.base)


def _rate(axis: Axis, key: str, others: list[str], name: str) -> float:
    """The learning rate of an optimiser that is added: the rate of all if they have one, or else its own."""
    used = [float(variant.values.get(key, 0)) for variant in axis.variants]
    own = learning_rates.suggested_rates([*others, name])
    if len(set(used)) == 1 and used != [own[other] for other in others]:
        return used[0]
    return own[name]


def _library_run(study: Study) -> None:
    """Any run of the library with the same data, finished or in training."""
    plan = study.comparison
    present = {trial.run_id for trial in study.trial_statuses()} | {added.run_id for added in study.added_runs()}
    names = {
        run.id: run.name
        for run in [*pool().store.list(), *shipped.SHIPPED.list()]
        if run.id not in present and plan.has_same_data(run.config)
    }
    if not names:
        st.caption(f"No other run is on {plain(plan.base.dataset.label)}.")
        return
    run_id = st.selectbox(
        "A run of the library", list(names), None, format_func=names.__getitem__, placeholder="Choose a run",
        key=f"join-{study.id}", help="It is shown and not tested: it may differ from the others in more than one thing",
    )  # fmt: skip
    if run_id:
        st.button(
            "Show it too", icon=":material/group_add:", on_click=_try, args=(study, lambda: study.add_run(run_id))
        )


def _try(study: Study, change: Callable[[], None]) -> None:
    """Make the change and train the new runs, or show an error."""
    try:
        change()
        state.start(study)
    except (ConfigError, StudyError, RunError, OSError) as error:
        state.show_error(f"Nothing was added. {error}")
