"""Algorithm 1: `Trainer` steps, `objective` holds D's and G's loss."""

from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Trainer

__all__ = ["StepRecord", "Trainer"]
