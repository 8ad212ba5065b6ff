"""The button that undoes the changes of a preset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core import presets
from gan_core.config import ConfigError, TrainConfig
from ui import messages
from ui.train import state

_LENGTH = ("epochs", "max_steps")  # stay as they are: a shorter run might end at once


def panel(config: TrainConfig, choose: Callable[[str], None]) -> None:
    """Undo the changes of a preset. A run in training stays in view, and only its live settings are undone.

    Args:
        choose: edits a preset as it is, without a run.
    """
    session = state.watched()
    is_live = session is not None and session.snapshot().live
    if is_live and not _live_changes(config):
        return
    st.button(
        "Restore",
        icon=":material/undo:",
        type="tertiary",
        help="Undo the changes that this run can undo" if is_live else "Undo all changes of this preset",
        on_click=_restore_live if is_live else choose,
        args=(config.preset,),
    )


def _live_changes(config: TrainConfig) -> dict[str, Any]:
    """The preset's values of the settings that a run can undo."""
    original = presets.load(config.preset)
    kept = {*original.fixed_changes_from(config), *_LENGTH}
    return {key: value for key, value in original.changes_from(config).items() if key not in kept}


def _restore_live(name: str) -> None:
    session, config = state.watched(), state.draft()
    if session is None or not session.snapshot().live or config.preset != name:
        return
    try:
        session.update(_live_changes(config))
        state.set_draft(session.requested_config)
    except ConfigError as error:
        messages.show_error(f"{error}. The settings stay as they were.")
