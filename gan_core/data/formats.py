"""Which files are pictures, by their first bytes, and what to do with the other files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePosixPath

from PIL import Image

with suppress(ImportError):
    import pillow_heif

    pillow_heif.register_heif_opener()

# Pillow's decoders for still pictures. None of them runs another program, and each knows its files by their first
# bytes. HEIF is known to Pillow only with the package pillow-heif.
DECODERS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "QOI", "ICO")
_SUFFIXES = (
    ".jpg .jpeg .jpe .jfif .png .apng .webp .gif .bmp .dib .tif .tiff .avif .heic .heif .hif .jp2 .j2k .jpx .ppm .pgm "
    ".pbm .pnm .qoi .ico"
)
SUFFIXES = frozenset(_SUFFIXES.split())
HEADER = 64  # bytes that `is_picture` needs

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_STARTS = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", *_TIFF,
    b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"qoif", b"\0\0\1\0",
)  # fmt: skip
_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_NETPBM = tuple(b"P%d%c" % (kind, space) for kind in range(1, 7) for space in b" \t\r\n")

_REASONS = {
    "camera raw data: export it as JPEG or PNG": ".cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .raf .orf .rw2 .pef "
    ".srw .x3f .raw .3fr .erf .kdc .mrw",
    "a drawing of lines: export it as PNG": ".svg .svgz .eps .ai .emf .wmf .cdr .dxf",
    "a picture with layers: export it as PNG": ".psd .psb .xcf .kra .clip .procreate .sketch .afphoto .ora .fig",
    "a picture format that cannot be read: save it as JPEG or PNG": ".jxl .jxr .hdp .wdp .exr .hdr .dds .tga .pcx .xpm "
    ".xbm .sgi .rgb .bpg .flif .dcm .dicom .nii .fits .fit .icns .cur .pict .pct .xwd .lrv .insp .ktx .ras .pcd .pfm",
    "a document: save its pages as PNG": ".pdf .doc .docx .odt .ppt .pptx .odp .xls .xlsx .ods .pages .key .numbers "
    ".rtf .epub .djvu .xps",
    "a video: save its frames as pictures": ".mp4 .m4v .mov .avi .mkv .webm .wmv .flv .mpg .mpeg .3gp .mts .m2ts .ts "
    ".vob .ogv",
    "sound": ".mp3 .wav .flac .ogg .oga .m4a .aac .wma .aif .aiff .mid .opus",
    "an archive inside: unpack it first": ".zip .rar .7z .tar .gz .tgz .bz2 .xz .zst .lz .cab .iso .dmg .cbz .cbr",
    "text, not a picture": ".txt .md .rst .csv .tsv .json .jsonl .ndjson .xml .html .htm .yaml .yml .toml .ini .cfg "
    ".log .tex .bib .py .ipynb .js .css .sh .bat .srt .vtt .url .webloc .aae .xmp .thm .nfo .license",
    "data, not a picture": ".npy .npz .h5 .hdf5 .pt .pth .pkl .pickle .parquet .arrow .mat .db .sqlite .bin .dat "
    ".tfrecord .lmdb .safetensors .onnx .exe .dll .so .lnk .tmp .part .crdownload",
}
_REASON_BY_SUFFIX = {suffix: reason for reason, suffixes in _REASONS.items() for suffix in suffixes.split()}
_REASON_BY_START = {
    b"8BPS": ".psd", b"%PDF": ".pdf", b"%!PS": ".eps", b"PK\3\4": ".zip", b"Rar!": ".rar", b"7z\xbc\xaf": ".7z",
    b"\x1f\x8b": ".gz", b"\xff\x0a": ".jxl", b"\0\0\0\x0cJXL ": ".jxl", b"\x76\x2f\x31\1": ".exr", b"DDS ": ".dds",
    b"gimp xcf": ".xcf", b"\x1aE\xdf\xa3": ".mkv", b"ID3": ".mp3", b"OggS": ".ogg", b"fLaC": ".flac",
    b"SQLite": ".db", b"SIMPLE  =": ".fits", b"\x93NUMPY": ".npy", b"icns": ".icns", b"RIFF": ".avi",
}  # fmt: skip
_NOT_A_PICTURE = "not a picture"


def suffix_of(name: str) -> str:
    """The suffix in small letters: ".jpg"; "" if there is none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def is_picture(name: str, start: bytes) -> bool:
    """Whether to try to decode a file, by its first `HEADER` bytes. Raw data of a camera begin like a TIFF file."""
    if start.startswith(_TIFF) and _REASON_BY_SUFFIX.get(suffix_of(name), "").startswith("camera"):
        return False
    if start[4:8] == b"ftyp":
        boxes = start[8 : max(16, int.from_bytes(start[:4], "big"))]  # the brand, and those it is compatible with
        return any(boxes[i : i + 4] in _BRANDS for i in range(0, len(boxes), 4))
    return start.startswith(_STARTS + _NETPBM) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def reason_to_skip(name: str, start: bytes) -> str:
    """Why a file that is no picture is left out, and what to do about it, in a few words."""
    return reason_by_content(start) or _REASON_BY_SUFFIX.get(suffix_of(name), _NOT_A_PICTURE)


def reason_by_content(start: bytes) -> str:
    """Why a file with these first bytes is left out; "" if they do not tell."""
    if not start:
        return "empty"
    if is_picture("", start):
        heic = start[4:8] == b"ftyp" and "HEIF" not in Image.OPEN
        return 'HEIC, which needs the Python package "pillow-heif": install it' if heic else ""
    for magic, suffix in _REASON_BY_START.items():
        if start.startswith(magic):
            return _REASON_BY_SUFFIX[suffix]
    if start[4:8] == b"ftyp":
        return _REASON_BY_SUFFIX[".mp4"]
    return _REASON_BY_SUFFIX[".svg"] if b"<svg" in start else ""
