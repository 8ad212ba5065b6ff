"""The state of one browser tab: the experiment that it edits and the session that it watches. The URL holds both."""

from __future__ import annotations

from difflib import get_close_matches

import streamlit as st

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.retired import note_on
from gan_core.config.schema import ConfigError
from gan_core.runs import RunError, shipped
from gan_core.session import Session, Snapshot
from ui import addresses, messages, shell
from ui.server import pool

DEFAULT = "mnist-quick"
_SESSION = "session"  # beside the run and its step the only query parameter that is not a setting
_NOT_SETTINGS = (_SESSION, addresses.RUN, addresses.STEP)


def open_page() -> None:
    """Take the draft and the watched run from the URL if the tab is new; later the tab's state takes precedence.

    A run that no session of this server holds is opened on the Runs page.
    """
    if "draft" in st.session_state:
        return
    query = {key: value for key, value in st.query_params.items() if key not in _NOT_SETTINGS}
    st.session_state.draft = presets.load(DEFAULT)
    messages.show_error("")
    if query:
        try:
            if query.keys() == {"preset"}:  # a link with a preset only
                _open_preset(query["preset"])
            else:
                st.session_state.draft = TrainConfig.from_query(query)
                messages.show_note(note_on(query))
        except ConfigError as error:
            messages.show_error(f"This link's settings were not used: {error}. The default preset stands instead.")
    key, run_id = st.query_params.get(_SESSION), st.query_params.get(addresses.RUN)
    if key is None and run_id is None and not query:
        key = pool().latest()
    watch(key if pool().get(key) is not None else pool().of_run(run_id) if run_id else None)
    if watched() is not None:
        _show_linked_step()
    elif run_id and _is_kept(run_id):
        step = {addresses.STEP: st.query_params[addresses.STEP]} if addresses.linked_step() is not None else {}
        st.switch_page(shell.path("runs"), query_params={addresses.RUN: run_id, **step})
    elif run_id:
        messages.show_note("The run of this link is not in the library of this machine. It may have been deleted.")
    elif key and not query:
        messages.show_note("The training of this link is not open on this server. The Runs page has the runs it keeps.")


def _show_linked_step() -> None:
    """Move the time line to the saved picture that is nearest to the step of the URL, if it names one."""
    step, session = addresses.linked_step(), watched()
    frames = session.snapshot().frames if session is not None else ()
    if step is not None and frames:
        st.session_state.scrub = min(frames, key=lambda saved: abs(saved - step))


def _is_kept(run_id: str) -> bool:
    """Whether the library has this run, or the app ships it."""
    try:
        shipped.store_of(run_id, pool().store).open(run_id)
    except RunError:
        return False
    return True


def _open_preset(name: str) -> None:
    if name in presets.names():
        st.session_state.draft = presets.load(name)
        return
    near = get_close_matches(name, presets.names(), 1, cutoff=0.4)
    offer = f' Did you mean "{near[0]}"? Choose it in the list of presets.' if near else ""
    messages.show_error(f'There is no preset "{name[:80]}".{offer} The default preset is shown instead.')


def draft() -> TrainConfig:
    """The experiment that this tab edits and that Start begins."""
    return st.session_state.draft


def changed() -> TrainConfig | None:
    """The experiment of this tab if it differs from its preset, else None."""
    config: TrainConfig | None = st.session_state.get("draft")
    if config is None or (config.preset in presets.names() and config == presets.load(config.preset)):
        return None
    return config


def set_draft(config: TrainConfig) -> None:
    """Edit this experiment, without the messages about the last one."""
    st.session_state.draft = config
    messages.show_error("")
    messages.show_note("")


def watch(key: str | None) -> None:
    """Watch the session with this key, or none if there is no such session."""
    st.session_state.watched = key if pool().get(key) is not None else None
    st.session_state.scrub = None
    session = pool().get(key)
    if session is not None:
        set_draft(session.snapshot().config)


def follow(session: Session | None) -> bool:
    """Take over the settings of a live session, which another tab may have changed. Returns whether they differed."""
    if session is None or not session.snapshot().live or session.requested_config == draft():
        return False
    st.session_state.draft = session.requested_config
    return True


def shown(session: Session | None) -> Snapshot | None:
    """The snapshot to show; None without a session, and for one that failed before its first step."""
    now = session.snapshot() if session is not None else None
    return None if now is None or (now.status == "failed" and not len(now.history)) else now


def error_of(session: Session | None) -> str:
    """The error of the watched session; "" if there is none.

    The error of a failed start is not shown if the settings have changed since, or if it is about the pictures: their
    preview says whether they can be read now.
    """
    if session is None:
        return ""
    now = session.snapshot()
    failed_at_start = shown(session) is None
    is_about_pictures = bool(now.config.data.path) and now.config.data.path in now.error
    return "" if failed_at_start and (is_about_pictures or now.config != draft()) else now.error


def watched_key() -> str | None:
    return st.session_state.get("watched")


def watched() -> Session | None:
    """The session that this tab watches, live or ended, or None."""
    return pool().get(watched_key())


def write_url() -> None:
    """Write the draft, the session and its run into the URL, so that a refresh or a copied link restores them."""
    key, session = watched_key(), watched()
    wanted = draft().to_query() | ({_SESSION: key} if key else {})
    if session is not None and (run_id := session.snapshot().run_id):
        wanted[addresses.RUN] = run_id
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def write_run_to_url() -> None:
    """Add the run to the URL once it exists, so that the link opens it even after the server has ended."""
    session = watched()
    if session is not None and session.snapshot().run_id and addresses.RUN not in st.query_params:
        write_url()


def edit(config: TrainConfig) -> None:
    """Edit another experiment. The watched session continues, and a button leads back to it."""
    st.session_state.watched = None
    st.session_state.scrub = None
    set_draft(config)
