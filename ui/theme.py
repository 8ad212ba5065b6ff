"""The colour of each role on charts, pictures and controls, and the CSS of the app.

The hues are those of Okabe and Ito (2008), which colour-blind people can tell apart, lighter in the dark theme.
A chart names a role ("role:generator", or "role:generator/0.3" with an opacity), and the browser inserts the colour of
the current theme.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class Palette:
    """The colours of one theme."""

    generator: str
    discriminator: str
    real: str
    warning: str
    other: str
    undecided: str  # the middle of the score scale
    ink: str  # variants in comparisons: the hues without a role
    sky: str
    straw: str
    mauve: str


LIGHT = Palette(
    "#D55E00", "#0072B2", "#009E73", "#E69F00", "#6B7682", "#D5DADF", "#1F272E", "#3AA0DC", "#9C8B00", "#C0629A"
)
DARK = Palette(
    "#F28E4B", "#56B4E9", "#2BC79A", "#E69F00", "#98A3AE", "#4A545E", "#E4E8EC", "#7CC8F5", "#F0E442", "#DDA0C4"
)
VARIANTS = ("ink", "sky", "straw", "mauve")
DASHES = ("solid", "dash", "dot", "dashdot")  # the first four variants are solid, the next four dashed, and so on

SCORE_SCALE = ("discriminator", "undecided", "real")  # D's score from fake to real

# Streamlit fades elements during a rerun and shows a status icon: both flicker on a page that refreshes often. The
# icon's "Stop" could also be mistaken for the button that ends training. Primary buttons have text in the colour of the
# page, because white is hard to read on the light controls of the dark theme.
_STEADY = """
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
[data-testid="stStatusWidget"] { display: none; }
[data-testid="stBaseButton-primary"]:enabled { color: Canvas; }
"""

# The tooltip of a pressed button is hidden (browser_fixes.js). A touch screen has no keys, so it shows no shortcuts.
_POINTER = """
[data-pressed] [role="tooltip"]:has([data-testid="stTooltipContent"]) { display: none; }
@media (hover: none) { [data-has-shortcut] kbd { display: none; } }
"""

# Pages begin directly under the navigation, because the first screen of Train needs the space.
_COMPACT = ".stMainBlockContainer { padding-top: 4.25rem; padding-bottom: 2rem; }"

# The model card: tables of layers have the full width and dense rows; long formulas are smaller on a phone, and scroll.
_CARD = """
[class*="st-key-layers-"] table { width: 100%; font-variant-numeric: tabular-nums; }
[class*="st-key-layers-"] :is(th, td) { padding: 0.22rem 0.4rem; border-width: 0 0 1px; font-size: 0.93rem; }
[class*="st-key-layers-"] :is(th, td):nth-child(n + 2) { white-space: nowrap; }
.st-key-formulas .katex-display { overflow: auto hidden; padding-block: 2px 6px; }
@media (max-width: 640px) { .st-key-formulas .katex-display { font-size: 0.8em; } }
"""

# Home: cards in a grid. The button of a card and the link of a door cover the whole of it.
_HOME = """
[class*="st-key-cards-"] { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 0.8rem; }
[class*="st-key-cards-"] > * { width: 100%; height: 100%; }
[class*="st-key-card-"] { position: relative; flex-wrap: nowrap; height: 100%; padding: 0; gap: 0.8rem; }
[class*="st-key-card-"] { overflow: hidden; }
[class*="st-key-card-"] img { border-radius: 0; }
[class*="st-key-card-"]:hover, [class*="st-key-door-"]:hover { border-color: currentColor; }
[class*="st-key-no-picture-"] {
  min-height: 112px; height: 100%; align-items: center; justify-content: center;
  background: color-mix(in srgb, currentColor 8%, Canvas);
}
[class*="st-key-card-"] > :last-child { min-width: 0; }
[class*="st-key-words-"] { padding: 0.35rem 0.6rem 0.5rem 0; }
[class*="st-key-words-"] p { font-size: 0.87rem; line-height: 1.35; }
[class*="st-key-open-"] button { min-height: 1.6rem; text-align: left; }
[class*="st-key-open-"] button p { font-size: 1rem; font-weight: 600; line-height: 1.25; }
[class*="st-key-open-"] button::after, [class*="st-key-door-"] a::after {
  position: absolute; inset: 0; z-index: 1; content: "";
}
[class*="st-key-card-"] [data-testid="stElementToolbar"] { display: none; }
:is([class*="st-key-card-"], [class*="st-key-door-"]) [data-testid="stElementContainer"] { position: static; }
[class*="st-key-door-"] { position: relative; gap: 0; }
[class*="st-key-door-"] a { padding-inline: 0; }
"""

# Compare: cards as on Home, with a chart above a row of pictures for each variant.
_COMPARE = """
.st-key-comparisons { display: grid; gap: 0.8rem; }
.st-key-comparisons { grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); }
.st-key-comparisons > * { width: 100%; height: 100%; }
.st-key-comparisons > * > [class*="st-key-card-"] { padding: 0.7rem 0.9rem; }
.st-key-comparisons .live-chart { position: relative; z-index: 2; }
[class*="st-key-row-"] { flex-wrap: nowrap; }
[class*="st-key-row-"] img { width: 100%; image-rendering: pixelated; }
[class*="st-key-row-"] > :last-child { flex: 1; min-width: 0; }
"""

# Controls in the top right corner of a chart show only their icons; screen readers read their labels. The lines of the
# health panel are dense.
_CORNERS = """
[class*="st-key-chart-"] { position: relative; }
[class*="st-key-chart-"] .live-chart .legend { padding-right: 2rem; }
.st-key-chart-samples > [data-testid="stElementContainer"]:nth-child(2) { padding-right: 4rem; }
.st-key-class-told p { min-height: 3.2em; }
.st-key-chart-losses .live-chart .legend { padding-right: 4rem; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-corner-"]) { position: absolute; top: 0; right: 0; z-index: 2; }
[class*="st-key-corner-"] [data-testid="stPopoverButton"] { min-height: 26px; padding: 0 5px; opacity: 0.7; }
[class*="st-key-corner-"] [data-testid="stPopoverButton"]:is(:hover, :focus-visible) { opacity: 1; }
[class*="st-key-corner-"] [data-testid="stPopoverButton"] [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
[class*="st-key-corner-"] [data-testid="stPopoverButton"] > div > div:last-child:not(:first-child) { display: none; }
[class*="st-key-corner-"] [data-testid="stPageLink"] a { min-height: 26px; padding: 0 5px; opacity: 0.7; }
[class*="st-key-corner-"] [data-testid="stPageLink"] a:is(:hover, :focus-visible) { opacity: 1; }
[class*="st-key-corner-"] [data-testid="stPageLink"] [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
.st-key-corner-samples { gap: 0; align-items: center; }
"""
# Train: what moves fills the window, so that nothing of it has to be scrolled to. The lengths are what the bars and the
# strip above, and health and the time line below, leave of its height.
_TRAIN = """
:root {
  --chart-height: max(170px, calc((100svh - 452px) / 2));
  --samples-height: max(300px, calc(100svh - 447px));
  --samples-by-class-height: max(260px, calc(100svh - 507px));
  --plane-side: max(300px, calc(100svh - 392px));
}
.stApp:has(.st-key-fit) { --chart-height: max(150px, calc((100svh - 626px) / 2)); }
@media (max-width: 640px) {
  .stApp:has(.st-key-strip) { --chart-height: 210px; --plane-side: 100%; }
  .stApp:has(.st-key-strip) { --samples-height: 94vw; --samples-by-class-height: 70vw; }
  .st-key-strip { gap: 0.5rem; }
  .st-key-strip > * { width: calc(50% - 0.25rem) !important; }
}
.st-key-chart-samples .live-chart { max-width: var(--plane-side); margin-inline: auto; }
@media (min-width: 1000px) {
  .stMainBlockContainer:has(.st-key-strip) { padding-inline: 1.75rem; }
  .stMainBlockContainer:has(.st-key-strip) > .stVerticalBlock { gap: 0.5rem; }
}
.st-key-strip [data-testid="stSlider"] { padding-bottom: 0; }
"""
_HEALTH = """
.st-key-health { gap: 0.25rem; min-height: 104px; }
.st-key-health > div { gap: 0.25rem; }
.st-key-health button { min-height: 1.75rem; padding: 0 0.55rem; font-size: 0.87rem; }
.st-key-health button p { font-size: 0.87rem; }
"""
# Streamlit shows the bar of a box that scrolls only under the pointer, so a box would look cut.
_SCROLLBARS = """
::-webkit-scrollbar-thumb { background: color-mix(in srgb, currentColor 35%, transparent); border-radius: 1rem; }
"""
# A button whose key begins with "icon-" shows only its icon; screen readers read its label.
_ICONS = """
[class*="st-key-icon-"] button { padding: 0 0.4rem; }
[class*="st-key-icon-"] button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
"""

# A file that cannot be made is explained below its button, so Streamlit's own message is hidden. The buttons that copy
# links are always in sight.
_TAKE_ALONG = """
.st-key-take-along-files [data-testid="stDownloadButtonError"] { display: none; }
.st-key-take-along-links [data-testid="stCode"] > :not(pre),
.st-key-take-along-links [data-testid="stCode"] > :not(pre) * { opacity: 1 !important; visibility: visible !important; }
"""

# Latent: the picture stays in sight while its sliders move: beside them, or above them on a phone, where the boxes
# around it are dissolved, so that it sticks to the top of the page. Ten classes fit on one line of a phone.
_LATENT = """
@media (min-width: 641px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-latent-left) { position: sticky; top: 4rem; }
}
@media (max-width: 640px) {
  [data-testid="stColumn"]:has(.st-key-latent-left), [data-testid="stColumn"] :has(.st-key-latent-left),
  .st-key-latent-left { display: contents; }
  [data-testid="stLayoutWrapper"]:has(> .st-key-latent-stage) {
    position: sticky; top: 3.5rem; z-index: 5; padding-block: 0.25rem; background: Canvas;
  }
  .st-key-latent-stage { max-width: 40svh; margin-inline: auto; }
  [class*="st-key-latent.class"] button { padding-inline: 0.7rem; }
}
"""


def line_style(index: int) -> tuple[str, str]:
    """The colour role and the dash of the nth variant; the first sixteen differ."""
    return VARIANTS[index % len(VARIANTS)], DASHES[index // len(VARIANTS) % len(DASHES)]


def palettes() -> dict[str, Any]:
    """Both palettes and the score scale, for the scripts of the components."""
    return {"light": asdict(LIGHT), "dark": asdict(DARK), "score": SCORE_SCALE}


def inject_css() -> None:
    """Add the CSS of the app to the page; the entry script calls it at each run."""
    css = (
        _STEADY
        + _POINTER
        + _COMPACT
        + _CARD
        + _HOME
        + _COMPARE
        + _CORNERS
        + _TRAIN
        + _HEALTH
        + _SCROLLBARS
        + _ICONS
        + _TAKE_ALONG
        + _LATENT
    )
    st.html(f"<style>{css}</style>")
