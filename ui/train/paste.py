"""A field for the settings of another experiment, as JSON."""

from __future__ import annotations

import streamlit as st

from gan_core.config import TrainConfig
from gan_core.config.retired import note_on
from gan_core.config.schema import ConfigError
from gan_core.system.files import parse_json
from ui import messages
from ui.train import state


def panel() -> None:
    """The field, and the button that edits the pasted experiment."""
    with st.popover("Paste settings", icon=":material/content_paste:"):
        pasted = st.text_area("Settings as JSON", key="pasted", height=120)
        if st.button("Use these settings", disabled=not pasted):
            _use(pasted)


def _use(text: str) -> None:
    try:
        state.edit(TrainConfig.from_json(text))
        messages.show_note(note_on(parse_json(text)))
    except ConfigError as error:
        messages.show_error_with_toast(str(error))
    st.rerun()
