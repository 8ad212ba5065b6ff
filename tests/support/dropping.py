"""Files dropped on a page of the browser, and files as people have them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from sklearn.datasets import load_sample_images

_ORIENTATION = 274  # the EXIF tag


def as_heic(photograph: Path) -> None:
    """Replace a photograph by a HEIC file, as phones of Apple make it."""
    Image.open(photograph).save(photograph.with_suffix(".HEIC"), "HEIF")
    photograph.unlink()


def photographs(folder: Path, count: int) -> list[Path]:
    """Phone-like photographs: crops of scikit-learn's sample photographs as JPEG, which EXIF turns."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [Image.fromarray(array) for array in load_sample_images().images]
    chance = random.Random(0)
    paths = [folder / f"IMG_{i:04}.jpg" for i in range(count)]
    for i, path in enumerate(paths):
        source, width = sources[i % 2], chance.randint(160, 400)
        height = width * 3 // 4
        left, top = chance.randint(0, source.width - width), chance.randint(0, source.height - height)
        exif = Image.Exif()
        exif[_ORIENTATION] = chance.choice((1, 3, 6, 8))
        crop = source.crop((left, top, left + width, top + height)).resize((1024, 768))
        crop.save(path, quality=85, exif=exif)
    return paths


def drop(page: Page, paths: Iterable[Path]) -> None:
    """Drop files and folders on the place for them, as from a file manager."""
    box = page.locator(".drop .zone").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    browser.detach()
