"""The presets as cards with pictures, in groups. Torch is loaded when a card is opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import streamlit as st

from gan_core import presets
from gan_core.presets import Preset
from ui import shell
from ui.formatting import plain, rough_minutes

_PICTURES = Path(__file__).parents[2] / "docs" / "images" / "recipes"
_LONG = 60  # minutes; presets that take longer are folded away
_NEEDS = {"network": " · downloads its data", "files": " · needs your pictures"}
_FILTERS: Mapping[str, Callable[[Preset], bool]] = {
    "Points": lambda preset: preset.config.dataset.kind == "points",
    "Digits and garments": lambda preset: preset.config.dataset.kind == "images" and preset.config.shape[0] == 1,
    "Colour pictures": lambda preset: preset.config.dataset.kind == "images" and preset.config.shape[0] == 3,
    "GANs that fail": lambda preset: preset.group == "When GANs fail",
    "Research papers": lambda preset: preset.group == "Ideas from research papers",
}


@st.fragment
def panel() -> None:
    """The filter and the cards that it leaves."""
    chosen = st.pills("Show presets", list(_FILTERS), label_visibility="collapsed", key="home-filter")
    shown = [preset for preset in map(presets.get, presets.names()) if chosen is None or _FILTERS[chosen](preset)]
    quick = [preset for preset in shown if not takes_hours(preset)]
    for group in dict.fromkeys(preset.group for preset in quick):
        st.subheader(plain(group), anchor=False)
        _cards(group, [preset for preset in quick if preset.group == group])
    if long := [preset for preset in shown if takes_hours(preset)]:
        with st.expander("Presets that take hours", icon=":material/schedule:"):
            _cards("hours", long)


def takes_hours(preset: Preset) -> bool:
    """Whether a preset is folded away because it trains for so long."""
    return preset.minutes > _LONG


def _cards(name: str, shown: Iterable[Preset]) -> None:
    with st.container(key=f"cards-{name}"):
        for preset in shown:
            _card(preset)


def _card(preset: Preset) -> None:
    """Picture, title, data set, time and the first thing to look for. A click anywhere opens it on Train."""
    entry = preset.config.dataset
    picture = _PICTURES / f"{preset.id}.png"
    with st.container(border=True, horizontal=True, key=f"card-{preset.id}"):
        if picture.exists():
            st.image(picture, width=112)
        else:
            with st.container(width=112, key=f"no-picture-{preset.id}"):
                st.text(entry.label)
        with st.container(gap=None, key=f"words-{preset.id}"):
            opened = st.button(plain(preset.title), key=f"open-{preset.id}", type="tertiary")
            st.caption(f"{plain(entry.label)} · {rough_minutes(preset.minutes)}{_NEEDS.get(entry.needs, '')}")
            st.markdown(plain(first_sentence(preset.look_for)))
    if opened:
        _open(preset.id)


def first_sentence(text: str) -> str:
    """The text up to the first full stop before a space and a capital letter."""
    return re.split(r"(?<=\.)\s+(?=[A-Z])", text, maxsplit=1)[0]


def _open(name: str) -> None:
    shell.load()
    from ui.train import state

    state.edit(presets.load(name))
    st.switch_page(shell.path("train"))
