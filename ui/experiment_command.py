"""The command that trains an experiment without a browser."""

from __future__ import annotations

import shlex

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.schema import as_text
from gan_core.presets.follow_ups import apply_changes

_BASE = "mnist-quick"  # of an experiment without a preset


def command_line(config: TrainConfig) -> str:
    """The command for this experiment: its preset and the settings that differ from it."""
    base = presets.load(config.preset if config.preset in presets.names() else _BASE)
    parts = ["python", "-m", "gan_core", "train", "--preset", base.preset]
    changes = config.changes_from(base)
    changes |= {key: config.value(key) for key in apply_changes(base, changes)[1]}  # else the command adds follow-ups
    for key, value in changes.items():
        parts += ["--set", f"{key}={as_text(value)}"]
    return shlex.join(parts)
