"""The commands for a trained run: sample and evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_core.cli.arguments import BestOption, Device, RunDir, class_of, fail, model_of, open_run
from gan_core.cli.program import app


@app.command()
def sample(
    run_dir: RunDir,
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, metavar="N", help="Number of samples.")] = 64,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the latents.")] = 0,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Image to write; for points also .csv.")
    ] = Path("grid.png"),
    label: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only samples of this class (conditional runs).")
    ] = None,
    best: BestOption = False,
    device: Device = "auto",
) -> None:
    """Generate samples from a run's last or best checkpoint; a conditional run shows its classes in turn."""
    from gan_core import export, latent

    model = model_of(run_dir, device, best)
    samples = model.decode(latent.draw(model, n, seed), class_of(model.config, label))
    try:
        export.write(samples, output)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(f"cannot write {output}: {error}", param_hint="-o") from None
    typer.echo(output)


@app.command()
def evaluate(
    run_dir: RunDir,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the samples.")] = 0,
    best: BestOption = False,
    device: Device = "auto",
) -> None:
    """Evaluate a run's last or best checkpoint against its data, with the values that real data score."""
    from gan_core import data, latent, metrics
    from gan_core.cli import quality_table

    model = model_of(run_dir, device, best)
    points = model.config.dataset.kind == "points"
    typer.echo(f"{run_dir}, step {model.step}")
    samples = model.decode(latent.draw(model, metrics.point_quality.SAMPLES if points else metrics.IMAGES, seed))
    if points:
        lines = quality_table.fit(metrics.point_quality.PointEvaluator(model.config).evaluate(samples))
    else:
        try:
            dataset = data.load(model.config)
            if change := open_run(run_dir).origin(model.step).change_of_data(model.config, dataset):
                typer.echo(f"note: the data of this run have changed: {change}", err=True)
            lines = quality_table.quality(metrics.evaluate(samples, dataset))
        except data.DataError as error:
            fail(f"An evaluation compares samples with the data, which cannot be loaded: {error}")
        except ValueError as error:
            fail(f"These samples cannot be evaluated: {error}")
    typer.echo("\n".join(lines))
