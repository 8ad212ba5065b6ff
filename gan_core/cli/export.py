"""The command that exports a run to a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from gan_core.cli.arguments import RunDir, fail, open_run
from gan_core.cli.program import app

_LAYOUT = "{desc}: {percentage:3.0f}% {bar:20} {remaining} left"


def _show(bar: tqdm, done: float) -> None:
    bar.update(done - bar.n)


@app.command()
def export(
    run_dir: RunDir,
    name: Annotated[
        str, typer.Option("--as", metavar="FORMAT", help="png, gif, mp4, csv, notebook, onnx, script, config or zip.")
    ] = "script",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="File to write; by default named after the run.", show_default=False
        ),
    ] = None,
) -> None:
    """Export a run as pictures, metrics, code, an ONNX generator, settings or one zip. Prints the file."""
    from gan_core.data import DataError
    from gan_core.export import FORMATS, ExportError
    from gan_core.runs import RunError

    if name not in FORMATS:
        raise typer.BadParameter(f'"{name}" is not a format; choose from {", ".join(FORMATS)}', param_hint="--as")
    run, format_ = open_run(run_dir), FORMATS[name]
    output = output or Path(f"{run.id}{format_.suffix}")
    try:
        with tqdm(total=1.0, desc=format_.title, bar_format=_LAYOUT, leave=False, disable=None) as bar:
            content = format_.make(run, partial(_show, bar))
    except (ExportError, RunError, DataError) as error:
        fail(str(error))
    try:
        output.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {output}: {error.strerror}", param_hint="-o") from None
    typer.echo(output)
