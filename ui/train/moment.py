"""What the Train page shows at the moment, to take it along."""

from __future__ import annotations

import numpy as np

from gan_core.runs import Run, RunError
from gan_core.session import Session
from gan_core.training.plane_view import Plane
from ui.server import pool
from ui.take_along import Moment
from ui.train import state, timeline


def moment() -> Moment:
    """The draft, and the watched run at the step of the time line."""
    session = state.watched()
    run = _run(session)
    if session is None or run is None:
        return Moment(state.draft())
    chosen = timeline.chosen_step()

    def frame() -> np.ndarray | Plane:
        view = session.snapshot().sample_view
        if chosen is None and len(view.samples):
            return view.samples if view.plane is None else view.plane
        return run.frame(run.frames()[-1] if chosen is None else chosen)

    now = session.snapshot()
    return Moment(state.draft(), run, chosen, frame if len(now.samples) or now.frames else None)


def _run(session: Session | None) -> Run | None:
    """The run of the session, None before it is created and after it was deleted."""
    if session is None or not (run_id := session.snapshot().run_id):
        return None
    try:
        return pool().store.open(run_id)
    except RunError:
        return None
