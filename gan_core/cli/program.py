"""The program with its exit status."""

from __future__ import annotations

import typer

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
    """Run one command. The exit status is 0 for success, 1 for failure, 2 for bad arguments; errors go to stderr."""
    try:
        return app(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except _USAGE_ERROR as error:
        message = error.format_message()  # type: ignore[attr-defined]
        typer.echo(message if message.startswith("Usage") else f"error: {' '.join(message.split())}", err=True)
        return 2
    except typer.Abort:
        return 130
