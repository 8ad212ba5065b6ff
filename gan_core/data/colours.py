"""Colours of a picture: deep grey to 8 bits, other colour spaces to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from threading import get_ident

import numpy as np
from PIL import Image, ImageCms

_DEEP = ("I", "F")  # modes begin like this that hold more than 8 bits a pixel


def is_deep(image: Image.Image) -> bool:
    """Whether its grey values have more than 8 bits."""
    return image.mode.startswith(_DEEP)


def eight_bits(image: Image.Image, profile: bytes | None, deep_range: tuple[float, float] | None) -> Image.Image:
    """The picture in mode L, RGB or RGBA, or in LAB or CMYK if `as_srgb` shall convert it.

    `deep_range` of deep grey becomes 0 to 255; None stands for 0 to 65535.
    """
    if is_deep(image) and deep_range is not None:
        low, high = deep_range
        scaled = (np.asarray(image).astype(np.float32) - low) * (255 / (high - low))
        return Image.fromarray(np.nan_to_num(scaled).clip(0, 255).round().astype(np.uint8))
    if image.mode.startswith("I"):  # `convert` would clip the values at 255
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.mode == "LAB" or (image.mode == "CMYK" and profile):
        return image
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode == "L" else "RGB"
    return image if image.mode == mode else image.convert(mode)


def as_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in mode L, RGB or RGBA, with the colours of its profile converted to sRGB.

    Called after resizing, which makes the conversion cheap. A profile that is damaged, or of another kind of picture,
    is ignored.
    """
    if image.mode == "LAB" or (profile and image.mode in ("RGB", "RGBA", "CMYK")):
        transform = _transform(profile if image.mode != "LAB" else b"", image.mode, get_ident())
        if transform is not None:
            converted = transform.apply(image if image.mode != "RGBA" else image.convert("RGB"))
            if image.mode == "RGBA":
                converted.putalpha(image.getchannel("A"))
            return converted
    return image.convert("RGB") if image.mode in ("CMYK", "LAB") else image


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str, thread: int) -> ImageCms.ImageCmsTransform | None:
    """The conversion to sRGB, or None if it changes nothing. A transform serves one thread at a time."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
        if "srgb" in (ImageCms.getProfileDescription(source) if profile else "").lower():
            return None
        kind = "RGB" if mode == "RGBA" else mode
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), kind, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
