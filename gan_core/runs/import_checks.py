"""Checks that a run from elsewhere must pass before it enters the library. Each refusal is one sentence."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import nn

from gan_core import models
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.data import Dataset
from gan_core.runs import checkpoint, records
from gan_core.runs.frames import GRID_COLUMNS
from gan_core.runs.origin import Origin
from gan_core.runs.run import Run
from gan_core.system import formatting, zip_safety
from gan_core.training.memory_estimate import memory_shortage
from gan_core.training.plane_view import Plane
from gan_core.training.trainer import Trainer

ALLOWED = re.compile(
    r"(?:config|about|best|directions)\.json|(?:metrics|evals)\.csv|(?:events|glances)\.jsonl"
    r"|samples/step-\d{7,9}\.(?:png|safetensors)"
    r"|step-\d{7,9}/(?:(?:generator|discriminator|ema|state)\.safetensors|state\.json)",
    re.ASCII,
)
DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, KeyError)
MAX_BYTES = 4_000_000_000  # of a whole run
MAX_FILES = 50_000
_MAX_HEADER_BYTES = 5_000_000  # of a safetensors file
_MAX_PLANE_BYTES = 1_000_000  # a plane of 1,024 points has 50,000
_MAX_EXAMPLES = 10_000_000
_DTYPE_NAMES = {torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL", torch.uint8: "U8"}  # in safetensors

Entries = dict[str, zipfile.ZipInfo]
Header = Mapping[str, tuple[str, tuple[int, ...]]]  # dtype and shape of each tensor, by its name


class NotImportedError(Exception):
    """The reason for a refusal, as the end of a sentence."""


# ---- the zip file, before anything is unpacked -----------------------------------------------------------------------


def allowed_entries(archive: zipfile.ZipFile) -> Entries:
    """The files to unpack, by their path in the run's folder. Raises `NotImportedError` if any other entry exists."""
    entries: Entries = {}
    if len(archive.infolist()) > MAX_FILES:
        raise NotImportedError(f"it holds over {MAX_FILES:,} files")
    for entry in archive.infolist():
        printable = formatting.printable(entry.filename, 60)
        if zip_safety.leads_out(entry):
            raise NotImportedError(f'the path "{printable}" leads out of it')
        if zip_safety.is_link(entry):
            raise NotImportedError(f'"{printable}" is a link')
        if entry.is_dir():
            continue
        name = entry.filename if ALLOWED.fullmatch(entry.filename) else entry.filename.partition("/")[2]
        if not ALLOWED.fullmatch(name):
            raise NotImportedError(f'"{printable}" is not a file of a run')
        if name in entries:
            raise NotImportedError(f'it holds "{printable}" twice')
        if entry.flag_bits & 1:
            raise NotImportedError("it is encrypted")
        if entry.file_size > records.MAX_BYTES.get(name.rpartition("/")[2], MAX_BYTES):
            raise NotImportedError(f'"{printable}" would unpack to {formatting.size(entry.file_size)}')
        entries[name] = entry
    if len({entry.filename.removesuffix(name) for name, entry in entries.items()}) > 1:
        raise NotImportedError("it holds more than one run")
    if (size := zip_safety.unpacked_bytes(entries.values())) > MAX_BYTES or zip_safety.is_bomb(entries.values()):
        raise NotImportedError(f"it would unpack to {formatting.size(size)}")
    if "config.json" not in entries:
        raise NotImportedError("it holds no config.json, so it is not a run")
    return entries


# ---- the unpacked files, still outside the library -------------------------------------------------------------------


def check_run(run: Run) -> None:
    """Raise `NotImportedError` unless the config fits this machine and all other files fit the config."""
    for reason in records.describe(records.damage(run.path)):
        raise NotImportedError(f"it holds a value that no run has: {reason}")
    config = _config(run)
    for picture in run.path.glob("samples/*.png"):
        _check_picture(picture, config)
    generator, discriminator = (_shapes(network) for network in models.build_meta(config))
    expected = {"generator": generator, "ema": generator, "discriminator": discriminator}
    for file in run.path.glob("*/*.safetensors"):
        name, header = file.relative_to(run.path).as_posix(), _header(file)
        if file.stem in expected and header != expected[file.stem]:
            raise NotImportedError(f'the weights in "{name}" do not have the shapes that its config gives')
        if name.startswith("samples/") and not (_is_plane(header) and file.stat().st_size <= _MAX_PLANE_BYTES):
            raise NotImportedError(f'"{name}" is not a picture of samples')
    _check_checkpoints(run, config)


