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

from gan_core.runs import checkpoint, import_checks, shipped, state_tree
from gan_core.runs.errors import RunError
from gan_core.runs.import_checks import NotImportedError
from gan_core.runs.run import Run
from gan_core.runs.store import RUN_ID, RunStore

_INCOMPRESSIBLE = (".png", ".safetensors")


def pack(run: Run) -> BinaryIO:
    """The whole run as a zip in a temporary file, open at its start.

    The run may be in training. A checkpoint that training deletes before it is packed is left out.

    Raises `RunError` if the run cannot be read, holds only weights, or there is no room for the zip.
    """
    run.refuse_without_state()
    target = cast(BinaryIO, tempfile.TemporaryFile(prefix="run-", suffix=".zip"))  # noqa: SIM115 - returned open
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in _plain_files(run.path):
                _put(archive, f"{run.id}/{name}", (run.path / name).read_bytes())
            for step in run.checkpoints():
                with suppress(*checkpoint.READ_ERRORS):
                    for name, content in list(_checkpoint_files(run.checkpoint_folder(step))):
                        _put(archive, f"{run.id}/step-{step:07d}/{name}", content)
    except OSError as error:
        target.close()
        raise RunError(f"Cannot pack the run {run.id}: {error.strerror or error}") from None
    target.seek(0)
    return target


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
        run.log("imported", max(run.checkpoints(), default=0))
        wanted_id = next(iter(entries.values())).filename.split("/")[0]
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


def _plain_files(folder: Path) -> Iterator[str]:
    """The files of a run outside its checkpoints. Skips foreign files in its folder."""
    for path in sorted((*folder.iterdir(), *folder.glob("samples/*"))):
        name = path.relative_to(folder).as_posix()
        if import_checks.ALLOWED.fullmatch(name) and path.is_file():
            yield name


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
    taken = [root / wanted for root in (store.root, store.root / ".trash", shipped.SHIPPED.root)]
    if RUN_ID.fullmatch(wanted) and not any(path.exists() for path in taken):
        return wanted
    return f"{time.strftime('%Y-%m-%d')}-{preset}-{secrets.token_hex(3)}"
