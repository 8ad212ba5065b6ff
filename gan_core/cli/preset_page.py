"""The page of docs/ that lists all presets."""

from __future__ import annotations

from gan_core import presets

_PAGE_HEAD = """# Presets

Written by `python -m gan_core presets --markdown > docs/presets.md`; the data is in `gan_core/presets/*.json`.
Times are rough, for two CPU cores. Settings not named are the defaults that `python -m gan_core train --help` lists.
"""


def as_markdown() -> str:
    """All presets as a page of docs/."""
    lines = [_PAGE_HEAD]
    for group in dict.fromkeys(preset.group for preset in map(presets.get, presets.names())):
        lines += [f"## {group}\n"]
        for preset in map(presets.get, presets.names()):
            if preset.group == group:
                lines += [
                    f"### `{preset.id}`: {preset.title} ({presets.duration(preset.minutes)})\n",
                    preset.look_for,
                    "",
                ]
                lines += [f"- Source: {preset.source}"]
                lines += [f"- Reported: {preset.reported}"] if preset.reported else []
                lines += [f"- Chosen here: {preset.choices}"] if preset.choices else []
                settings = preset.config.with_values({"preset": "custom"}).to_query()
                spelt = (f"`{key}={value if len(value) < 60 else '...'}`" for key, value in settings.items())
                lines += [f"- Settings: {', '.join(spelt)}", ""]
    return "\n".join(lines)
