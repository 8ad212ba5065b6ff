"""The import command, which adds a zip that another library exported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_core.cli.arguments import fail
from gan_core.cli.program import app


@app.command("import")
def import_run(
    file: Annotated[Path, typer.Argument(metavar="RUN.zip", help="A whole run that was exported as a zip.")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the library.")] = Path("checkpoints"),
) -> None:
    """Add an exported run to a library, after checks of every file in it. Prints its folder."""
    from gan_core.runs import RunError, RunStore, unpack

    try:
        with file.open("rb") as source:
            run = unpack(source, RunStore(runs))
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}", param_hint="RUN.zip") from None
    except RunError as error:
        fail(str(error))
    typer.echo(run.path)
