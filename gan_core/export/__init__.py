"""Exports: samples as pictures, training as a video, an experiment as a script, a generator as ONNX."""

from gan_core.export.errors import CannotWriteError, ExportError
from gan_core.export.formats import FORMATS, Format
from gan_core.export.frame_pictures import frame_png
from gan_core.export.images import grid_png, picture, write
from gan_core.export.onnx_model import onnx
from gan_core.export.script import script
from gan_core.export.script.notebook import notebook
from gan_core.export.video import animate

__all__ = [
    "FORMATS",
    "CannotWriteError",
    "ExportError",
    "Format",
    "animate",
    "frame_png",
    "grid_png",
    "notebook",
    "onnx",
    "picture",
    "script",
    "write",
]
