"""Links to a run, and where they work."""

from __future__ import annotations

from gan_core.runs import shipped
from ui import addresses


def link(page: str, run_id: str, step: int | None = None) -> str:
    """The URL of a run on this page, at a step with a saved picture or, for None, as it is."""
    query = {addresses.RUN: run_id} | ({} if step is None else {addresses.STEP: str(step)})
    return addresses.link(page, query)


def where(run_id: str, step: int | None = None) -> str:
    """What such a link opens, and where."""
    at = "" if step is None else f" at step {step:,}"
    if shipped.is_shipped(run_id):
        return f"Opens this run{at} in every copy of the app, because it comes with the app."
    return f"Opens this run{at}, on this machine only, because the run is in its library."
