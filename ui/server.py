"""What all browsers share: the sessions of this server and the library that keeps their runs."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import streamlit as st

from gan_core.runs import RunStore
from gan_core.session.pool import SessionPool

RUNS = Path(os.environ.get("GAN_PLAYGROUND_RUNS") or Path(__file__).parents[1] / "checkpoints")
_SLOTS = os.environ.get("GAN_PLAYGROUND_SESSIONS", "")
SLOTS = int(_SLOTS) if _SLOTS.isdecimal() and int(_SLOTS) else None  # sessions that train at once


@st.cache_resource(on_release=SessionPool.close)
def pool() -> SessionPool:
    """The one pool of this server. Its body stays one line: editing it would make a second pool beside the first."""
    return SessionPool(RunStore(RUNS), SLOTS)


@st.cache_resource
def settle(session: str) -> None:
    """Once for each session, after its first step: take everything loaded so far out of garbage collection.

    A full collection looks at all of it, holding Python's lock for a quarter of a second once torch is loaded. Nothing
    loaded at start is ever garbage. The second collection, of next to nothing, is what Python measures the next one
    against: it waits until a quarter of what the last one left has come anew.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
