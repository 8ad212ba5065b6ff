"""The form for a config, made from its settings: whatever a setting says of itself is what its widget shows.

The draft is the only truth. Each run puts the draft's values into the widgets before it draws them, so a refused value
falls back by itself, and a setting may stand in two places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from gan_core import presets
from gan_core.catalog import DISCRIMINATORS, GENERATORS, OPTIMIZERS
from gan_core.config import SETTINGS, TrainConfig
from gan_core.schema import ConfigError, Setting, as_text
from gan_core.session import Session
from ui import state
from ui.widgets import is_echo, show_value

IN_SIGHT = ("loss.name", "optimizer_g.lr", "optimizer_d.lr", "n_critic", "batch_size")
TABS: Mapping[str, tuple[str, ...]] = {
    "Generator": ("generator.", "latent.", "ema_decay"),
    "Discriminator": ("discriminator.", "penalty.", "instance_noise", "augment."),
    "Loss": ("loss.", "reuse_fakes"),
    "Optimisers": ("optimizer_g.", "optimizer_d.", "lr_decay"),
    "Schedule": ("batch_size", "epochs", "max_steps", "n_critic", "g_steps", "local_pairs", "seed"),
    "Data and classes": ("data.", "condition."),
    "Recording and speed": ("record.", "precision", "channels_last", "deterministic", "cuda_graph", "compile"),
}
_NAMES = {
    "loss.name": "Loss",
    "optimizer_g.lr": "G learning rate",
    "optimizer_d.lr": "D learning rate",
    "n_critic": "D steps a round (k)",
    "batch_size": "Batch size",
    "epochs": "Epochs",
    "max_steps": "Steps",
    "optimizer_g.name": "G optimiser",
    "optimizer_d.name": "D optimiser",
    "lr_decay": "Decay of both rates",
    "ema_decay": "Averaging of G's weights",
    "g_steps": "G steps a round",
    "reuse_fakes": "G learns on D's fakes",
    "generator.name": "Family",
    "discriminator.name": "Family",
    "penalty.name": "Penalty on D",
    "loss.combine": "D's two terms",
    "data.name": "Data set",
    "condition.name": "Tell the class",
    "condition.dim": "Numbers for a class",
    "augment.translation": "DiffAugment shift",
    "augment.cutout": "DiffAugment cutout",
    "augment.color": "DiffAugment colour",
    "local_pairs": "Local pairs (SGAN)",
    "generator.mapping": "Mapping layers",
    "latent.dim": "Length of z",
    "record.tensorboard": "TensorBoard event files",
    "latent.distribution": "Distribution of z",
    "channels_last": "Channels last",
    "cuda_graph": "CUDA graphs",
    "compile": "Compile the step",
}
_OF_NETWORKS = {  # the same in G and D
    "spectral": "Spectral normalisation",
    "blocks": "Blocks at each size",
    "batch_layer": "Layer across the batch",
    "norm": "Normalisation",
    "norm_first": "Normalise first layer",
    "init": "Initial weights",
    "init_std": "Deviation of weights",
}
_EVERY_NETWORK = ("output", "batch_layer", "head")  # read whatever the family


def essentials(config: TrainConfig, session: Session | None) -> None:
    """The few settings that matter most, in one row."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="essentials"):
        for key in (*IN_SIGHT, "max_steps" if config.max_steps else "epochs"):
            _widget(SETTINGS[key], config, session, place="essentials", width=150)


def all_settings(config: TrainConfig, session: Session | None) -> None:
    """Every setting that the present choices read, by topic."""
    for tab, (name, prefixes) in zip(st.tabs(list(TABS)), TABS.items(), strict=True):
        with tab, st.container(horizontal=True, vertical_alignment="bottom", key=f"settings-{name}"):
            for setting in _relevant(config, prefixes):
                _widget(setting, config, session, place=name, width=190)


def label(key: str) -> str:
    """What a setting is called on screen."""
    if key in _NAMES:
        return _NAMES[key]
    section, _, leaf = key.rpartition(".")
    if section in ("generator", "discriminator") and leaf in _OF_NETWORKS:
        return _OF_NETWORKS[leaf]
    words = leaf.replace("_", " ").replace("lr", "learning rate")
    prefix = {"optimizer_g": "G ", "optimizer_d": "D "}.get(section, "")
    return prefix + words if prefix else words[0].upper() + words[1:]


