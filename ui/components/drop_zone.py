"""A place to drop pictures: files, folders with their subfolders, or a zip file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ui import uploading
from ui.components.assets import component, forward

_mount = component(
    "drop_zone",
    '<div class="component drop"><div class="zone"><p class="title">Drop your pictures here</p>'
    '<p class="hint">Files, a folder or a zip</p><div class="buttons">'
    '<button type="button" class="files">Choose files</button>'
    '<button type="button" class="folder">Choose a folder</button></div></div>'
    '<div class="sending" hidden><progress aria-label="Upload"></progress><p class="told" aria-live="polite"></p>'
    '<button type="button" class="cancel">Cancel</button></div><p class="error" role="alert" hidden></p>'
    '<input type="file" multiple hidden accept="image/*,.zip,.heic,.heif,.avif,.jfif,.tif,.tiff">'
    '<input type="file" webkitdirectory hidden></div>',
)


@dataclass(frozen=True)
class Dropped:
    """The files that have arrived at the server as a draft (see `gan_core.runs.uploads`)."""

    draft: str
    name: str  # of the dropped folder or zip file, or "pictures"
    refused: dict[str, list[str]]  # files that were not sent, by reason


def drop_zone(key: str, on_done: Callable[[Dropped], None], on_cancel: Callable[[str], None]) -> None:
    """Show the place. Dropping works on the whole page while it is shown.

    Args:
        on_done: called before the rerun when all files have arrived.
        on_cancel: called with the number of the draft if the user has cancelled the upload.
    """
    data = {"path": uploading.path(), "token": uploading.TOKEN, "mostBytes": uploading.most_bytes()}
    _mount(
        key=key,
        data=data,
        on_done_change=forward(key, "done", lambda message: on_done(_dropped(message))),
        on_cancelled_change=forward(key, "cancelled", on_cancel),
    )


def _dropped(message: Any) -> Dropped:
    refused = {str(reason): list(map(str, names)) for reason, names in message["refused"].items()}
    return Dropped(str(message["draft"]), str(message["name"]), refused)
