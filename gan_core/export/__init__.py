"""What leaves the app: samples as pictures, training as a film."""

from gan_core.export.motion import KINDS, animate
from gan_core.export.pictures import picture, sheet, write

__all__ = ["KINDS", "animate", "picture", "sheet", "write"]