def _relevant(config: TrainConfig, prefixes: Iterable[str]) -> list[Setting]:
    """Settings that the chosen network, optimiser, penalty and data set read, by `prefixes` in order; names first."""
    return [
        setting
        for prefix in prefixes
        for setting in sorted(SETTINGS.values(), key=lambda setting: not setting.key.endswith(".name"))
        if setting.key.startswith(prefix) and is_read(config, setting.key)
    ]


def is_read(config: TrainConfig, key: str) -> bool:
    """Whether anything reads the setting: a width of an MLP's hidden layers says nothing to a DCGAN."""
    section, _, leaf = key.rpartition(".")
    if section == "condition":
        return bool(config.dataset.classes) and (leaf == "name" or config.condition.name != "none")
    if section == "augment":
        return config.dataset.kind == "images"
    if leaf == "name" or not section:
        return True
    if section in ("generator", "discriminator"):
        entry = (GENERATORS if section == "generator" else DISCRIMINATORS)[config.value(f"{section}.name")]
        needs = {"slope": ("activation", "leaky-relu"), "norm_first": ("norm", "batch"), "init_std": ("init", "normal")}
        if leaf in needs and config.value(f"{section}.{needs[leaf][0]}") != needs[leaf][1]:
            return False
        return leaf in _EVERY_NETWORK or leaf in entry.reads
    if section in ("optimizer_g", "optimizer_d"):
        return leaf == "lr" or leaf in OPTIMIZERS[config.value(f"{section}.name")].reads
    if section == "penalty":
        return leaf in SETTINGS["penalty.name"].catalog[config.penalty.name].reads  # type: ignore[index]
    if section == "data" and config.dataset.kind == "points":
        return leaf == "count"
    return key != "data.points" and (key != "data.path" or leaf in config.dataset.reads)


def _widget(setting: Setting, config: TrainConfig, session: Session | None, place: str, **look: Any) -> None:
    live = session is not None and session.snapshot().live
    value, widget_key = config.value(setting.key), f"{place}/{setting.key}"
    bounds = f" {setting.allowed[0].upper()}{setting.allowed[1:]}." if setting.bounds else ""
    fixed = " Fixed while a run trains." if live and not setting.live else ""
    common: dict[str, Any] = {
        "label": label(setting.key),
        "key": widget_key,
        "help": setting.about + bounds + fixed,
        "disabled": bool(fixed),
        "on_change": _changed,
        "args": (setting.key, widget_key, session),
    } | look
    if setting.catalog is not None:
        entries = setting.catalog
        show_value(widget_key, value)
        st.selectbox(options=list(entries), format_func=lambda name: entries[name].label, **common)
    elif setting.options:
        show_value(widget_key, value)
        st.selectbox(options=setting.options, format_func=as_text, placeholder=as_text(None), **common)
    elif setting.kind == "true or false":
        show_value(widget_key, value)
        st.toggle(**common)
    elif setting.kind == "whole number" and value is not None:  # without bounds, which it would keep to in silence
        show_value(widget_key, value)
        st.number_input(value=None, step=1, **common)
    else:  # text for numbers too: rates span many powers of ten, for which a stepper has no good step
        show_value(widget_key, as_text(value))
        st.text_input(**common)


def _changed(key: str, widget_key: str, session: Session | None) -> None:
    """A widget was changed by hand: check the value, keep it, and pass it to the session that trains."""
    if is_echo(widget_key):
        return
    try:
        values = _with_consequences(key, st.session_state[widget_key])
        draft = state.draft().with_values(values)
        if draft == state.draft():
            return  # the other place where the setting stands has been heard of: no news, and no end of a complaint
        if session is not None and session.snapshot().live:
            session.update(values)
        st.session_state.draft = draft
        state.complain("")
    except ConfigError as error:
        state.complain_from_below(f"{error}. The setting stays as it was.")


def _with_consequences(key: str, value: Any) -> dict[str, Any]:
    """The change, and what sensibly changes with it.

    Another optimiser brings its own learning rate; a family that cannot be normalised spectrally ends that.
    """
    section, _, leaf = key.rpartition(".")
    if section.startswith("optimizer") and leaf == "name":
        return {key: value, f"{section}.lr": OPTIMIZERS[value].lr}
    families = {"generator": GENERATORS, "discriminator": DISCRIMINATORS}
    if section in families and leaf == "name" and "spectral" not in families[section][value].reads:
        return {key: value, f"{section}.spectral": False}
    if key == "data.name":
        return presets.fit_to(state.draft(), value).changes_from(state.draft())
    return {key: value}
