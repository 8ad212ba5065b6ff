"""The models that the page can show: shipped ones, runs of the library, and sessions in training."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import streamlit as st

from gan_core import presets
from gan_core.latent import Model
from gan_core.runs import Run, RunError, RunStore, pretrained, shipped
from gan_core.session import Session
from ui.latent.view import BEST, LAST, NOW, LatentView, LiveModel
from ui.server import pool

Step = int | Literal["best"] | None
_KEPT = 26  # models with their results; a film through the checkpoints of a run needs 24
_MAX_AGE = 0.4  # seconds for which the weights of a running session count as the present ones


@dataclass(frozen=True)
class Source:
    """A run, with the session that trains it if there is one."""

    id: str
    title: str
    shipped: bool
    run: Run
    session: Session | None = None

    @property
    def live(self) -> bool:
        """Whether it is in training."""
        return self.session is not None and self.session.snapshot().live

    @property
    def name_folders(self) -> list[Path]:
        """The folders with names of its directions; the last one is where the user's names are written."""
        return [self.run.path, *([shipped.names_folder(self.id, pool().store)] if self.shipped else [])]

    def moments(self) -> list[str]:
        """The moments that can be shown: the present, the last checkpoint, the best one, and each by its step."""
        steps = self.run.checkpoints()
        best = [BEST] if self.run.best() is not None else []
        last = [LAST] if steps else []
        return [*([NOW] if self.live else []), *last, *best, *(str(step) for step in reversed(steps))]

    def model(self, moment: str, raw: bool) -> Model:
        """The networks of a checkpoint. Raises `RunError` if the run or the checkpoint is missing or damaged."""
        if not moment or not self.run.checkpoints():
            raise RunError(f"The run {self.id} has no checkpoint yet, or was deleted meanwhile. Choose another model.")
        step: Step = None if moment == LAST else "best" if moment == BEST else int(moment)
        return _loaded(str(self.run.path), step, raw, _file_times(self.run, step))


def all_sources() -> list[Source]:
    """Shipped models in the order of their recipes, then the sessions in training, then other runs, newest first."""
    training = {session.snapshot().run_id: session for session in pool().live().values()}
    store = pool().store
    titles = dict(_titles(str(store.root)))
    titles = {id: id for id in training if id and id not in titles} | titles
    runs = [Source(id, title, False, Run(store.root / id), training.get(id)) for id, title in titles.items()]
    root, order = shipped.SHIPPED.root, list(pretrained.recipes())
    ready = [Source(id, title, True, Run(root / id)) for id, title in _titles(str(root))]
    ready.sort(key=lambda source: [*order, source.id].index(source.id))
    return [*ready, *sorted(runs, key=lambda source: not source.live)]


def choose(view: LatentView, found: Sequence[Source]) -> tuple[LatentView, Source | None]:
    """The source that the view names, or else the first that has a model, and a moment that it has."""
    source = next((each for each in found if each.id == view.source), None)
    if source is None and view.source:
        view = replace(
            view, trouble=f'The run "{view.source[:100]}" is not there; it may have been renamed or deleted.'
        )
    if source is None and found:
        source = next((each for each in found if each.moments()), found[0])
        view = replace(view, source=source.id, moment="")
    if source is not None and view.moment not in (moments := source.moments()):
        if view.moment.isdecimal():
            text = f"The run {source.id} keeps no checkpoint of step {view.moment}; the last one is shown."
            view = replace(view, trouble=text)
        view = replace(view, moment=moments[0] if moments else "")
    return view, source


def load(view: LatentView, source: Source, reuse: bool = False) -> tuple[LatentView, Model]:
    """The model that the view names; of a running session its present networks, or with `reuse` those seen last.

    Raises `RunError` if the run or its checkpoint is missing or damaged.
    """
    if view.moment != NOW:
        return view, source.model(view.moment, view.raw)
    assert source.session is not None  # as `choose` made sure
    live = view.live if view.live and (view.live.session, view.live.raw) == (source.session, view.raw) else None
    if live is None or not (reuse or time.monotonic() - live.seen < _MAX_AGE):
        model = source.session.model(raw=view.raw)
        live = LiveModel(source.session, view.raw, model, live.basis if live else model, time.monotonic())
    return replace(view, live=live), live.model


@st.cache_data(ttl=2, show_spinner=False)
def _titles(root: str) -> list[tuple[str, str]]:
    return [(run.id, _title(run.id, run.name, run.config.preset)) for run in RunStore(root).list()]


def _title(id: str, name: str, preset: str) -> str:
    """The run's name, or the title of its preset with the end of its id."""
    if name not in ("", id):
        return name
    if preset not in presets.names():
        return id
    return f"{presets.get(preset).title} · {id.rpartition('-')[2]}"


def _file_times(run: Run, step: Step) -> tuple[float, ...]:
    """Change whenever the checkpoint does, or another one becomes the last or the best."""
    steps = [step] if isinstance(step, int) else run.checkpoints()
    files = [run.path / "best.json", *(run.path / f"step-{each:07d}" for each in steps)]
    return tuple(file.stat().st_mtime for file in files if file.exists())


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _loaded(path: str, step: Step, raw: bool, file_times: tuple[float, ...]) -> Model:
    return Run(Path(path)).model(step=step, raw=raw)
