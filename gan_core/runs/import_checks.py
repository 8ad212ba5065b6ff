"""What a run from elsewhere must show before it is let into the library. Each refusal is one clear sentence."""

from __future__ import annotations

import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields

import torch
from PIL import Image
from torch import Tensor, nn

from gan_core import models
from gan_core.config import SETTINGS, ConfigError, OptimizerConfig, TrainConfig
from gan_core.data import Dataset
from gan_core.runs import checkpoint
from gan_core.runs.frames import COLUMNS_OF_PICTURES
from gan_core.runs.run import Run
from gan_core.system import zip_safety
from gan_core.system.memory import free_bytes
from gan_core.training import optimizers
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.plane_view import Plane
from gan_core.training.trainer import Trainer

ALLOWED = re.compile(
    r"(?:config|about|best)\.json|(?:metrics|evals)\.csv|(?:events|glances)\.jsonl"
    r"|samples/step-\d{7,9}\.(?:png|safetensors)"
    r"|step-\d{7,9}/(?:(?:generator|discriminator|ema|state)\.safetensors|state\.json)",
    re.ASCII,
)
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, KeyError)
LARGEST = 4_000_000_000  # bytes of a run
MOST_FILES = 50_000
_TEXTS = {  # bytes, at most; a million logged steps are 150 MB of metrics.csv
    "config.json": 1_000_000,
    "about.json": 100_000,
    "best.json": 10_000,
    "metrics.csv": 500_000_000,
    "evals.csv": 20_000_000,
    "events.jsonl": 20_000_000,
    "glances.jsonl": 50_000_000,
    "state.json": 5_000_000,
}
_HEADER = 5_000_000  # bytes of a safetensors header
_MOST_EXAMPLES = 10_000_000
_KINDS = {torch.float32: ("F32", 4), torch.int64: ("I64", 8), torch.bool: ("BOOL", 1), torch.uint8: ("U8", 1)}
_PLANE = 1_000_000  # bytes of a plane; one of 1,024 points has 50,000

Entries = dict[str, zipfile.ZipInfo]
Header = Mapping[str, tuple[str, tuple[int, ...]]]  # a tensor's type and shape, by its name


class NotImportedError(Exception):
    """Why a zip was refused, as the end of a sentence."""


# ---- before anything is unpacked -------------------------------------------------------------------------------------


def allowed_entries(archive: zipfile.ZipFile) -> Entries:
    """The files of a run in the zip, by their place in the run's folder."""
    entries: Entries = {}
    if len(archive.infolist()) > MOST_FILES:
        raise NotImportedError(f"it holds over {MOST_FILES:,} files")
    for entry in archive.infolist():
        shown = _shown(entry.filename)
        if zip_safety.leads_out(entry):
            raise NotImportedError(f'the path "{shown}" leads out of it')
        if zip_safety.is_link(entry):
            raise NotImportedError(f'"{shown}" is a link')
        if entry.is_dir():
            continue
        name = entry.filename if ALLOWED.fullmatch(entry.filename) else entry.filename.partition("/")[2]
        if not ALLOWED.fullmatch(name):
            raise NotImportedError(f'"{shown}" is no file of a run')
        if name in entries:
            raise NotImportedError(f'"{shown}" stands in it twice')
        if entry.flag_bits & 1:
            raise NotImportedError("it is encrypted")
        if entry.file_size > _TEXTS.get(name.rpartition("/")[2], LARGEST):
            raise NotImportedError(f'"{shown}" would unpack to {entry.file_size / 1e6:,.0f} MB')
        entries[name] = entry
    if len({entry.filename.removesuffix(name) for name, entry in entries.items()}) > 1:
        raise NotImportedError("it holds more than one run")
    if (size := zip_safety.unpacked(entries.values())) > LARGEST or zip_safety.is_bomb(entries.values()):
        raise NotImportedError(f"it would unpack to {size / 1e9:,.1f} GB")
    if "config.json" not in entries:
        raise NotImportedError("it holds no config.json, so it is no run")
    return entries


def config_of(archive: zipfile.ZipFile, entries: Entries) -> TrainConfig:
    """The run's config: one that this machine could train."""
    try:
        config = TrainConfig.from_json(archive.read(entries["config.json"]).decode("utf-8", errors="replace"))
    except ConfigError as error:
        raise NotImportedError(f"its config.json is not valid: {error}") from None
    needed, free = estimate_memory(config), free_bytes()
    if needed > free:
        raise NotImportedError(f"it needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free")
    return config


def check_declarations(archive: zipfile.ZipFile, entries: Entries, config: TrainConfig) -> None:
    """Every picture and every file of weights declares the size and the shapes that the config implies."""
    generator, discriminator = (_declared(network) for network in models.build_meta(config))
    expected = {"generator": generator, "ema": generator, "discriminator": discriminator}
    for name, entry in entries.items():
        if name.endswith(".png"):
            _check_picture(archive, entry, config)
        elif name.endswith(".safetensors"):
            header = _header(archive, entry)
            role = name.rpartition("/")[2].removesuffix(".safetensors")
            if role in expected and header != expected[role]:
                raise NotImportedError(f'the weights in "{name}" are not of the shapes of its config')
            if name.startswith("samples/") and not _is_plane(header, entry):
                raise NotImportedError(f'"{name}" is no picture of samples')


