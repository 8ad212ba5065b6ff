"""Every format in which a run can be exported. To add one, write its function from a run to bytes and its line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gan_core.config import TrainConfig
from gan_core.export import onnx_model, video
from gan_core.export.errors import ExportError
from gan_core.export.frame_pictures import frame_png
from gan_core.export.script import refusal, script
from gan_core.export.script.notebook import notebook
from gan_core.export.training_video import NO_PICTURE, training_video
from gan_core.export.video import Progress
from gan_core.runs import Run, RunError, pack, records
from gan_core.training.history import last_row


@dataclass(frozen=True)
class Format:
    """A file format of an exported run."""

    title: str
    suffix: str  # of the file's name: ".gif"
    mime: str
    about: str  # one sentence, for the screen
    make: Callable[[Run, Progress], bytes]
    """The file's bytes. Raises `ExportError`, `RunError` or `DataError`; the message says what to do."""
    refusal: Callable[[Run], str] = lambda run: ""
    """Why this run has no export in this format, in a sentence; "" if it has one. Quick; raises `RunError`."""

    def applies(self, run: Run) -> bool:
        """Whether this run can be exported in this format."""
        return not self.refusal(run)


def _of_config(write: Callable[[TrainConfig], str]) -> Callable[[Run, Progress], bytes]:
    return lambda run, progress: write(run.config).encode()


def _no_picture(run: Run) -> str:
    return "" if run.frames() else NO_PICTURE


def _png(run: Run, progress: Progress) -> bytes:
    if message := _no_picture(run):
        raise ExportError(message)
    return frame_png(run.config, run.frame(run.frames()[-1]))


def _no_mp4(run: Run) -> str:
    return video.missing_encoder() or _no_picture(run)


def _video(kind: str, run: Run, progress: Progress) -> bytes:
    return training_video(run, kind, progress)


def _no_metrics(run: Run) -> str:
    records.check_files(run.path, "metrics.csv")
    return "" if last_row(run.path / "metrics.csv") else "The run has recorded no step yet; train it further."


def _csv(run: Run, progress: Progress) -> bytes:
    if message := _no_metrics(run):
        raise ExportError(message)
    return records.exported(run.path)["metrics.csv"]


def _unsupported(run: Run) -> str:
    return refusal(run.config)


def _notebook(run: Run, progress: Progress) -> bytes:
    return notebook(run.config, run.model() if run.checkpoints() else None).encode()


def _no_onnx(run: Run) -> str:
    missing = onnx_model.missing_packages()
    return missing or ("" if run.checkpoints() else "The run has no checkpoint yet; train it further.")


def _onnx(run: Run, progress: Progress) -> bytes:
    if message := _no_onnx(run):
        raise ExportError(message)
    progress(0.0)
    model = onnx_model.onnx(run.model())
    progress(1.0)
    return model


def _no_zip(run: Run) -> str:
    try:
        run.refuse_without_state()
    except RunError:
        return "This run holds only weights, so no other library could train it on."
    return ""


def _zip(run: Run, progress: Progress) -> bytes:
    with pack(run) as packed:
        return packed.read()


FORMATS: dict[str, Format] = {
    "png": Format("Picture", ".png", "image/png", "The samples of one step.", _png, _no_picture),
    "gif": Format(
        "GIF", ".gif", "image/gif", "The training as a film that plays anywhere.", partial(_video, "gif"), _no_picture
    ),
    "mp4": Format(
        "MP4", ".mp4", "video/mp4", "The training as a film in full colour.", partial(_video, "mp4"), _no_mp4
    ),
    "csv": Format("Metrics", ".csv", "text/csv", "Losses, scores and gradient norms, a row a step.", _csv, _no_metrics),
    "notebook": Format(
        "Notebook",
        ".ipynb",
        "application/x-ipynb+json",
        "The script in Jupyter cells, with the trained weights of G.",
        _notebook,
        _unsupported,
    ),
    "onnx": Format(
        "ONNX",
        ".onnx",
        "application/octet-stream",
        "The trained generator, for programs without PyTorch.",
        _onnx,
        _no_onnx,
    ),
    "script": Format(
        "Script",
        ".py",
        "text/x-python",
        "One page of plain PyTorch that trains the same networks.",
        _of_config(script),
        _unsupported,
    ),
    "config": Format(
        "Settings",
        ".json",
        "application/json",
        "Every setting and the seed, as JSON that the app reads back.",
        _of_config(TrainConfig.to_json),
    ),
    "zip": Format(
        "Whole run",
        ".zip",
        "application/zip",
        "All its files, to import and train on in another library.",
        _zip,
        _no_zip,
    ),
}
