"""What leaves the app: samples as pictures, training as a film, an experiment as a script of plain PyTorch."""

from gan_core.export.motion import KINDS, animate
from gan_core.export.pictures import picture, sheet, write
from gan_core.export.standalone import CannotWriteError, script
from gan_core.export.standalone.notebook import notebook

__all__ = ["KINDS", "CannotWriteError", "animate", "notebook", "picture", "script", "sheet", "write"]
