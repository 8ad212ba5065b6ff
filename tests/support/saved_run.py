"""A small run on disk with every kind of file, and changes of its exported zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Collection

import torch
from safetensors.torch import load, save

from gan_core.config import TrainConfig
from gan_core.runs import Run, RunStore
from gan_core.session.observer import Observer
from gan_core.training.history import COLUMNS
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS

Files = dict[str, bytes]


def saved_run(
    store: RunStore, config: TrainConfig = POINTS, name: str = "first", save_at: Collection[int] = (2,)
) -> tuple[Run, Trainer]:
    """A run that ends with its last checkpoint, and its trainer."""
    run, trainer = store.create(config, name), Trainer(config, "cpu")
    last = max(save_at)
    for step in range(1, last + 1):
        trainer.step()
        if step in save_at:
            run.save(trainer, keep=3)
    run.append_metrics([[step] * len(COLUMNS) for step in range(1, last + 1)])
    view = Observer(trainer).sample_view(trainer)
    run.write_frame(last, view.samples, view.plane)
    return run, trainer


def unzipped(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Files) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def changed(files: Files, ending: str, change: Callable[[bytes], bytes]) -> Files:
    """The files, after a change of the content of each whose name has this ending."""
    assert any(name.endswith(ending) for name in files)
    return {name: change(content) if name.endswith(ending) else content for name, content in files.items()}


def with_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[bytes], bytes]:
    """A change of a safetensors file that edits the dict of its tensors in place."""

    def apply(content: bytes) -> bytes:
        tensors = load(content)
        change(tensors)
        return save(tensors)

    return apply
