"""The form of a config, generated from its settings.

Each script run puts the draft's values into the widgets before it draws them, so that a refused value is reset and a
setting may have two widgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.relevance import is_used
from gan_core.config.schema import ConfigError, Setting, as_text
from gan_core.presets.follow_ups import apply_changes
from gan_core.session import Session
from ui import messages, setting_names
from ui.formatting import plain
from ui.setting_names import label
from ui.train import state
from ui.widgets import showing

IN_SIGHT = ("loss.name", "optimizer_g.lr", "optimizer_d.lr", "n_critic", "batch_size")
TABS: Mapping[str, tuple[str, ...]] = {
    "Generator": ("generator.", "latent.", "ema_decay"),
    "Discriminator": ("discriminator.", "penalty.", "instance_noise", "augment."),
    "Loss": ("loss.", "reuse_fakes"),
    "Optimisers": ("optimizer_g.", "optimizer_d.", "lr_decay"),
    "Schedule": ("batch_size", "epochs", "max_steps", "n_critic", "g_steps", "local_pairs", "seed"),
    "Data and classes": ("data.", "condition."),
    "Recording and speed": ("record.", "precision", "channels_last", "deterministic", "cuda_graph"),
}


def essentials(config: TrainConfig, session: Session | None) -> None:
    """The most important settings, in one row."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="essentials"):
        for key in (*IN_SIGHT, "max_steps" if config.max_steps else "epochs"):
            widget(SETTINGS[key], config, session, place="essentials", width=150)


def all_settings(config: TrainConfig, session: Session | None) -> None:
    """Every setting that has an effect under the present choices, by topic."""
    for tab, (name, prefixes) in zip(st.tabs(list(TABS)), TABS.items(), strict=True):
        with tab, st.container(horizontal=True, vertical_alignment="bottom", key=f"settings-{name}"):
            for setting in _relevant(config, prefixes):
                widget(setting, config, session, place=name, width=190)


def _relevant(config: TrainConfig, prefixes: Iterable[str]) -> list[Setting]:
    """The settings with these prefixes that have an effect, in the order of `prefixes`, names first."""
    return [
        setting
        for prefix in prefixes
        for setting in sorted(SETTINGS.values(), key=lambda setting: not setting.key.endswith(".name"))
        if setting.key.startswith(prefix) and is_used(config, setting.key)
    ]


def described(setting: Setting, session: Session | None) -> dict[str, Any]:
    """The label and the help of a setting's widget. It is disabled if it is fixed while the session trains."""
    live = session is not None and session.snapshot().live
    bounds = f" {setting.allowed[0].upper()}{setting.allowed[1:]}." if setting.bounds else ""
    fixed = " Fixed while a run trains." if live and not setting.live else ""
    return {"label": label(setting.key), "help": plain(setting.help + bounds + fixed), "disabled": bool(fixed)}


def widget(setting: Setting, config: TrainConfig, session: Session | None, place: str, **layout: Any) -> None:
    """The widget of a setting. One setting may have widgets in several places."""
    value = config.value(setting.key)
    common = described(setting, session) | layout

    def shown(value: Any) -> dict[str, Any]:
        return common | showing(f"{place}/{setting.key}", value, partial(change, setting.key, session))

    if setting.catalog is not None:
        entries, names = setting.catalog, list(setting.catalog)
        st.selectbox(
            options=names, index=names.index(value), format_func=lambda name: entries[name].label, **shown(value)
        )
    elif setting.options:
        st.selectbox(
            options=setting.options,
            index=setting.options.index(value),
            format_func=as_text,
            placeholder=as_text(None),
            **shown(value),
        )
    elif setting.kind == "true or false":
        st.toggle(value=value, **shown(value))
    elif setting.kind == "whole number" and value is not None:  # no bounds: they would be enforced silently
        st.number_input(value=value, step=1, **shown(value))
    else:  # numbers as text: rates span many powers of ten, so no step of a number input fits
        st.text_input(value=as_text(value), **shown(as_text(value)))


def change(key: str, session: Session | None, value: Any) -> None:
    """After a change in a widget: check the value, put it into the draft, and pass it to the live session."""
    if value is None:
        return  # a cleared field shows its value again
    try:
        before, changes = state.draft(), {key: value}
        draft, follow_ups = apply_changes(before, changes)
        if session is not None and session.snapshot().live:
            session.update(changes | follow_ups)
        st.session_state.draft = draft
        messages.show_error("")
        announce(before, follow_ups)
    except ConfigError as error:
        messages.show_error_with_toast(f"{error}. The setting stays as it was.")


def announce(before: TrainConfig, follow_ups: Mapping[str, Any]) -> None:
    """Show which settings changed along with the one that the user changed."""
    if follow_ups:
        st.toast(f"Also changed: {plain(setting_names.changes(before, follow_ups, most=3))}", icon=":material/info:")
