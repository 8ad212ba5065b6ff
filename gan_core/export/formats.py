"""Every format in which a run can be exported. To add one, write its function from a run to bytes and its line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gan_core.config import TrainConfig
from gan_core.export import onnx_model
from gan_core.export.errors import ExportError
from gan_core.export.script import refusal, script
from gan_core.export.script.notebook import notebook
from gan_core.export.training_video import training_video
from gan_core.export.video import Progress
from gan_core.runs import Run


@dataclass(frozen=True)
class Format:
    """A file format of an exported run."""

    title: str
    suffix: str  # of the file's name: ".gif"
    mime: str
    about: str  # one sentence, for the screen
    make: Callable[[Run, Progress], bytes]
    """The file's bytes. Raises `ExportError` or `RunError`; the message says what to do."""
    refusal: Callable[[Run], str] = lambda run: ""
    """Why this run has no export in this format, in a sentence; "" if it has one. Quick; raises `RunError`."""

    def applies(self, run: Run) -> bool:
        """Whether this run can be exported in this format."""
        return not self.refusal(run)


def _of_config(write: Callable[[TrainConfig], str]) -> Callable[[Run, Progress], bytes]:
    return lambda run, progress: write(run.config).encode()


def _unsupported(run: Run) -> str:
    return refusal(run.config)


def _no_checkpoint(run: Run) -> str:
    missing = onnx_model.missing_packages()
    return missing or ("" if run.checkpoints() else f"The run {run.id} has no checkpoint yet; train it further.")


def _no_frames(run: Run) -> str:
    return "" if run.frames() else f"The run {run.id} has saved no picture yet; train it further."


def _onnx(run: Run, progress: Progress) -> bytes:
    if refusal := _no_checkpoint(run):
        raise ExportError(refusal)
    progress(0.0)
    model = onnx_model.onnx(run.model())
    progress(1.0)
    return model


def _video(kind: str, run: Run, progress: Progress) -> bytes:
    return training_video(run, kind, progress)


FORMATS: dict[str, Format] = {
    "script": Format(
        "PyTorch script",
        ".py",
        "text/x-python",
        "One page of plain PyTorch that trains the same networks to the same numbers.",
        _of_config(script),
        _unsupported,
    ),
    "notebook": Format(
        "Notebook",
        ".ipynb",
        "application/x-ipynb+json",
        "The same page as a Jupyter notebook.",
        _of_config(notebook),
        _unsupported,
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
        "GIF", ".gif", "image/gif", "Training as a film that plays anywhere.", partial(_video, "gif"), _no_frames
    ),
    "mp4": Format("MP4", ".mp4", "video/mp4", "Training as a film in full colour.", partial(_video, "mp4"), _no_frames),
    "config": Format(
        "Settings",
        ".json",
        "application/json",
        "Every setting, seed included, as JSON that the app reads back.",
        _of_config(TrainConfig.to_json),
    ),
}
