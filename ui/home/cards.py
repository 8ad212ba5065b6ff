"""The cards of the Home page. Torch is imported only when it is needed, so that the page appears at once."""

from __future__ import annotations

import streamlit as st

from gan_core import presets
from gan_core.presets import Preset
from ui import shell
from ui.formatting import plain, rough_minutes

_DEFAULT = "mnist-quick"


def default_card() -> None:
    """The card of the default preset."""
    preset = presets.get(_DEFAULT)
    with st.container(border=True):
        st.markdown(f"**{plain(preset.title)}** · {plain(preset.look_for)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Train on handwritten digits", icon=":material/play_arrow:", type="primary", shortcut="S"):
                _start(_DEFAULT)
            if st.button("Use your own pictures", icon=":material/add_photo_alternate:"):
                _open_own_pictures()
            st.caption(f"{rough_minutes(preset.minutes)} · nothing to download")


def groups() -> list[str]:
    """The groups of the other presets, in order."""
    return list(dict.fromkeys(presets.get(name).group for name in presets.names() if name != _DEFAULT))


def presets_in(group: str) -> list[Preset]:
    return [presets.get(name) for name in presets.names() if presets.get(name).group == group]


def card(preset: Preset) -> None:
    """The card of a preset: description, data set and time."""
    entry = preset.config.dataset
    with st.container(border=True, width=305, height="stretch"):
        st.markdown(f"**{plain(preset.title)}**")
        st.caption(f"{plain(entry.label)} · {rough_minutes(preset.minutes)}{_needs(entry.needs)}")
        st.markdown(plain(preset.look_for))
        if st.button("Open", key=f"open-{preset.id}", icon=":material/arrow_forward:", icon_position="right"):
            _open(preset.id)


def machine() -> None:
    """The device for training, and the running sessions."""
    with st.spinner("Looking for a GPU"):
        shell.load()
        from ui.home import running

    running.panel()


def _needs(needs: str) -> str:
    return {"network": " · downloads its data", "files": " · needs your pictures"}.get(needs, "")


def _open(name: str) -> None:
    shell.load()
    from ui.train import state

    state.edit(presets.load(name))
    st.switch_page("pages/train.py")


def _open_own_pictures() -> None:
    shell.load()
    from ui.train import own_pictures, state

    state.open_page()
    own_pictures.begin()
    st.switch_page("pages/train.py")


def _start(name: str) -> None:
    """Train this preset, or watch the session that trains it already. Other sessions go on."""
    shell.load()
    from ui.server import pool
    from ui.train import controls, state

    state.edit(presets.load(name))
    training = [key for key, session in pool().live().items() if session.snapshot().config == state.draft()]
    if training:
        state.watch(training[0])
    else:
        controls.begin()
    st.switch_page("pages/train.py")
