"""The pretrain command, which makes the shipped runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from gan_core.cli.arguments import fail
from gan_core.cli.program import app
from gan_core.cli.progress import Progress
from gan_core.cli.train import follow
from gan_core.config.catalog import UnknownNameError


@app.command()
def pretrain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the run in gan_core/runs/pretrained.json.")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write it to.")] = Path("checkpoints/pretrained"),
) -> None:
    """Train one of the shipped runs again on one CPU thread: the same machine gives the same weights."""
    from gan_core.runs import RunStore, pretrained
    from gan_core.session import Session

    try:
        recipe = pretrained.recipes()[name]
    except UnknownNameError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None
    with tempfile.TemporaryDirectory() as work:
        store = RunStore(work)
        session = Session(recipe.config, store, "cpu", 1, recipe.title, max_steps=recipe.steps, attended=False)
        snapshot = follow(session, Progress(recipe.steps, None))
        if snapshot.step < recipe.steps:
            fail(snapshot.error or f"Stopped at step {snapshot.step} of {recipe.steps}, so nothing was written")
        try:
            runs.mkdir(parents=True, exist_ok=True)
            packed = pretrained.ship(store.open(snapshot.run_id), recipe, runs / name)
        except OSError as error:
            fail(f"Cannot write {runs / name}: {error.strerror or error}")
    typer.echo(packed.path)
