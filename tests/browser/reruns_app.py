"""Provokes what a busy server meets by chance."""

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


def ask_for_the_fragment() -> tuple[AppSession, Callable[[], None]]:
    """This page's session, and what has its fragment drawn anew; to be called in the server's loop."""
    context = get_script_run_ctx()
    assert context is not None
    info = get_instance()._session_mgr.get_session_info(context.session_id)
    assert info is not None
    session = cast(AppSession, info.session)
    (fragment,) = context.fragment_storage._fragments  # type: ignore[attr-defined]
    wanted = ClientState(fragment_id=fragment, page_script_hash=context.page_script_hash, is_auto_rerun=True)
    return session, lambda: session.request_rerun(wanted)


def late_look(afterwards: float = 0) -> None:
    """Have the loop busy while this page's last words are drawn, and then meet a request of the fragment first."""
    session, ask = ask_for_the_fragment()

    def busy() -> None:
        time.sleep(1)
        ask()
        time.sleep(afterwards)

    session._event_loop.call_soon_threadsafe(busy)


def late_news() -> None:
    """Have the loop busy in two seconds, so that the browser hears of a look long after it was taken."""
    session, ask = ask_for_the_fragment()

    def busy() -> None:
        ask()
        time.sleep(3)

    session._event_loop.call_soon_threadsafe(session._event_loop.call_later, 2, busy)


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
        late_news()


def busy_from_the_start() -> None:
    late_look(afterwards=0.5)  # seconds in which the fragment's run begins: nothing of the page was sent yet
    time.sleep(0.2)  # the loop has begun to be busy


streamlit_fixes.apply()
st.button("Draw busily", on_click=busy_from_the_start)
part()
drawn = st.button("Draw")
st.text(f"{st.session_state.get('clicks', 0)} clicks")
if drawn:
    count("draws")
    late_look()
    time.sleep(0.2)  # the loop has begun to be busy
st.text(f"drawn {st.session_state.get('draws', 0)} times")
