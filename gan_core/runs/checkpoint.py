"""A checkpoint on disk: a folder of safetensors files and one `state.json`, which appears only when it is complete."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from gan_core import models
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.runs import state_tree
from gan_core.system.files import MAX_JSON_BYTES, MAX_LARGE_COUNT, is_plain_file, parse_json, read_bytes
from gan_core.training import optimizers
from gan_core.training.step_record import VALUES
from gan_core.training.trainer import Trainer

NETWORKS = ("generator", "discriminator", "ema")  # "ema" only where the config asks for it
OLD_STATE = "state.pt"  # written until version 0.1, by torch.save
_FOLDER = re.compile(r"step-(\d{7,9})", re.ASCII)
READ_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    SafetensorError,
)


def save(trainer: Trainer, folder: Path) -> None:
    """Write the trainer's whole state as `folder`. Raises `OSError` as `write` does."""
    write(state_of(trainer), folder)


def state_of(trainer: Trainer) -> dict[str, Any]:
    """The trainer's state, with the settings and the identity of the data that it was trained with."""
    return trainer.state_dict() | {"config": trainer.config.to_json(), "data": trainer.dataset.identity}


def write(state: Mapping[str, Any], folder: Path) -> None:
    """Write the result of `state_of` as `folder`: under a temporary name, flushed to the disk, then renamed.

    Raises `OSError` if the disk is full or not writable; no unfinished folder remains.
    """
    state = dict(state)
    unfinished = folder.with_name(f".unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        for name in NETWORKS:
            if name in state:
                _write_tensors(unfinished / f"{name}.safetensors", state.pop(name))
        tensors, structure = state_tree.split(state)
        _write_tensors(unfinished / "state.safetensors", tensors)
        (unfinished / "state.json").write_text(json.dumps(structure), encoding="utf-8")
        for file in (*unfinished.iterdir(), unfinished):
            _flush(file)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(unfinished, folder)
        _flush(folder.parent)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _write_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    file.write_bytes(to_safetensors(dict(tensors)))  # safetensors' `save_file` hides the OSError of a full disk


def load(trainer: Trainer, folder: Path) -> None:
    """Restore the trainer to the checkpoint. Raises one of READ_ERRORS if it is damaged or does not fit the trainer."""
    state = read_state(folder)
    check_state(trainer, state, step_of(folder))
    trainer.load_state_dict(state | read_networks(folder))


def check_state(trainer: Trainer, state: Mapping[str, Any], step: int | None) -> None:
    """Raise one of READ_ERRORS unless a trainer of this config can have saved this state after `step` steps."""
    if type(state["steps"]) is not int or state["steps"] != step:
        raise ValueError(f"its steps are {str(state['steps'])[:40]}, and its folder has another step")
    if type(state["images"]) is not int or not 0 <= state["images"] <= MAX_LARGE_COUNT:
        raise ValueError(f"its images are {str(state['images'])[:40]}, which is impossible")
    if not isinstance(state["figures"], Tensor) or state["figures"].shape != (len(VALUES),):
        raise ValueError("its last losses are damaged")
    optimizers.check_state(trainer.optimizer_d, state["optimizer_d"], trainer.config.optimizer_d)
    optimizers.check_state(trainer.optimizer_g, state["optimizer_g"], trainer.config.optimizer_g)


def reason(error: BaseException) -> str:
    """Why a checkpoint cannot be opened, in one line."""
    return " ".join(str(error).split())[:150] or type(error).__name__


def has_state(folder: Path) -> bool:
    """Whether the checkpoint holds, or once held, a state to resume training from; shipped ones hold only weights."""
    return any((folder / name).exists() for name in (OLD_STATE, "state.json", "state.safetensors"))


def read_networks(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The weights of each network in NETWORKS. Raises one of READ_ERRORS if the checkpoint is damaged or missing."""
    files = {name: folder / f"{name}.safetensors" for name in NETWORKS}
    return {name: load_file(file) for name, file in files.items() if is_plain_file(file) or name != "ema"}


def read_state(folder: Path) -> dict[str, Any]:
    """Everything in the checkpoint except its networks. Raises one of READ_ERRORS if it is damaged."""
    if (folder / OLD_STATE).exists():
        return torch.load(folder / OLD_STATE, weights_only=True, map_location="cpu")
    structure = parse_json(read_bytes(folder / "state.json", MAX_JSON_BYTES))
    state = state_tree.join(load_file(folder / "state.safetensors"), structure)
    if not isinstance(state, dict):
        raise ValueError("not the state of a checkpoint")
    return state


def is_complete(folder: Path) -> bool:
    """Whether every file of the checkpoint is there in full length. Reads a few bytes of each."""
    required = [f"{name}.safetensors" for name in NETWORKS if name != "ema"]
    try:
        for file in folder.glob("*.safetensors"):
            with safe_open(file, "pt"):  # compares the length of the file with its header
                pass
        if (folder / OLD_STATE).exists():
            state_is_complete = zipfile.is_zipfile(folder / OLD_STATE)
        else:
            parse_json(read_bytes(folder / "state.json", MAX_JSON_BYTES))
            state_is_complete = (folder / "state.safetensors").is_file()
    except READ_ERRORS:
        return False
    return state_is_complete and all((folder / name).is_file() for name in required)


def is_trainable(folder: Path) -> bool:
    """Whether the checkpoint is complete and all of its weights are finite. Reads the weights only once."""
    try:
        changed = max(file.stat().st_mtime_ns for file in folder.iterdir())
        return is_complete(folder) and _has_finite_weights(folder, changed)
    except READ_ERRORS:
        return False


@lru_cache(maxsize=1000)
def _has_finite_weights(folder: Path, changed: int) -> bool:
    networks = read_networks(folder).values()
    return all(bool(weight.isfinite().all()) for network in networks for weight in network.values())


def check_compatible(config: TrainConfig, saved: TrainConfig) -> None:
    """Raise `ConfigError` if a checkpoint of `saved` cannot continue under `config`.

    A checkpoint holds weights, optimiser state, the order of the data and the states of the random generators, so the
    settings that produced them must stay the same.
    """
    for key in config.changes_from(saved):
        if key == "seed" or key.startswith("data.") or (key.startswith("optimizer_") and not SETTINGS[key].live):
            raise ConfigError(f"{key}: a checkpoint continues only with its own {key}; start a new run")
    if config.ema_decay and not saved.ema_decay:
        raise ConfigError("ema_decay: this checkpoint has no average of G's weights; start a new run")
    for role, now, before in zip(("G", "D"), models.build_meta(config), models.build_meta(saved), strict=True):
        if _shapes(now) != _shapes(before):
            changed = ", ".join(key for key in config.changes_from(saved) if not SETTINGS[key].live)
            raise ConfigError(f"{changed}: {role}'s weights in the checkpoint would not fit; start a new run")


def _shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def step_of(folder: Path) -> int | None:
    """The step in the name of a checkpoint's folder ("step-0000500"), or None for any other folder."""
    name = _FOLDER.fullmatch(folder.name)
    return int(name[1]) if name is not None else None


def _flush(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders, and does not need to flush them
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # Windows flushes no read-only file
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
