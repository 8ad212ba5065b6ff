"""A run as one zip file, without pickles, and a run from such a zip file."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from safetensors.torch import save

from gan_core import data
from gan_core.runs import checkpoint, disk, import_checks, records, run_id, shipped, state_tree
from gan_core.runs.errors import RunError
from gan_core.runs.import_checks import NotImportedError
from gan_core.runs.run import Run
from gan_core.runs.store import TRASH, RunStore

_INCOMPRESSIBLE = (".png", ".safetensors")
_ROOM_FOR_RECORDS = sum(records.MAX_BYTES.values())
_FILES_OF_A_CHECKPOINT = 5


def pack(run: Run) -> BinaryIO:
    """The whole run as a zip in a temporary file, open at its start.

    The run may be in training. A checkpoint that training deletes before it is packed is left out, and so is what
    `left_out` says.

    Raises `RunError` if the run cannot be read, holds only weights, is too large, or there is no room for the zip.
    """
    run.refuse_without_state()
    target = cast(BinaryIO, tempfile.TemporaryFile(prefix="run-", suffix=".zip"))  # noqa: SIM115 - returned open
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in records.exported(run.path).items():
                _put(archive, f"{run.id}/{name}", content)
            steps, pictures = _selected(run)
            for picture in pictures:
                _put(archive, f"{run.id}/samples/{picture.name}", picture.read_bytes())
            for step in steps:
                with suppress(*checkpoint.READ_ERRORS):
                    for name, content in list(_checkpoint_files(run.checkpoint_folder(step))):
                        _put(archive, f"{run.id}/step-{step:07d}/{name}", content)
            import_checks.allowed_entries(archive)
    except NotImportedError as reason:
        target.close()
        raise RunError(
            f"The run {run.id} cannot be exported, because no import would accept the zip: {reason}"
        ) from None
    except OSError as error:
        target.close()
        raise RunError(f"Cannot pack the run {run.id}: {error.strerror or error}") from None
    target.seek(0)
    return target


def left_out(run: Run) -> str:
    """A sentence about the checkpoints and pictures that `pack` leaves out for an import's sake; or ""."""
    checkpoints, pictures = _selected(run)
    counts = (
        (len(checkpoints), len(run.checkpoints()), "checkpoints"),
        (len(pictures), len(_pictures(run)), "pictures"),
    )
    parts = [f"{kept:,} of its {of:,} {noun}" for kept, of, noun in counts if kept < of]
    return f"The zip holds {' and '.join(parts)}, so that it can be imported." if parts else ""


def _selected(run: Run) -> tuple[list[int], list[Path]]:
    """The steps of the checkpoints, and the pictures, that fit into a zip which can be imported.

    The last checkpoint and the best come first, then later ones. Pictures are left out evenly.
    """
    room, steps, best = import_checks.MAX_BYTES - _ROOM_FOR_RECORDS, run.checkpoints(), run.best()
    kept: list[int] = []
    for step in sorted(steps, key=lambda step: (step != steps[-1], best is None or step != best.step, -step)):
        size = disk.size(run.checkpoint_folder(step))
        if size <= room or not kept:
            kept.append(step)
            room -= size
    pictures = _pictures(run)
    most = import_checks.MAX_FILES - len(records.MAX_BYTES) - _FILES_OF_A_CHECKPOINT * len(kept)
    size = sum(picture.stat().st_size for picture in pictures)
    every = max(1, -(-len(pictures) // most), -(-size // room)) if room > 0 else len(pictures) + 1
    return sorted(kept), pictures[::-every][::-1]


def _pictures(run: Run) -> list[Path]:
    folder = run.frames_folder
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in found if import_checks.ALLOWED.fullmatch(f"samples/{file.name}") and file.is_file()]


def unpack(source: BinaryIO, store: RunStore) -> Run:
    """Add a run from a zip that `pack` made here or elsewhere. It keeps its id unless the id is taken.

    The checks come first: names, sizes and paths before unpacking; then, in a folder outside the library, the config,
    and that every checkpoint opens with the shapes of the config's networks and holds only finite numbers.

    Raises `RunError` if a check fails, or the library has no room; no file remains.
    """
    draft = store.root / f".incoming-{secrets.token_hex(3)}"
    try:
        with zipfile.ZipFile(source) as archive:
            entries = import_checks.allowed_entries(archive)
            store.refuse_if_full(sum(entry.file_size for entry in entries.values()))
            for name, entry in entries.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as packed, (draft / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
        run = Run(draft)
        import_checks.check_run(run)
        run.write_config(data.with_absolute_path(run.config))
        run.log("imported", max(run.checkpoints(), default=0))
        name, entry = next(iter(entries.items()))
        wanted_id = entry.filename.removesuffix(name).rstrip("/")  # "" if the zip has no folder
        place = store.root / _free_id(store, wanted_id, run.config.preset)
        os.replace(draft, place)
    except NotImportedError as reason:
        raise RunError(f"This file was not imported: {reason}") from None
    except OSError as error:
        raise RunError(f"This file was not imported: {error.strerror or error}") from None
    except import_checks.DAMAGED_ZIP as error:
        raise RunError(f"This file was not imported: it is damaged or not a zip file ({error})") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Run(place)


def _checkpoint_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in checkpoint.NETWORKS:
        file = folder / f"{name}.safetensors"
        if name != "ema" or file.exists():
            yield file.name, file.read_bytes()
    tensors, structure = state_tree.split(checkpoint.read_state(folder))
    yield "state.safetensors", save(tensors)
    yield "state.json", json.dumps(structure).encode()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    method = zipfile.ZIP_STORED if name.endswith(_INCOMPRESSIBLE) else zipfile.ZIP_DEFLATED
    archive.writestr(name, content, method)


def _free_id(store: RunStore, wanted: str, preset: str) -> str:
    taken = [root / wanted for root in (store.root, store.root / TRASH, shipped.SHIPPED.root)]
    if run_id.is_portable(wanted) and not any(map(os.path.lexists, taken)):
        return wanted
    return f"{time.strftime('%Y-%m-%d')}-{preset}-{secrets.token_hex(3)}"
