"""What leaves the app: samples as pictures, training as a film, an experiment as a script, a generator as ONNX."""

from gan_core.export.errors import ExportError
from gan_core.export.formats import FORMATS, Format
from gan_core.export.images import picture, sheet, write
from gan_core.export.onnx_model import onnx
from gan_core.export.script import CannotWriteError, script
from gan_core.export.script.notebook import notebook
from gan_core.export.training_video import film
from gan_core.export.video import KINDS, animate

__all__ = [
    "FORMATS",
    "KINDS",
    "CannotWriteError",
    "ExportError",
    "Format",
    "animate",
    "film",
    "notebook",
    "onnx",
    "picture",
    "script",
    "sheet",
    "write",
]
