"""docs/presets.md, the page that lists all presets."""

from __future__ import annotations

from gan_core import presets

_PAGE_HEAD = """# Presets

Written by `python -m gan_core presets --markdown > docs/presets.md` from `gan_core/presets/*.json`. Times are
approximate, for two CPU cores. Other settings have the defaults that `python -m gan_core train --help` lists.
"""


def as_markdown() -> str:
    """All presets as a page in Markdown."""
    lines = [_PAGE_HEAD]
    for group in dict.fromkeys(preset.group for preset in map(presets.get, presets.names())):
        lines += [f"## {group}\n"]
        for preset in map(presets.get, presets.names()):
            if preset.group == group:
                heading = f"### `{preset.id}`: {preset.title} ({presets.duration(preset.minutes)})\n"
                lines += [heading, preset.look_for, ""]
                lines += [f"- Source: {preset.source}"]
                lines += [f"- Reported: {preset.reported}"] if preset.reported else []
                lines += [f"- Chosen here: {preset.choices}"] if preset.choices else []
                settings = preset.config.with_values({"preset": "custom"}).to_query()
                texts = (f"`{key}={value if len(value) < 60 else '...'}`" for key, value in settings.items())
                lines += [f"- Settings: {', '.join(texts)}", ""]
    return "\n".join(lines)
