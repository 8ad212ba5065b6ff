"""The experiment as a link, a command line, a PyTorch script and JSON."""

from __future__ import annotations

import shlex
from urllib.parse import urlencode

import streamlit as st

from gan_core import export, presets
from gan_core.config import TrainConfig
from gan_core.config.retired import note_on
from gan_core.config.schema import ConfigError, as_text
from gan_core.presets.follow_ups import apply_changes
from gan_core.system.files import parse_json
from ui import messages
from ui.formatting import plain
from ui.train import state


def panel(config: TrainConfig) -> None:
    """The experiment in four forms, and a field to paste JSON into."""
    with st.popover("Share", icon=":material/share:"):
        link, command, script, text = st.tabs(
            ["Link", "Command line", "Script", "JSON"], key="share", on_change="rerun"
        )
        with link:
            st.caption("Opens this experiment, settings and seed included, in any GAN Playground.")
            st.code(link_to(config), language=None, wrap_lines=True)
        with command:
            st.caption("Trains the same experiment without a browser.")
            st.code(command_line(config), language="bash", wrap_lines=True)
        with script:
            if script.open:
                _script(config)
        with text:
            st.code(config.to_json(), language="json", height=260)
            pasted = st.text_area("Paste a config here to use it", key="pasted", height=80)
            if st.button("Use this config", disabled=not pasted):
                _use(pasted)


def _script(config: TrainConfig) -> None:
    """The experiment as a PyTorch script, or the reason why there is none."""
    try:
        code = export.script(config)
    except export.ExportError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    st.caption("Trains the same networks to the same numbers, in plain PyTorch.")
    st.download_button(
        "Download", code, f"{config.preset}.py", "text/x-python", icon=":material/download:", on_click="ignore"
    )
    st.code(code, language="python", height=260)


def link_to(config: TrainConfig) -> str:
    """The URL of this page with the whole experiment in its query."""
    page = (st.context.url or "").split("?")[0]
    return f"{page}?{urlencode(config.to_query(), safe=',;')}"


def command_line(config: TrainConfig) -> str:
    """The command that trains this experiment: its preset and the settings that differ from it."""
    base = presets.load(config.preset if config.preset in presets.names() else state.DEFAULT)
    parts = ["python", "-m", "gan_core", "train", "--preset", base.preset]
    changes = config.changes_from(base)
    changes |= {key: config.value(key) for key in apply_changes(base, changes)[1]}  # else the command adds follow-ups
    for key, value in changes.items():
        parts += ["--set", f"{key}={as_text(value)}"]
    return shlex.join(parts)


def _use(text: str) -> None:
    try:
        state.edit(TrainConfig.from_json(text))
        messages.show_note(note_on(parse_json(text)))
    except ConfigError as error:
        messages.show_error_with_toast(str(error))
    st.rerun()