def _config(run: Run) -> TrainConfig:
    try:
        config = TrainConfig.from_json(records.read(run.path, "config.json"))
    except ConfigError as error:
        raise NotImportedError(f"its config.json is not valid: {error}") from None
    if shortage := memory_shortage(config):
        raise NotImportedError(f"it needs {shortage}")
    return config


def _check_picture(file: Path, config: TrainConfig) -> None:
    """A picture must be a grid of samples. Reads only its header."""
    if config.dataset.kind != "images":
        raise NotImportedError(f'"{file.name}" is a picture, but its config is for points')
    wrong_size = NotImportedError(f'the size of the picture "{file.name}" does not fit its samples')
    try:
        with Image.open(file, formats=["PNG"]) as picture:
            size, mode = picture.size, picture.mode
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise wrong_size from None
    except (OSError, SyntaxError, ValueError):
        raise NotImportedError(f'"{file.name}" is not a PNG picture') from None
    channels, height, width = config.shape
    rows, partial_row = divmod(size[1], height)
    max_rows = math.ceil(SETTINGS["record.samples"].bounds["le"] / GRID_COLUMNS)
    whole_grid = size[0] == GRID_COLUMNS * width and partial_row == 0 and 1 <= rows <= max_rows
    if not whole_grid or mode != ("L" if channels == 1 else "RGB"):
        raise wrong_size


def _header(file: Path) -> Header:
    """The header of a safetensors file. The library checks that it describes the file exactly."""
    refusal = NotImportedError(f'"{file.parent.name}/{file.name}" is not a safetensors file')
    with file.open("rb") as start:
        if int.from_bytes(start.read(8), "little") > _MAX_HEADER_BYTES:
            raise refusal
    try:
        with safe_open(file, "pt") as tensors:
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118 - not a dict
    except SafetensorError:
        raise refusal from None
    return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def _shapes(network: nn.Module) -> Header:
    return {name: (_DTYPE_NAMES[x.dtype], tuple(x.shape)) for name, x in network.state_dict().items()}


def _is_plane(header: Header) -> bool:
    shapes = {name: shape for name, (dtype, shape) in header.items() if dtype == "F32"}
    if set(shapes) != {field.name for field in fields(Plane)}:
        return False
    n = shapes["scores"][:1]
    square = len(shapes["surface"]) == 2 and shapes["surface"][:1] == shapes["surface"][1:]
    return square and shapes["extent"] == (4,) and len(n) == 1 and shapes["fakes"] == shapes["gradient"] == (*n, 2)


# ---- the checkpoints -------------------------------------------------------------------------------------------------


def _check_checkpoints(run: Run, config: TrainConfig) -> None:
    """Load every checkpoint once, as training would, and check that the next step finds valid numbers."""
    trainer: Trainer | None = None
    for step in run.checkpoints():
        folder = run.path / f"step-{step:07d}"
        try:
            state = checkpoint.read_state(folder)
            position = state["batches"]["position"]
            if type(position) is not int or not 0 <= position <= _MAX_EXAMPLES:
                raise ValueError("its position in the data is impossible")
            Origin.in_state(state, position)
            if trainer is None or len(trainer.dataset) < position:
                trainer = Trainer(config, "cpu", _placeholder_dataset(config, max(1, position)))
            checkpoint.load(trainer, folder)
        except checkpoint.READ_ERRORS as error:
            reason = checkpoint.reason(error)
            raise NotImportedError(f"its checkpoint of step {step:,} cannot be opened ({reason})") from None
        networks = [trainer.generator, trainer.discriminator, *([] if trainer.ema is None else [trainer.ema])]
        if not all(x.isfinite().all() for network in networks for x in network.state_dict().values()):
            raise NotImportedError(f"the weights of step {step:,} hold NaN or infinity")


def _placeholder_dataset(config: TrainConfig, n: int) -> Dataset:
    """A data set of `n` equal examples that share their memory, to open checkpoints with."""
    dtype = torch.float32 if config.dataset.kind == "points" else torch.uint8
    labels = torch.zeros(1, dtype=torch.int64).expand(n) if config.classes else None
    return Dataset(torch.zeros(1, *config.shape, dtype=dtype).expand(n, *config.shape), labels, config.classes, "")
