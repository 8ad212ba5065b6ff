"""The command `presets`."""

from __future__ import annotations

from typing import Annotated

import typer

from gan_core import presets
from gan_core.cli import preset_page
from gan_core.cli.program import app


@app.command("presets")
def list_presets(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/presets.md.")] = False,
) -> None:
    """List the presets: id, approximate time on two CPU cores, title."""
    if markdown:
        typer.echo(preset_page.as_markdown(), nl=False)
        return
    group = ""
    for preset in map(presets.get, presets.names()):
        if preset.group != group:
            group = preset.group
            typer.echo(f"\n{group}" if preset.id != presets.names()[0] else group)
        typer.echo(f"  {preset.id:<26}{presets.duration(preset.minutes):>8}  {preset.title}")
