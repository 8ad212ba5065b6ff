"""The arguments that several commands share, and their error messages of one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import UnknownNameError
from gan_core.config.schema import ConfigError
from gan_core.presets.follow_ups import apply_changes
from gan_core.system.limits import usable_cores

if TYPE_CHECKING:
    from gan_core.latent import Model
    from gan_core.runs import Run

RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a run.", show_default=False)]
Steps = Annotated[int | None, typer.Option(min=1, metavar="N", help="Train for N steps.", show_default=False)]
Seconds = Annotated[
    float | None, typer.Option(min=0.01, max=1e8, metavar="S", help="Train for S seconds.", show_default=False)
]
Device = Annotated[str, typer.Option(metavar="D", help="auto, cpu, cuda, cuda:1 or mps (Apple).")]
CORES = usable_cores()
Threads = Annotated[
    int,
    typer.Option(min=1, max=max(64, CORES), metavar="T", help="CPU threads; their number affects rounding."),
]
BestOption = Annotated[bool, typer.Option("--best", help="Use the checkpoint with the best quality, not the last.")]


def config_of(preset: str, changes: list[str]) -> TrainConfig:
    """The preset's config with these changes, each "KEY=VALUE", and those that follow from them."""
    try:
        config = presets.load(preset)
    except UnknownNameError as error:
        raise typer.BadParameter(str(error), param_hint="--preset") from None
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise typer.BadParameter(f'"{change}" has no value; write KEY=VALUE', param_hint="--set")
        values[key.strip()] = value.strip()
    try:
        changed, follow_ups = apply_changes(config, values)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
    if follow_ups:
        typer.echo(f"note: --set also changes {config.describe_changes(follow_ups)}", err=True)
    return changed


def refuse_both(steps: int | None, seconds: float | None) -> None:
    if steps is not None and seconds is not None:
        raise typer.BadParameter("give --steps or --seconds, not both")


def open_run(run_dir: Path) -> Run:
    from gan_core.runs import RunError, RunStore

    run_dir = run_dir.absolute()
    try:
        return RunStore(run_dir.parent).open(run_dir.name)
    except RunError as error:
        raise typer.BadParameter(str(error), param_hint="RUN_DIR") from None


def model_of(run_dir: Path, device: str, best: bool) -> Model:
    """The networks of the run's last complete checkpoint, or of its best. Loads no data."""
    from gan_core.runs import RunError

    run = open_run(run_dir)
    try:
        with device_errors():
            return run.model("best" if best else None, device=device)
    except RunError as error:
        fail(str(error))


def class_of(config: TrainConfig, name: str | None) -> int | None:
    if name is not None and name not in config.classes:
        known = f"choose from {', '.join(config.classes)}" if config.classes else "the run has no classes"
        raise typer.BadParameter(f'"{name}" is not a class of this run; {known}', param_hint="--class")
    return None if name is None else config.classes.index(name)


@contextmanager
def device_errors() -> Iterator[None]:
    """Report a bad device as an error of --device."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--device") from None


def fail(message: str) -> NoReturn:
    """Print an error in one line and exit with status 1."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)
