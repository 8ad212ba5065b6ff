"""What a checkpoint was trained with, its settings and its data, and whether training may go on under others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.schema import as_text
from gan_core.data import Dataset
from gan_core.runs import state_tree
from gan_core.runs.errors import RunError
from gan_core.system.files import MAX_JSON_BYTES, parse_json, read_bytes, replace_text
from gan_core.system.formatting import clipped

_STATE = "state.json"
_FREE = ("preset", "data.path", "deterministic", "cuda_graph")  # the experiment stays the same
_MAX_NAMED = 5  # settings in a message


@dataclass(frozen=True)
class Origin:
    """The settings and the data of a checkpoint; unknown if an earlier version wrote it, or it holds only weights."""

    config: TrainConfig | None = None
    examples: int = 0  # of the data; 0 if unknown
    fingerprint: str = ""  # `Dataset.fingerprint`
    position: int = 0  # examples of the current pass that training has used: the data have at least as many

    @staticmethod
    def of(folder: Path) -> Origin:
        """The origin of the checkpoint in `folder`. Raises one of `checkpoint.READ_ERRORS` if it is damaged."""
        if not (folder / _STATE).exists():
            return Origin()
        fields = dict(parse_json(read_bytes(folder / _STATE, MAX_JSON_BYTES))["dict"])
        position = dict(fields["batches"]["dict"])["position"]
        return Origin.in_state({name: state_tree.join({}, fields.get(name)) for name in ("config", "data")}, position)

    @staticmethod
    def in_state(state: Mapping[str, Any], position: int) -> Origin:
        """The origin in the state of a checkpoint. Raises `ValueError` if a trainer did not write it."""
        config, data = state.get("config"), state.get("data")
        if config is None or data is None:
            return Origin(position=position)
        examples, fingerprint = data["examples"], data["fingerprint"]
        if type(examples) is not int or examples < 1 or not isinstance(fingerprint, str):
            raise ValueError("its data have no size and no fingerprint")
        return Origin(TrainConfig.from_json(config), examples, fingerprint, position)

    def config_in(self, config: TrainConfig) -> TrainConfig:
        """The checkpoint's config with the present path of the data; the run's `config` if it is unknown."""
        return config if self.config is None else self.config.with_values({"data.path": config.data.path})

    def refuse_other_settings(self, run_id: str, step: int, config: TrainConfig) -> None:
        """Raise `RunError` if training cannot go on under `config`; the message names the settings that differ."""
        if self.config is None:
            return
        keys = [key for key in config.changes_from(self.config) if not _may_change(key)]
        named = [f"{key} {_short(self.config.value(key))} (now {_short(config.value(key))})" for key in keys]
        more = f" and {len(named) - _MAX_NAMED} more" if len(named) > _MAX_NAMED else ""
        if named:
            raise RunError(
                f"The config.json of the run {run_id} was edited. Its checkpoint of step {step:,} was trained with "
                f"{', '.join(named[:_MAX_NAMED])}{more}. Put the old values back to resume, or train a new run with "
                "the new ones."
            )

    def edits(self, config: TrainConfig, changes_logged: Iterable[str]) -> str:
        """The other changed settings as text, without the changes that the texts name; "" if there are none."""
        if self.config is None:
            return ""
        texts = list(changes_logged)

        def is_logged(key: str, value: Any) -> bool:
            change = re.compile(rf"(?:^| ){re.escape(key)} [^→]*→ {re.escape(as_text(value))}(?:,|$)")
            return any(map(change.search, texts))

        changes = config.changes_from(self.config)
        return self.config.describe_changes({key: x for key, x in changes.items() if not is_logged(key, x)})

    def refuse_other_data(self, run_id: str, config: TrainConfig, dataset: Dataset) -> None:
        """Raise `RunError` if the data, loaded under `config`, differ from the data of the checkpoint."""
        if change := self.change_of_data(config, dataset):
            raise RunError(
                f"The data of the run {run_id} have changed: {change}. Put the old data back to resume, or start a "
                "new run from its settings."
            )

    def change_of_data(self, config: TrainConfig, dataset: Dataset) -> str:
        """How the data differ from the data of the checkpoint, in a clause; "" if they are the same."""
        before = self.config.data.path if self.config is not None else config.data.path
        moved = f" in {before}" if before != config.data.path else ""
        place, now = config.data.path or config.dataset.label, len(dataset)
        if self.examples and self.examples != now:
            return f"it was trained on {self.examples:,} examples{moved}, and {place} now has {now:,}"
        if self.position > now:
            return f"it was trained on at least {self.position:,} examples, and {place} now has {now:,}"
        if self.fingerprint and self.fingerprint != dataset.fingerprint:
            return (
                f"it was trained on {self.examples:,} examples{moved}, and {place} now holds others (the name or the "
                "content of a file differs)"
            )
        return ""


def rewrite_config(folder: Path, config: TrainConfig) -> None:
    """Let the checkpoint in `folder` belong to a fork with this config. Raises `OSError` if the disk refuses."""
    file = folder / _STATE
    if not file.exists():
        return
    structure = parse_json(read_bytes(file, MAX_JSON_BYTES))
    pairs = [[key, config.to_json() if key == "config" else value] for key, value in structure["dict"]]
    replace_text(file, json.dumps({"dict": pairs}))


def _may_change(key: str) -> bool:
    """Whether a resumed run may have another value than its checkpoint. Moved data are compared by their content."""
    return SETTINGS[key].live or key in _FREE or (key.startswith("record.") and key != "record.samples")


def _short(value: Any) -> str:
    return clipped(as_text(value))
