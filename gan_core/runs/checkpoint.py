"""A checkpoint on disk: a folder of safetensors and one `state.json`, which is whole or not there at all."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors import torch as tensorfile
from torch import Tensor, nn

from gan_core import models
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.runs import state_tree
from gan_core.training.trainer import Trainer

NETWORKS = ("generator", "discriminator", "ema")
OLD_STATE = "state.pt"  # until version 0.1 the state stood in torch's own format
BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    RecursionError,
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    SafetensorError,
)


def save(trainer: Trainer, folder: Path) -> Path:
    """Write the trainer's whole state as `folder`. Raises `OSError` as `write` does."""
    return write(trainer.state_dict(), folder)


def write(state: Mapping[str, Any], folder: Path) -> Path:
    """Write what `Trainer.state_dict` gave as `folder`: to a temporary name, flushed to the disk, then renamed.

    Raises:
        OSError: the disk is full or not writable; no half-written folder is left under that name.
    """
    state = dict(state)
    unfinished = folder.with_name(f".unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        for name in NETWORKS:
            if name in state:
                _write_tensors(unfinished / f"{name}.safetensors", state.pop(name))
        tensors, rest = state_tree.take_apart(state)
        _write_tensors(unfinished / "state.safetensors", tensors)
        (unfinished / "state.json").write_text(json.dumps(rest), encoding="utf-8")
        for file in (*unfinished.iterdir(), unfinished):
            _flush(file)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(unfinished, folder)
        _flush(folder.parent)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder


def _write_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    file.write_bytes(tensorfile.save(dict(tensors)))  # the library's own way to a file hides a full disk's OSError


def load(trainer: Trainer, folder: Path) -> None:
    """Put the trainer where the checkpoint stands.

    Raises:
        one of BROKEN: the checkpoint is torn, or of networks of another shape.
    """
    trainer.load_state_dict(read_state(folder) | networks(folder))


def load_weights(trainer: Trainer, folder: Path) -> None:
    """Give the trainer the weights of the checkpoint, and its step: enough to make samples, not to train on.

    Raises:
        one of BROKEN: the checkpoint is torn, or of networks of another shape.
    """
    for name, weights in networks(folder).items():
        getattr(trainer, name).load_state_dict(weights)
    trainer.steps = step_of(folder) or 0


def has_state(folder: Path) -> bool:
    """Whether the checkpoint holds more than weights, or once did."""
    return any((folder / name).exists() for name in (OLD_STATE, "state.json", "state.safetensors"))


def networks(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The weights alone, by network: "generator", "discriminator", and "ema" where there is one.

    Raises:
        one of BROKEN: the checkpoint is torn or gone.
    """
    files = {name: folder / f"{name}.safetensors" for name in NETWORKS}
    return {name: tensorfile.load_file(file) for name, file in files.items() if name != "ema" or file.exists()}


def read_state(folder: Path) -> dict[str, Any]:
    """All that the checkpoint holds besides its networks.

    Raises:
        one of BROKEN: it is torn.
    """
    if (folder / OLD_STATE).exists():
        return torch.load(folder / OLD_STATE, weights_only=True, map_location="cpu")
    rest = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    state = state_tree.put_together(tensorfile.load_file(folder / "state.safetensors"), rest)
    if not isinstance(state, dict):
        raise ValueError("not the state of a checkpoint")
    return state


def is_whole(folder: Path) -> bool:
    """Whether every file of the checkpoint is there in full. Reads a few bytes of each."""
    try:
        for file in folder.glob("*.safetensors"):
            with safe_open(file, "pt"):  # the header knows how long the file must be
                pass
        if (folder / OLD_STATE).exists():
            return _has_networks(folder) and zipfile.is_zipfile(folder / OLD_STATE)
        json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except BROKEN:
        return False
    return _has_networks(folder) and (folder / "state.safetensors").is_file()


def _has_networks(folder: Path) -> bool:
    return all((folder / f"{name}.safetensors").is_file() for name in NETWORKS if name != "ema")


def refuse_what_does_not_fit(config: TrainConfig, saved: TrainConfig) -> None:
    """Raises `ConfigError` if a checkpoint of `saved` cannot go on under `config`.

    What it holds is weights, the optimisers' memory of them, an order of the data and the state of every random
    generator, so what made those must stay.
    """
    for key in config.changes_from(saved):
        if key == "seed" or key.startswith("data.") or (key.startswith("optimizer_") and not SETTINGS[key].live):
            raise ConfigError(f"{key}: a checkpoint goes on with the {key} that it was made with; start a new run")
    if config.ema_decay and not saved.ema_decay:
        raise ConfigError("ema_decay: this checkpoint keeps no average of G's weights; start a new run")
    for role, now, before in zip(("G", "D"), models.build_meta(config), models.build_meta(saved), strict=True):
        if _shapes(now) != _shapes(before):
            changed = ", ".join(key for key in config.changes_from(saved) if not SETTINGS[key].live)
            raise ConfigError(f"{changed}: {role}'s weights in the checkpoint would not fit; start a new run")


def _shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def step_of(folder: Path) -> int | None:
    """The step that a checkpoint folder's name gives, or None where it is no checkpoint."""
    digits = folder.name.removeprefix("step-")
    return int(digits) if folder.name.startswith("step-") and digits.isdecimal() else None


def _flush(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders, and needs no flush of them
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
