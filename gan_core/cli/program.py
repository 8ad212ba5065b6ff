"""The program that the commands belong to, and how it ends."""

from __future__ import annotations

import typer

PROGRAM = "python -m gan_core"
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer has it, but exports only this child

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train GANs from the command line. The runs are those that the app shows.",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status: 0 done, 1 failed, 2 bad arguments. A complaint is one line on stderr."""
    try:
        return app(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except _USAGE_ERROR as error:
        message = error.format_message()  # type: ignore[attr-defined]
        typer.echo(message if message.startswith("Usage") else f"error: {' '.join(message.split())}", err=True)
        return 2
    except typer.Abort:
        return 130
