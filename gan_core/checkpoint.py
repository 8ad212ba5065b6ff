"""A checkpoint on disk: a folder of safetensors and one `state.pt`, which is whole or not there at all."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gan_core.trainer import Trainer

NETWORKS = ("generator", "discriminator", "ema")
BROKEN = (OSError, ValueError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError, SafetensorError)


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
        unfinished.mkdir(parents=True)
        for name in NETWORKS:
            if name in state:
                save_file(state.pop(name), unfinished / f"{name}.safetensors")
        torch.save(state, unfinished / "state.pt")
        for file in (*unfinished.iterdir(), unfinished):
            _flush(file)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(unfinished, folder)
        _flush(folder.parent)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder


def load(trainer: Trainer, folder: Path) -> None:
    """Put the trainer where the checkpoint stands.

    Raises:
        one of BROKEN: the checkpoint is torn, or of networks of another shape.
    """
    state: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True, map_location="cpu")
    for name in NETWORKS:
        file = folder / f"{name}.safetensors"
        if name != "ema" or file.exists():
            state[name] = load_file(file)
    trainer.load_state_dict(state)


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
