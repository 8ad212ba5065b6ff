"""Provokes the race conditions of a busy server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import streamlit as st
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import streamlit_fixes


def fragment_rerun() -> tuple[AppSession, Callable[[], None]]:
    """This page's session, and a function that reruns its fragment, for the server's event loop."""
    context = get_script_run_ctx()
    assert context is not None
    info = get_instance()._session_mgr.get_session_info(context.session_id)
    assert info is not None
    session = cast(AppSession, info.session)
    (fragment,) = context.fragment_storage._fragments  # type: ignore[attr-defined]
    wanted = ClientState(fragment_id=fragment, page_script_hash=context.page_script_hash, is_auto_rerun=True)
    return session, lambda: session.request_rerun(wanted)


def rerun_first(afterwards: float = 0) -> None:
    """Block the event loop while this page ends, and then let it handle a rerun of the fragment first."""
    session, rerun = fragment_rerun()

    def block() -> None:
        time.sleep(1)
        rerun()
        time.sleep(afterwards)

    session._event_loop.call_soon_threadsafe(block)


def rerun_unnoticed() -> None:
    """Block the event loop in two seconds, so that the browser hears of a rerun long after it."""
    session, rerun = fragment_rerun()

    def block() -> None:
        rerun()
        time.sleep(3)

    session._event_loop.call_soon_threadsafe(session._event_loop.call_later, 2, block)


def count(name: str) -> None:
    st.session_state[name] = st.session_state.get(name, 0) + 1


@st.fragment
def part() -> None:
    if st.button("Slow"):
        time.sleep(2)
    st.button("Count", on_click=count, args=("clicks",))
    st.button("Turn", on_click=count, args=("turns",))
    st.text(("Heads ", "Tails ")[st.session_state.get("turns", 0) % 2] * 10_000)
    if st.button("Late"):
        rerun_unnoticed()


def block_from_the_start() -> None:
    rerun_first(afterwards=0.5)  # seconds: the fragment's rerun begins before anything of the page was sent
    time.sleep(0.2)  # the event loop is blocked now


streamlit_fixes.apply()
st.button("Draw busily", on_click=block_from_the_start)
part()
drawn = st.button("Draw")
st.text(f"{st.session_state.get('clicks', 0)} clicks")
if drawn:
    count("draws")
    rerun_first()
    time.sleep(0.2)  # the event loop is blocked now
st.text(f"drawn {st.session_state.get('draws', 0)} times")
