"""What the page can look at: shipped models, runs of the library, and sessions that train right now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from gan_core import presets
from gan_core.latent import Model
from gan_core.runs import Run, RunError, RunStore, pretrained, shipped
from gan_core.session import Session
from ui.server import pool

NOW, LAST, BEST = "now", "last", "best"
_FRESH = 0.4  # seconds for which the weights of a running session count as its present ones


@dataclass(frozen=True)
class Source:
    """A run to look at, with the session that trains it if there is one."""

    id: str
    title: str
    shipped: bool
    run: Run
    session: Session | None = None

    @property
    def live(self) -> bool:
        return self.session is not None and self.session.snapshot().live

    def moments(self) -> list[str]:
        """What can be shown of it: the present, the last checkpoint, the best one, and each by its step."""
        steps = self.run.checkpoints()
        best = [BEST] if self.run.best() is not None else []
        last = [LAST] if steps else []
        return [*([NOW] if self.live else []), *last, *best, *(str(step) for step in reversed(steps))]

    def model(self, moment: str, raw: bool, held: bool = False) -> Model:
        """Its networks at one of its moments; of a running session the last ones seen, if they are to be `held`.

        Raises:
            RunError: there is nothing to show: the run or its checkpoint is gone or damaged.
        """
        if moment == NOW:
            if self.session is None:
                raise RunError(f"The run {self.id} is not training at the moment")
            return _present(self.session, raw, held)
        if not self.run.checkpoints():
            raise RunError(f"The run {self.id} has no checkpoint yet, or was deleted meanwhile. Choose another model.")
        step: int | Literal["best"] | None = None
        if moment == BEST:
            step = "best"
        elif moment != LAST:
            step = int(moment)
        return _loaded(str(self.run.path), step, raw, _stamp(self.run, step))


def all_sources() -> list[Source]:
    """Shipped models as their recipes stand, then what trains, then the rest of the library, the latest first."""
    training = {session.snapshot().run_id: session for session in pool().live().values()}
    store = pool().store
    runs = [_of(store, id, title, training) for id, title in _listed(str(store.root))]
    listed = {source.id for source in runs}
    fresh = [_of(store, id, id, training) for id in training if id and id not in listed]
    found = sorted([*fresh, *runs], key=lambda source: not source.live)
    order = [*pretrained.recipes()]
    kept = shipped.SHIPPED.root
    came_with_it = [Source(id, title, True, Run(kept / id)) for id, title in _listed(str(kept))]
    return [*sorted(came_with_it, key=lambda source: [*order, source.id].index(source.id)), *found]


def find(id: str, sources: Sequence[Source]) -> Source | None:
    return next((source for source in sources if source.id == id), None)


def _of(store: RunStore, id: str, title: str, training: dict[str, Session]) -> Source:
    return Source(id, title, False, Run(store.root / id), training.get(id))


@st.cache_data(ttl=2, show_spinner=False)
def _listed(root: str) -> list[tuple[str, str]]:
    """Each run of a library by its id, with a title: its name, or that of its preset with the end of its id."""
    return [(run.id, _title(run.id, run.name, run.config.preset)) for run in RunStore(root).list()]


def _title(id: str, name: str, preset: str) -> str:
    if name not in ("", id):
        return name
    if preset not in presets.names():
        return id
    return f"{presets.get(preset).title} · {id.rpartition('-')[2]}"


def _stamp(run: Run, step: int | Literal["best"] | None) -> tuple[float, ...]:
    """Changes whenever the checkpoint does, or another becomes the last or the best."""
    steps = [step] if isinstance(step, int) else run.checkpoints()
    files = [run.path / "best.json", *(run.path / f"step-{each:07d}" for each in steps)]
    return tuple(file.stat().st_mtime for file in files if file.exists())


@st.cache_resource(max_entries=48, show_spinner=False)
def _loaded(path: str, step: int | Literal["best"] | None, raw: bool, stamp: tuple[float, ...]) -> Model:
    return Run(Path(path)).model(step=step, raw=raw)


def _present(session: Session, raw: bool, held: bool) -> Model:
    """The session's networks as they are now, which may take a step's time, or were a moment ago."""
    kept: tuple[Session, bool, Model, float] | None = st.session_state.get("latent.present")
    if kept is not None and kept[:2] == (session, raw) and (held or time.monotonic() - kept[3] < _FRESH):
        return kept[2]
    model = session.model(raw=raw)
    st.session_state["latent.present"] = session, raw, model, time.monotonic()
    return model
