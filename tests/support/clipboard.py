"""The clipboard of a browser page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

PATIENCE = 60_000  # milliseconds


def copied_link(page: Page) -> str:
    """The link that the page's button copies, once the page has confirmed it."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link to this moment").click(timeout=PATIENCE)
    expect(page.get_by_text("Copied. Opens this")).to_be_visible(timeout=PATIENCE)
    link: str = page.evaluate("navigator.clipboard.readText()")
    return link
