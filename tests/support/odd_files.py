"""A folder of odd files, each of which is a usable picture or is left out for a reason."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from tests.support.pictures import encoded

USED = "used"
BROKEN, SMALL, TEXT = "broken or not a picture", "smaller than 8 pixels", "text, not a picture"
HIDDEN, LINK = "made by the operating system", "link out of the folder"


def picture(seed: int, size: tuple[int, int] = (48, 40), mode: str = "RGB") -> Image.Image:
    """A smooth picture that no other seed gives."""
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).convert(mode)


def chunk(kind: bytes, content: bytes, checksum: int | None = None) -> bytes:
    """A chunk of a PNG file, with this checksum instead of the right one."""
    right = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", right if checksum is None else checksum)


def png_with(extra: bytes, seed: int) -> bytes:
    """A PNG file with another chunk behind its header."""
    whole = encoded(picture(seed))
    return whole[:33] + extra + whole[33:]


def locked_zip() -> bytes:
    """A zip file whose entry claims to be encrypted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", encoded(picture(0)))
    content = bytearray(buffer.getvalue())
    content[6] |= 1
    return bytes(content)


def _pictures() -> dict[str, bytes]:
    """Files that are used."""
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    profile = ImageCms.ImageCmsProfile(srgb).tobytes() + bytes(3 << 20)
    in_lab = ImageCms.applyTransform(picture(1), ImageCms.buildTransform(srgb, lab, "RGB", "LAB"))
    kinds = {
        "jpg": "JPEG", "JPEG": "JPEG", "jfif": "JPEG", "jpe": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF",
        "bmp": "BMP", "tif": "TIFF", "TIFF": "TIFF", "avif": "AVIF", "heic": "HEIF", "heif": "HEIF", "jp2": "JPEG2000",
        "ppm": "PPM", "qoi": "QOI", "ico": "ICO",
    }  # fmt: skip
    assert in_lab is not None
    files = {f"format.{suffix}": encoded(picture(10 + i), kind) for i, (suffix, kind) in enumerate(kinds.items())}
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        files[f"turn{turn}.jpg"] = encoded(picture(30 + turn), "JPEG", exif=exif)
    jpeg = encoded(picture(40, (640, 480)), "JPEG")
    files |= {
        "no suffix": encoded(picture(41)),
        "wrong.txt": encoded(picture(42), "JPEG"),
        "wrong.jpg": encoded(picture(43), "PNG"),
        "no-end.jpg": jpeg[:-2],
        "nearly whole.jpg": encoded(picture(44, (640, 480)), "JPEG")[:-20],
        "progressive.jpg": encoded(picture(45, (640, 480)), "JPEG", progressive=True)[:-2],
        "bad exif.jpg": encoded(picture(46), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01"),
        "bad exif.png": png_with(chunk(b"eXIf", b"rubbish", 5), 47),
        "big profile.png": encoded(picture(48), icc_profile=profile),
        "big text.png": png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(5 << 20))), 49),
        "cmyk.jpg": encoded(picture(50).convert("CMYK"), "JPEG"),
        "lab.tif": encoded(in_lab, "TIFF"),
        "moving.gif": encoded(picture(51), "GIF", save_all=True, append_images=[picture(52)]),
        "palette.png": encoded(picture(53).quantize(16), transparency=0),
        "bits.png": encoded(picture(54, mode="1")),
        "eight.png": encoded(picture(55, (8, 8))),
        "line\nbreak.png": encoded(picture(56)),
        "smile \U0001f600.png": encoded(picture(57)),
        "x" * 240 + ".png": encoded(picture(58)),
    }
    return files


def _others() -> dict[str, tuple[bytes, str]]:
    """Files that are left out, each with its reason."""
    cut = encoded(picture(70, (640, 480)), "JPEG")
    return {
        "nothing.png": (b"", "empty"),
        "half.jpg": (cut[: len(cut) // 2], BROKEN),
        "half.png": (encoded(picture(71))[:900], BROKEN),
        "text.png": (b"hello", BROKEN),
        "seven.png": (encoded(picture(72, (7, 7))), SMALL),
        "line.png": (encoded(Image.new("L", (20_000, 1))), SMALL),
        "notes.txt": (b"hello", TEXT),
        "table.csv": (b"a,b\n1,2\n", TEXT),
        "film.mp4": (b"\0\0\0\x18ftypmp42", "a video: save its frames as pictures"),
        "film.jpg": (b"\0\0\0\x18ftypmp42" + bytes(99), "a video: save its frames as pictures"),
        "locked.zip": (locked_zip(), "an archive inside: unpack it first"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a drawing of lines: export it as PNG"),
        "layers.psd": (b"8BPS\0\1" + bytes(99), "a picture with layers: export it as PNG"),
        "camera.NEF": (b"II*\0" + bytes(99), "camera raw data: export it as JPEG or PNG"),
        "pages.pdf": (b"%PDF-1.7", "a document: save its pages as PNG"),
        "new.jxl": (b"\xff\x0a" + bytes(99), "a picture format that cannot be read: save it as JPEG or PNG"),
        "strange": (b"\1\2\3", "not a picture"),
        "._format.jpg": (b"\0\5\x16\7", HIDDEN),
        "Thumbs.db": (b"x", HIDDEN),
        "__MACOSX/a.png": (encoded(picture(73)), HIDDEN),
    }


def make(folder: Path) -> dict[str, str]:
    """Write the files into a folder. What becomes of each, by its name: `USED` or the reason why it is left out."""
    inside = folder / "odd"
    inside.mkdir(parents=True)
    fate = {}
    for name, content in _pictures().items():
        (inside / name).write_bytes(content)
        fate[name] = USED
    undecodable = os.fsdecode(b"\xff\xfe.png")
    (inside / undecodable).write_bytes(encoded(picture(90)))
    fate[undecodable] = USED
    for name, (content, reason) in _others().items():
        (inside / name).parent.mkdir(exist_ok=True)
        (inside / name).write_bytes(content)
        fate["__MACOSX" if name.startswith("__") else name] = reason
    (folder / "secret.png").write_bytes(encoded(picture(91)))
    (inside / "stolen.png").symlink_to(folder / "secret.png")
    (inside / "loop").symlink_to(inside)
    (inside / "nowhere.png").symlink_to(inside / "gone")
    (inside / "folder.jpg").mkdir()
    os.mkfifo(inside / "pipe.png")
    return fate | {
        "stolen.png": LINK, "loop": LINK, "nowhere.png": LINK,
        "folder.jpg": "an empty folder", "pipe.png": "a pipe or a device, not a file",
    }  # fmt: skip
