"""The pretrain command, which makes the shipped runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm

from gan_core.cli.arguments import fail
from gan_core.cli.program import app
from gan_core.cli.progress import Progress
from gan_core.cli.train import follow
from gan_core.config.catalog import UnknownNameError

if TYPE_CHECKING:
    from gan_core.runs import Run
    from gan_core.runs.pretrained import Recipe


@app.command()
def pretrain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the run in gan_core/runs/pretrained.json.")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write it to.")] = Path("checkpoints/pretrained"),
    directions_only: Annotated[
        bool, typer.Option("--directions-only", help="Train nothing; measure the latent directions of DIR/NAME.")
    ] = False,
) -> None:
    """Train one of the shipped runs again on one CPU thread: the same machine gives the same weights."""
    from gan_core.runs import RunError, RunStore, pretrained
    from gan_core.session import Session

    try:
        recipe = pretrained.recipes()[name]
    except UnknownNameError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None
    if directions_only:
        try:
            _name_directions(RunStore(runs).open(name), recipe)
        except (OSError, RunError) as error:
            fail(str(error))
        return
    with tempfile.TemporaryDirectory() as work:
        store = RunStore(work)
        session = Session(recipe.config, store, "cpu", 1, recipe.title, max_steps=recipe.steps, attended=False)
        snapshot = follow(session, Progress(recipe.steps, None))
        if snapshot.step < recipe.steps:
            fail(snapshot.error or f"Stopped at step {snapshot.step} of {recipe.steps}, so nothing was written")
        try:
            runs.mkdir(parents=True, exist_ok=True)
            packed = pretrained.ship(store.open(snapshot.run_id), recipe, runs / name)
            _name_directions(packed, recipe)
        except OSError as error:
            fail(f"Cannot write {runs / name}: {error.strerror or error}")
    typer.echo(packed.path)


def _name_directions(run: Run, recipe: Recipe) -> None:
    from gan_core.runs import pretrained

    if not recipe.directions:
        return
    with tqdm(total=1.0, bar_format="{percentage:3.0f}% {bar:20} {desc}", disable=None) as bar:  # silent in a pipe

        def show(fraction: float, text: str) -> None:
            bar.n = fraction
            bar.set_description_str(text)

        changed = pretrained.name_directions(run, recipe, show)
    for name, share in changed.items():
        typer.echo(f"{name}: differs between the ends of its slider in {share:.0%} of 200 samples")
