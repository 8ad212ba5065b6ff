"""A button that copies a link, and says afterwards where the link works."""

from __future__ import annotations

from ui.components.assets import component

_mount = component(
    "copy_link",
    '<div class="component copy"><button type="button" title="Copy a link that opens what you see now">'
    '<span aria-hidden="true"></span><b></b></button><output aria-live="polite" hidden></output></div>',
)


def copy_link(key: str, where: str, url: str = "") -> None:
    """Show the button.

    Args:
        where: what the link opens and where it works, in one sentence; shown after a click.
        url: the link; "" for the address of the page at the time of the click.
    """
    _mount(key=key, data={"url": url, "where": where}, width="content")
