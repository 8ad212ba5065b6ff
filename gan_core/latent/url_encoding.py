"""A latent as text in a URL, so that a picture can be shared by a link."""

from __future__ import annotations

import base64
import binascii

import numpy as np
import torch
from torch import Tensor

_HALF = np.dtype("<f2")


def to_text(z: Tensor) -> str:
    """A latent (z,) as base64url in half precision: 1,366 characters for 512 numbers.

    Raises `ValueError` if it holds NaN or infinity in half precision.
    """
    with np.errstate(over="ignore"):
        numbers = z.detach().cpu().numpy().astype(_HALF)
    if not np.isfinite(numbers).all():
        raise ValueError("a latent with NaN or infinity cannot be encoded")
    return base64.urlsafe_b64encode(numbers.tobytes()).rstrip(b"=").decode()


def from_text(text: str, z_size: int) -> Tensor:
    """The latent (z_size,) that `to_text` encoded. Raises `ValueError` for any other text."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this text is no latent: it is not base64url") from None
    if len(raw) != z_size * _HALF.itemsize:
        raise ValueError(
            f"this text is no latent of {z_size} numbers: it is too {'short' if len(raw) < 2 * z_size else 'long'}"
        )
    numbers = np.frombuffer(raw, _HALF).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("this text is no latent: it holds NaN or infinity")
    return torch.from_numpy(numbers)
