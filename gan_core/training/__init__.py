"""Algorithm 1: `Trainer` steps, `objective` holds D's and G's loss."""

from gan_core.training.trainer import StepRecord, Trainer

__all__ = ["StepRecord", "Trainer"]
