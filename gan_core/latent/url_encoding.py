"""A latent as text in a URL, so that a picture can be shared by a link."""

from __future__ import annotations

import base64
import binascii

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_HALF, _SINGLE = np.dtype("<f2"), np.dtype("<f4")


def to_text(z: Tensor) -> str:
    """A latent (z,) as base64url: 1,366 characters for 512 numbers of half precision, else 2,731 of single precision.

    Raises `ValueError` if it holds NaN or infinity.
    """
    numbers: NDArray[np.floating] = z.detach().cpu().numpy().astype(_SINGLE)
    if not np.isfinite(numbers).all():
        raise ValueError("a latent with NaN or infinity cannot be encoded")
    with np.errstate(over="ignore"):
        halves = numbers.astype(_HALF)
    if (halves == numbers).all():
        numbers = halves
    return base64.urlsafe_b64encode(numbers.tobytes()).rstrip(b"=").decode()


def from_text(text: str, z_size: int) -> Tensor:
    """The latent (z_size,) that `to_text` encoded. Raises `ValueError` for any other text."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this text is no latent: it is not base64url") from None
    kind = next((kind for kind in (_HALF, _SINGLE) if len(raw) == z_size * kind.itemsize), None)
    if kind is None:
        raise ValueError(
            f"this text is no latent of {z_size} numbers: it is too {'short' if len(raw) < 2 * z_size else 'long'}"
        )
    numbers = np.frombuffer(raw, kind).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("this text is no latent: it holds NaN or infinity")
    return torch.from_numpy(numbers)
