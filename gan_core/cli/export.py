"""The command that takes a run elsewhere: export."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from gan_core.cli.arguments import RunDir, fail, open_run
from gan_core.cli.program import app

_LAYOUT = "{desc}: {percentage:3.0f}% {bar:20} {remaining} left"  # on a terminal; a pipe gets the file's name alone


def _move(bar: tqdm, done: float) -> None:
    bar.update(done - bar.n)


@app.command()
def export(
    run_dir: RunDir,
    form: Annotated[
        str, typer.Option("--as", metavar="FORMAT", help="script, notebook, onnx, gif, mp4 or config.")
    ] = "script",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="File to write; by default named after the run.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a run as a PyTorch script, a notebook, an ONNX generator, a film or its settings. Prints the file."""
    from gan_core.data import DataError
    from gan_core.export import FORMATS, ExportError
    from gan_core.runs import RunError

    if form not in FORMATS:
        raise typer.BadParameter(f'"{form}" is not a format; choose from {", ".join(FORMATS)}', param_hint="--as")
    run = open_run(run_dir)
    output = output or Path(f"{run.id}{FORMATS[form].suffix}")
    try:
        with tqdm(total=1.0, desc=FORMATS[form].title, bar_format=_LAYOUT, leave=False, disable=None) as bar:
            content = FORMATS[form].make(run, partial(_move, bar))
    except (ExportError, RunError, DataError) as error:
        fail(str(error))
    try:
        output.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {output}: {error.strerror}", param_hint="-o") from None
    typer.echo(output)
