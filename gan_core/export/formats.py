"""All that a run can be exported as, a line each: what the command line and the pages offer.

To add a format, write its function from a run to bytes, and its line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gan_core.config import TrainConfig
from gan_core.export import onnx_model, script
from gan_core.export.errors import ExportError
from gan_core.export.script.notebook import notebook
from gan_core.export.training_video import film
from gan_core.export.video import Told
from gan_core.runs import Run


@dataclass(frozen=True)
class Format:
    """A way to take a run elsewhere."""

    title: str
    suffix: str  # of the file's name: ".gif"
    mime: str
    about: str  # one sentence, for the screen
    make: Callable[[Run, Told], bytes]
    """The file's bytes. Its progress is told from 0 to 1. Raises `ExportError` or `RunError`, with what to do."""
    refusal: Callable[[Run], str] = lambda run: ""
    """Why this run cannot be exported so, in a sentence; "" where it can. Quick; raises `RunError`."""

    def applies(self, run: Run) -> bool:
        """Whether this run can be exported so."""
        return not self.refusal(run)


def _of_config(write: Callable[[TrainConfig], str]) -> Callable[[Run, Told], bytes]:
    return lambda run, progress: write(run.config).encode()


def _too_long(run: Run) -> str:
    try:
        script.refuse_what_is_too_long(run.config)
    except ExportError as error:
        return str(error)
    return ""


def _no_checkpoint(run: Run) -> str:
    lack = onnx_model.missing()
    return lack or ("" if run.checkpoints() else f"The run {run.id} has no checkpoint yet; train it further.")


def _onnx(run: Run, progress: Told) -> bytes:
    if refusal := _no_checkpoint(run):
        raise ExportError(refusal)
    progress(0.0)
    trainer = run.trainer("cpu", to_train=False)
    progress(0.1)
    model = onnx_model.onnx(trainer)
    progress(1.0)
    return model


def _no_frames(run: Run) -> str:
    return "" if run.frames() else f"The run {run.id} has kept no picture yet; train it further."


FORMATS: dict[str, Format] = {
    "script": Format(
        "PyTorch script",
        ".py",
        "text/x-python",
        "One page of plain PyTorch that trains the same networks to the same numbers.",
        _of_config(script.script),
        _too_long,
    ),
    "notebook": Format(
        "Notebook",
        ".ipynb",
        "application/x-ipynb+json",
        "The same page as a Jupyter notebook.",
        _of_config(notebook),
        _too_long,
    ),
    "onnx": Format(
        "ONNX generator",
        ".onnx",
        "application/octet-stream",
        "The trained generator for programs without PyTorch; checked against it.",
        _onnx,
        _no_checkpoint,
    ),
    "gif": Format(
        "GIF",
        ".gif",
        "image/gif",
        "Training as a film that plays anywhere.",
        lambda run, progress: film(run, "gif", progress=progress),
        _no_frames,
    ),
    "mp4": Format(
        "MP4",
        ".mp4",
        "video/mp4",
        "Training as a film in full colour.",
        lambda run, progress: film(run, "mp4", progress=progress),
        _no_frames,
    ),
    "config": Format(
        "Settings",
        ".json",
        "application/json",
        "Every setting, seed included, as JSON that the app reads back.",
        _of_config(TrainConfig.to_json),
    ),
}
