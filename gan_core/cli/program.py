"""The program with its exit status."""

from __future__ import annotations

import typer

from gan_core.cli.streams import lenient_streams

PROGRAM = "python -m gan_core"
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer exports only its subclass

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train GANs from the command line. The app shows the same runs.",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command. The exit status is 0 for success, 1 for failure, 2 for bad arguments; errors go to stderr.

    A reader of the output that goes away changes nothing: a run trains on and saves. Other lost output is a failure.
    """
    with lenient_streams() as output:
        status = _run(arguments)
        output.flush()
        if output.error is not None and not isinstance(output.error, BrokenPipeError):
            reason = output.error.strerror or output.error
            typer.echo(f"error: cannot write to standard output: {reason}", err=True)
            status = status or 1
        return status


def _run(arguments: list[str] | None) -> int:
    try:
        return app(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except _USAGE_ERROR as error:
        message = error.format_message()  # type: ignore[attr-defined]
        typer.echo(message if message.startswith("Usage") else f"error: {' '.join(message.split())}", err=True)
        return 2
    except typer.Abort:
        return 130
