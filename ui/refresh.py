"""How often a page reads snapshots. The more tabs are open, the longer the interval, so that refreshes cost little."""

from __future__ import annotations

import secrets
import threading
import time

import streamlit as st

ALONE = 0.4  # seconds between two refreshes of the only open tab
_FREE = 1.5  # number of tabs up to which the interval stays at its minimum
_CLOSED_AFTER = 3  # a tab counts as closed after this many missed refreshes
_TOLERANCE = 2  # an interval is kept up to this factor, since a rerun of the whole page is expensive


class Tabs:
    """The open tabs and the time of their last refresh. Safe to call from any thread."""

    def __init__(self) -> None:
        self._refreshed: dict[str, tuple[float, float]] = {}  # by tab: time of the last refresh, interval
        self._lock = threading.Lock()

    def refreshed(self, tab: str, seconds: float, now: float | None = None) -> int:
        """Record a refresh of a tab whose interval is `seconds`. Returns the number of open tabs."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._refreshed[tab] = (now, seconds)
            self._refreshed = {
                key: (last, wait)
                for key, (last, wait) in self._refreshed.items()
                if now - last < 1 + _CLOSED_AFTER * wait
            }
            return len(self._refreshed)


@st.cache_resource
def _tabs() -> Tabs:
    return Tabs()


def interval_for(tabs: int, alone: float = ALONE) -> float:
    """Seconds between two refreshes of each tab if `tabs` are open."""
    return alone * max(1.0, tabs / _FREE)


def interval(alone: float = ALONE) -> float:
    """The interval of this tab in seconds, for the `run_every` of a fragment. Call it in a run of the whole page."""
    tab = st.session_state.setdefault("tab", secrets.token_hex(4))
    seconds = interval_for(_tabs().refreshed(tab, st.session_state.get("refresh_interval", alone)), alone)
    st.session_state.refresh_interval = seconds
    return seconds


def update_interval(alone: float = ALONE) -> None:
    """Rerun the whole page if the number of open tabs has changed so much that this tab needs another interval."""
    seconds = st.session_state.refresh_interval
    wanted = interval_for(_tabs().refreshed(st.session_state.tab, seconds), alone)
    if max(wanted / seconds, seconds / wanted) > _TOLERANCE:
        st.rerun()
