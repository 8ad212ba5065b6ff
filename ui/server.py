"""Objects that all browser tabs share: the sessions of this server and the library of runs."""

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
    """The only pool of this server. Keep its body in one line: Streamlit makes a second pool if the code changes."""
    return SessionPool(RunStore(RUNS), SLOTS)


@st.cache_resource
def freeze_loaded_objects(session: str) -> None:
    """Exclude all objects loaded so far from garbage collection. Runs once per session, after its first step.

    With torch loaded, a full collection holds Python's lock for a quarter of a second, and none of these objects is
    ever garbage. Python starts the next full collection once the number of new objects exceeds a quarter of those that
    the last one left; the second `gc.collect` sets that number.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
