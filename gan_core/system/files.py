"""Text and JSON files: replaced atomically, extended by whole lines, and read within bounds.

A reader here returns checked values of any file from outside, or raises one error of one line.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from gan_core.system.formatting import clipped

T = TypeVar("T")
OnError = Callable[[int, str], None]  # gets the number of a line, from 1 on, and what is wrong in it
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]  # of steps
MAX_LARGE_COUNT = 10**15  # of examples or bytes; a float64 holds it exactly
LargeCount = Annotated[int, Field(ge=0, le=MAX_LARGE_COUNT)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e12)]
MAX_JSON_BYTES = 5_000_000
_FORMULA = ("=", "+", "-", "@", "\t")  # a spreadsheet runs a cell that begins with one of them


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically: a reader sees all of the old content or all of the new content.

    Raises `OSError` if the disk refuses; the old file is unchanged.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")  # several threads may write
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def replace_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file as `replace_bytes` does. Raises `OSError` if the disk refuses."""
    replace_bytes(path, text.encode())


def is_plain_file(path: Path, max_bytes: int = sys.maxsize) -> bool:
    """Whether there is such a file.

    Raises `OSError` if it is larger, its status cannot be read, or it is a folder, a pipe or a device, which a reader
    could wait for without end.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise OSError(errno.ENOENT, "it is a link to a missing file", str(path)) from None
        return False
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    if status.st_size > max_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {max_bytes / 1e6:,.3g} MB", str(path))
    return True


def read_bytes(path: Path, max_bytes: int = sys.maxsize) -> bytes:
    """The content of a file; b"" if there is none. Raises `OSError` as `is_plain_file`, or if it cannot be read."""
    return path.read_bytes() if is_plain_file(path, max_bytes) else b""


def parse_json(content: str | bytes) -> Any:
    """The JSON value in a text. Numbers may be NaN or infinite.

    Raises `ValueError` if it is not JSON, is nested deeper than 200 levels, or holds a lone surrogate.
    """
    return from_json(content)


def checked(kind: TypeAdapter[T], content: str | bytes) -> T:
    """The JSON value in a text, of the given type. Raises `ValueError` in one line that names a bad field's value."""
    try:
        return kind.validate_json(content, strict=True)
    except ValidationError as error:
        raise ValueError(reason_of(error)) from None


def reason_of(error: ValidationError) -> str:
    """The first problem in one line, with the field and its value."""
    first = error.errors(include_url=False, include_context=False)[0]
    field, value = ".".join(map(str, first["loc"])), " ".join(repr(first["input"]).split())
    message = first["msg"].removeprefix("Value error, ")
    return f"{field}: {clipped(value)}: {message}" if field else message


def read_json(path: Path, default: Any = None) -> Any:
    """The value in a JSON file, or `default` if the file is missing or damaged."""
    try:
        return parse_json(read_bytes(path, MAX_JSON_BYTES))
    except (OSError, ValueError):
        return default


def spreadsheet_text(text: str) -> str:
    """The text as a CSV cell of one line that no spreadsheet runs as a formula. A number stays a number."""
    text = " ".join(text.splitlines())
    with suppress(ValueError):
        float(text)
        return text
    return f"'{text}" if text.startswith(_FORMULA) else text


def file_version(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Time of the last change in nanoseconds, and size in bytes; zeros if there is no such file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0, 0
    return status.st_mtime_ns, status.st_size


def json_lines(content: bytes, kind: TypeAdapter[T], on_error: OnError | None = None) -> Iterator[T]:
    """The values in JSON lines, oldest first. Skips a line without JSON, which a crash may have cut.

    A line that holds another value is skipped too, after a call of `on_error`.
    """
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            yield checked(kind, line)
        except ValueError as error:
            with suppress(ValueError):
                parse_json(line)
                if on_error is not None:
                    on_error(number, str(error))


def append_line(path: Path, value: Any) -> None:
    """Add a value to a file of JSON lines. Raises `OSError` as `append` does."""
    append(path, json.dumps(value, ensure_ascii=False) + "\n")


def append(path: Path, text: str) -> None:
    """Add lines to the end of a file. Raises `OSError` if the disk refuses; the file is unchanged."""
    is_plain_file(path)
    with path.open("a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        data = (b"\n" if file.read(1) not in (b"", b"\n") else b"") + text.encode()  # after a line that a crash cut
        try:
            while data:  # on a nearly full disk, `write` takes a part of the data and raises no error
                data = data[file.write(data) :]
        except OSError:
            file.truncate(size)
            raise
