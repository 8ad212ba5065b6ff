"""Adversarial losses and penalties, as in their papers."""

from gan_core.losses.adversarial import Loss, get

__all__ = ["Loss", "get"]
