"""How often a page looks at what moves: the less often the more tabs are open, so that looking stays nearly free."""

from __future__ import annotations

import secrets
import threading
import time

import streamlit as st

ALONE = 0.4  # seconds between two looks of a tab that is alone
_FREE = 1.5  # tabs that may look at this pace
_GONE = 3  # looks that a tab may leave out before it counts as closed
_NEARLY = 2  # a pace that is right up to this factor stays, since drawing a page anew is dear


class Tabs:
    """The open tabs and when each looked last. Safe to call from any thread."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}  # when it looked last, and how long until it does again
        self._lock = threading.Lock()

    def seen(self, tab: str, pace: float, now: float | None = None) -> int:
        """Note that this tab looks, at this pace in seconds; how many tabs are open."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._seen[tab] = (now, pace)
            self._seen = {key: (at, wait) for key, (at, wait) in self._seen.items() if now - at < 1 + _GONE * wait}
            return len(self._seen)


@st.cache_resource
def _tabs() -> Tabs:
    return Tabs()


def of(tabs: int, alone: float = ALONE) -> float:
    """Seconds between two looks of each of so many tabs."""
    return alone * max(1.0, tabs / _FREE)


def interval(alone: float = ALONE) -> float:
    """The pace of this tab, in seconds; for the `run_every` of a fragment. Ask when the page is drawn as a whole."""
    tab = st.session_state.setdefault("tab", secrets.token_hex(4))
    pace = of(_tabs().seen(tab, st.session_state.get("pace", alone)), alone)
    st.session_state.pace = pace
    return pace


def keep(alone: float = ALONE) -> None:
    """Draw the page anew if so many tabs have come or gone that this one should look less or more often."""
    pace = st.session_state.pace
    wanted = of(_tabs().seen(st.session_state.tab, pace), alone)
    if max(wanted / pace, pace / wanted) > _NEARLY:
        st.rerun()
