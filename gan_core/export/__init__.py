"""What leaves the app: samples as pictures, training as a film, an experiment as a script, a generator as ONNX."""

from gan_core.export.errors import ExportError
from gan_core.export.films import film
from gan_core.export.formats import FORMATS, Format
from gan_core.export.motion import KINDS, animate
from gan_core.export.onnx_file import onnx
from gan_core.export.pictures import picture, sheet, write
from gan_core.export.standalone import CannotWriteError, script
from gan_core.export.standalone.notebook import notebook

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
