"""The sessions of one server. A page finds its session again by key after a reload."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from typing import Any

from gan_core.config import TrainConfig
from gan_core.runs import RunStore
from gan_core.runs.extension import extend
from gan_core.session.session import Session, stop_all
from gan_core.session.training_slots import TrainingSlots
from gan_core.system.limits import usable_cores

_ENDED = 20  # sessions that have ended and are kept, for the tabs that still show them; each takes some megabytes


class SessionPool:
    """Sessions by key, oldest first: all that are live, and the last that have ended. Safe to call from any thread.

    Args:
        store: keeps their runs.
        slots: how many sessions train at once; None for half the number of cores, at least 2.
    """

    def __init__(self, store: RunStore, slots: int | None = None) -> None:
        self.store = store
        self._slots = TrainingSlots(slots or max(2, usable_cores() // 2))
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, config: TrainConfig, name: str | None = None, run_id: str | None = None) -> str:
        """Create a session, not yet started, and return its key. `run_id` resumes a run of the library.

        If a session already trains that run, returns the key of that session.

        Raises `RunError` if there is no such run.
        """
        run = self.store.open(run_id) if run_id else None
        if run_id and (key := self.training(run_id)):
            return key
        session = Session(config, self.store, name=name, run=run, slots=self._slots)
        key = secrets.token_hex(3)
        with self._lock:
            ended = [old for old, other in self._sessions.items() if not other.snapshot().live]
            for old in ended[:-_ENDED]:
                del self._sessions[old]
            self._sessions[key] = session
        return key

    def extend(self, run_id: str, steps: int) -> str:
        """Create a session, not yet started, that trains a run `steps` beyond its last checkpoint.

        Raises:
            ConfigError: too many steps.
            runs.RunError: there is no such run, it has no complete checkpoint, or it cannot be written.
        """
        if key := self.training(run_id):
            return key
        return self.open(extend(self.store.open(run_id), steps), run_id=run_id)

    def fork(
        self,
        run_id: str,
        step: int | None = None,
        values: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> str:
        """Create a session, not yet started, of a new run that starts from a checkpoint of `run_id` with new `values`.

        Raises:
            ConfigError, runs.RunError: as `RunStore.fork`.
        """
        run = self.store.fork(run_id, step, values, name)
        return self.open(run.config, run_id=run.id)

    def get(self, key: str | None) -> Session | None:
        """The session with this key, or None."""
        with self._lock:
            return self._sessions.get(key or "")

    def training(self, run_id: str) -> str | None:
        """The key of the session that trains this run, or None."""
        return next((key for key, session in self.live().items() if session.snapshot().run_id == run_id), None)

    def of_run(self, run_id: str) -> str | None:
        """The key of the session that trains this run, or else of the last one that did, or None."""
        with self._lock:
            ended = [key for key, session in self._sessions.items() if session.snapshot().run_id == run_id]
        return self.training(run_id) or (ended[-1] if ended else None)

    def live(self) -> dict[str, Session]:
        """Sessions that can still train, oldest first."""
        with self._lock:
            return {key: session for key, session in self._sessions.items() if session.snapshot().live}

    def latest(self) -> str | None:
        """The key of the newest live session, or else of the newest session."""
        keys = list(self.live()) or list(self._sessions)
        return keys[-1] if keys else None

    def close(self) -> None:
        """Save and end every session."""
        stop_all(self.live().values())
