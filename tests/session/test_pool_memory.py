"""What a pool and a model keep is bounded, so that a server does not grow with its hours."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from gan_core.runs import RunStore
from gan_core.session.pool import SessionPool
from tests.support.small import POINTS


def test_a_pool_forgets_old_sessions_that_have_ended_and_no_live_one(tmp_path: Path) -> None:
    pool = SessionPool(RunStore(tmp_path))
    live, *keys = [pool.open(POINTS) for _ in range(31)]
    sessions = [weakref.ref(session) for key in keys if (session := pool.get(key)) is not None]
    for session in sessions:
        found = session()
        assert found is not None
        found.stop()
    del found
    pool.open(POINTS)
    gc.collect()
    assert len([session for session in sessions if session() is not None]) == 20
    assert pool.get(live) is not None
    assert pool.get(keys[-1]) is not None
