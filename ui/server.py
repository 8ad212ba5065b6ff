"""Objects that all browser tabs share: the sessions of this server and the library of runs."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import streamlit as st

from gan_core.runs import RunStore
from gan_core.session.pool import SessionPool
from gan_core.system.folders import cache_folder, is_writable

_OWN = Path(__file__).parents[1] / "checkpoints"  # read-only in some installations
RUNS = Path(os.environ.get("GAN_PLAYGROUND_RUNS") or (_OWN if is_writable(_OWN) else cache_folder() / "runs"))
_SLOTS = os.environ.get("GAN_PLAYGROUND_SESSIONS", "")
SLOTS = int(_SLOTS) if _SLOTS.isdecimal() and int(_SLOTS) else None  # sessions that train at once


@st.cache_resource(on_release=SessionPool.close)
def pool() -> SessionPool:
    """The only pool of this server. Keep its body in one line: Streamlit makes a second pool if the code changes."""
    return SessionPool(RunStore(RUNS), SLOTS)


@st.cache_resource
def freeze_loaded_objects(moment: str) -> None:
    """Exclude all objects loaded so far from garbage collection. Runs once for each of a few moments.

    With torch loaded, a full collection holds Python's lock for a quarter of a second, and none of these objects is
    ever garbage. Python starts the next full collection once the number of new objects exceeds a quarter of those that
    the last one left; the second `gc.collect` sets that number. To freeze at every session would keep the objects of
    all closed tabs and ended sessions for good.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
