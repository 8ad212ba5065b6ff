"""Settings that no longer exist. Configs of earlier versions that contain them still load."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

RETIRED = {"compile": "it no longer exists; every step runs without compilation"}  # top-level settings only


def without_retired(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A config's values without its retired settings. A warning is logged for each, once per process."""
    for key in tree.keys() & RETIRED.keys():
        _warn(key)
    return {key: value for key, value in tree.items() if key not in RETIRED}


def note_on(keys: Iterable[str]) -> str:
    """A sentence on each retired setting among these keys, for the screen; "" if there is none."""
    return " ".join(f'The setting "{key}" is ignored: {RETIRED[key]}.' for key in RETIRED if key in set(keys))


@cache
def _warn(key: str) -> None:
    logging.getLogger(__name__).warning(note_on([key]))
