"""What all browsers share: the sessions of this server and the library that keeps their runs."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import streamlit as st

from gan_core.pool import SessionPool
from gan_core.runs import RunStore

RUNS = Path(os.environ.get("GAN_PLAYGROUND_RUNS") or Path(__file__).parents[1] / "checkpoints")
_PLACES = os.environ.get("GAN_PLAYGROUND_SESSIONS", "")
PLACES = int(_PLACES) if _PLACES.isdecimal() and int(_PLACES) else None  # sessions that train at once


@st.cache_resource(on_release=SessionPool.close)
def pool() -> SessionPool:
    """The one pool of this server. Its body stays one line: editing it would make a second pool beside the first."""
    return SessionPool(RunStore(RUNS), PLACES)


@st.cache_resource
def settle(session: str) -> None:
    """Once for each session, after its first step: take everything loaded so far out of garbage collection.

    Streamlit collects garbage after every script run, holding Python's lock for a quarter of a second once torch is
    loaded; that would halve the speed of training while a page is open. Nothing loaded at start is ever garbage.
    """
    gc.collect()
    gc.freeze()
