"""The commands for a trained run: sample and evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_core.cli.arguments import BestOption, Device, RunDir, class_of, fail, trainer_of
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
    from gan_core import export

    trainer = trainer_of(run_dir, device, best)
    samples = trainer.generate(n, seed, label=class_of(trainer.config, label))
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
    from gan_core import metrics
    from gan_core.cli import quality_table

    trainer = trainer_of(run_dir, device, best)
    typer.echo(f"{run_dir}, step {trainer.steps}")
    if trainer.config.dataset.kind == "points":
        samples = trainer.generate(metrics.point_quality.SAMPLES, seed)
        lines = quality_table.fit(metrics.point_quality.PointEvaluator(trainer.config).evaluate(samples))
    else:
        samples = trainer.generate(metrics.IMAGES, seed)
        try:
            lines = quality_table.quality(metrics.evaluate(samples, trainer.dataset))
        except ValueError as error:
            fail(f"These samples cannot be evaluated: {error}")
    typer.echo("\n".join(lines))