def _check_picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, config: TrainConfig) -> None:
    """A sheet of samples; only its header is read."""
    if config.dataset.kind != "images":
        raise NotImportedError(f'"{_shown(entry.filename)}" is a picture, and its config is of points')
    channels, height, width = config.shape
    most_rows = math.ceil(SETTINGS["record.samples"].bounds["le"] / COLUMNS_OF_PICTURES)
    other_size = NotImportedError(f'the picture "{_shown(entry.filename)}" is not of the size of its samples')
    try:
        with archive.open(entry) as file, Image.open(file, formats=["PNG"]) as picture:
            size, mode = picture.size, picture.mode
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise other_size from None
    except (OSError, SyntaxError, ValueError):
        raise NotImportedError(f'"{_shown(entry.filename)}" is no PNG picture') from None
    rows, rest = divmod(size[1], height)
    if (
        size[0] != COLUMNS_OF_PICTURES * width
        or rest
        or not 1 <= rows <= most_rows
        or mode != ("L", "RGB")[channels > 1]
    ):
        raise other_size


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    """What a safetensors file says it holds, which must be exactly as long as the file."""
    refusal = NotImportedError(f'"{_shown(entry.filename)}" is no safetensors file')
    with archive.open(entry) as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(_HEADER, entry.file_size - 8):
            raise refusal
        try:
            declared = json.loads(file.read(length))
            declared.pop("__metadata__", None)
            ends = [0]
            header = {}
            for name, tensor in sorted(declared.items(), key=lambda item: item[1]["data_offsets"]):
                begin, end = tensor["data_offsets"]
                if begin != ends[-1] or end < begin:
                    raise refusal
                ends.append(end)
                header[name] = (tensor["dtype"], tuple(tensor["shape"]))
        except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
            raise refusal from None
    if ends[-1] != entry.file_size - 8 - length:
        raise refusal
    return header


def _declared(network: nn.Module) -> Header:
    return {name: (_KINDS[x.dtype][0], tuple(x.shape)) for name, x in network.state_dict().items()}


def _is_plane(header: Header, entry: zipfile.ZipInfo) -> bool:
    shapes = {name: shape for name, (kind, shape) in header.items() if kind == "F32"}
    if set(shapes) != {field.name for field in fields(Plane)} or entry.file_size > _PLANE:
        return False
    n = shapes["scores"][:1]
    square = len(shapes["surface"]) == 2 and shapes["surface"][:1] == shapes["surface"][1:]
    return square and shapes["extent"] == (4,) and len(n) == 1 and shapes["fakes"] == shapes["gradient"] == (*n, 2)


# ---- once it lies in a folder of its own, outside the library -------------------------------------------------------


def check_checkpoints(run: Run, config: TrainConfig) -> None:
    """Every checkpoint opens as any other would, and the next step finds all it needs."""
    trainer: Trainer | None = None
    for step in run.checkpoints():
        folder = run.path / f"step-{step:07d}"
        try:
            state = checkpoint.read_state(folder)
            position = state["batches"]["position"]
            if type(position) is not int or not 0 <= position <= _MOST_EXAMPLES:
                raise ValueError("a place in the data that there cannot be")
            if state["steps"] != step or type(state["images"]) is not int or state["figures"].shape != (6,):
                raise ValueError("figures of another step")
            if trainer is None or len(trainer.dataset) < position:
                trainer = Trainer(config, "cpu", _blank(config, max(1, position)))
            usual = [optimizer.param_groups[0].keys() for optimizer in (trainer.optimizer_d, trainer.optimizer_g)]
            checkpoint.load(trainer, folder)
        except checkpoint.BROKEN as error:
            reason = " ".join(str(error).split())[:150]
            raise NotImportedError(f"its checkpoint of step {step:,} cannot be opened ({reason})") from None
        _check_numbers(trainer, step)
        for optimizer, keys, settings in zip(
            (trainer.optimizer_d, trainer.optimizer_g), usual, (config.optimizer_d, config.optimizer_g), strict=True
        ):
            _check_optimizer(optimizer, keys, settings, step)


def _check_numbers(trainer: Trainer, step: int) -> None:
    networks = [trainer.generator, trainer.discriminator, *([trainer.ema] if trainer.ema is not None else [])]
    if not all(tensor.isfinite().all() for network in networks for tensor in network.state_dict().values()):
        raise NotImportedError(f"the weights of step {step:,} hold values that are no finite numbers")


def _check_optimizer(
    optimizer: torch.optim.Optimizer, keys: Iterable[str], settings: OptimizerConfig, step: int
) -> None:
    """It remembers of each weight what an optimiser of its kind does, or nothing yet."""
    refusal = NotImportedError(f"the optimisers' state of step {step:,} does not belong to its config")
    expected = optimizers.remembers(settings)
    for group in optimizer.param_groups:
        if group.keys() != set(keys) or not all(isinstance(value, int | float) for value in _flat(group)):
            raise refusal
        for weights in group["params"]:
            kept = {name: value for name, value in optimizer.state.get(weights, {}).items() if value is not None}
            if kept and kept.keys() != expected.keys():
                raise refusal
            for name, value in kept.items():
                shape = weights.shape if expected[name] else torch.Size()
                if not isinstance(value, Tensor) or value.shape != shape or not value.isfinite().all():
                    raise refusal


def _flat(group: Mapping[str, object]) -> Iterable[object]:
    for name, value in group.items():
        if name != "params" and value is not None:
            yield from value if isinstance(value, list | tuple) else [value]


def _blank(config: TrainConfig, n: int) -> Dataset:
    """A data set of `n` examples that takes no room, to open checkpoints with."""
    kind = torch.float32 if config.dataset.kind == "points" else torch.uint8
    labels = torch.zeros(1, dtype=torch.int64).expand(n) if config.classes else None
    return Dataset(torch.zeros(1, *config.shape, dtype=kind).expand(n, *config.shape), labels, config.classes, "")


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:60]
