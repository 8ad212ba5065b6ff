"""The failure modes that the session of a run showed last, read from the run's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gan_core.diagnosis.failure_modes import FAILURE_MODES

TITLES = {mode.id: mode.title for mode in FAILURE_MODES}


def recorded_health(events: Sequence[dict[str, Any]]) -> list[str] | None:
    """The ids of the failure modes, the most serious first; None if no event names any.

    An event with a list "health" names all of them. An earlier version wrote such a list only when it saved, so each
    event "named" after the last list adds one.
    """
    found: set[str] | None = None
    for event in reversed(events):
        id, health = event.get("id"), event.get("health")
        if isinstance(health, list):
            found = (found or set()) | {id for id in health if isinstance(id, str)}
            break
        if event["kind"] == "named" and isinstance(id, str):
            found = (found or set()) | {id}
    return None if found is None else [id for id in TITLES if id in found]
