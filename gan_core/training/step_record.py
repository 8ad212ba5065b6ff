"""What one training step reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

VALUES = ("loss_d", "d_real", "d_fake", "grad_norm_d", "loss_g", "grad_norm_g")
VALUES_PER_NETWORK = [4, 2]  # D's, then G's
Which = Literal["both", "g", "d"]  # the networks that a step trains


def check_which(which: object) -> None:
    """Raise `ValueError` unless the argument names the networks that a step trains."""
    if which not in ("both", "g", "d"):
        raise ValueError(f'cannot step "{which}"; use "both", "d" or "g"')


@dataclass(frozen=True)
class StepRecord:
    """Counters and values after one step. The values stay on the training device until they are read.

    Values of a network that this step did not train are those of its last step, and NaN before its first.
    """

    step: int  # steps done, this one included
    epoch: float  # passes over the data so far
    images: int  # real examples that D has seen so far
    values: Tensor  # (6,), in the order of VALUES

    loss_d = property(lambda self: self.values[0].item())
    d_real = property(lambda self: self.values[1].item())  # mean score of real examples
    d_fake = property(lambda self: self.values[2].item())  # mean score of fakes
    grad_norm_d = property(lambda self: self.values[3].item())
    loss_g = property(lambda self: self.values[4].item())
    grad_norm_g = property(lambda self: self.values[5].item())
