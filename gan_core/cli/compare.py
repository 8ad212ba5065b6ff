"""The command `compare`: estimates, trains and reports a comparison."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_core.cli.arguments import Device, Seconds, Steps, device_errors, fail, refuse_both
from gan_core.cli.program import PROGRAM, app
from gan_core.cli.progress import EVERY
from gan_core.cli.train import interruptions
from gan_core.config.catalog import UnknownNameError
from gan_core.config.schema import ConfigError
from gan_core.system.files import MAX_JSON_BYTES, read_bytes
from gan_core.system.formatting import size

if TYPE_CHECKING:
    from gan_core.compare import Comparison, Estimate, Resources, Runner, Study, TrialStatus


@app.command("compare")
def compare_runs(
    name: Annotated[
        str, typer.Option("--comparison", metavar="ID|FILE", help="The id of a comparison, or a comparison.json.")
    ] = "optimizers",
    steps: Steps = None,
    seconds: Seconds = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=100, metavar="N", help="Runs of each variant.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs at the same time; by default one per core.")
    ] = None,
    backend: Annotated[str, typer.Option(metavar="local|ray", help="This machine, or a Ray cluster.")] = "local",
    address: Annotated[
        str, typer.Option(metavar="A", help="Address of the Ray cluster; by default $RAY_ADDRESS.")
    ] = "",
    gpus: Annotated[
        float, typer.Option(min=0, max=1, metavar="F", help="Share of a GPU for each run (Ray only).")
    ] = 0.0,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the runs.")] = Path("checkpoints"),
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Continue this comparison.", show_default=False)
    ] = None,
    device: Device = "auto",
    list_only: Annotated[bool, typer.Option("--list", help="Only list the ready-made comparisons.")] = False,
) -> None:
    """Compare variants of an experiment over several seeds that start alike, and test the differences.

    The last line printed is the folder of the comparison.
    """
    from gan_core import compare

    if list_only:
        for ready_made in map(compare.get, compare.names()):
            typer.echo(f"  {ready_made.id:<18}{len(ready_made.jobs()):>3} runs  {ready_made.title}")
        return
    refuse_both(steps, seconds)
    if backend not in compare.BACKENDS:
        raise typer.BadParameter(compare.BACKENDS.unknown_message(backend), param_hint="--backend")
    try:
        study = _opened(resume) if resume is not None else None
        plan = study.comparison if study is not None else _plan(name, steps, seconds, seeds)
        with device_errors():
            estimate = _measured(plan, workers, device) if study is None and backend == "local" else None
            outline = estimate or compare.outline(plan, workers, device)
        _print_fairness(plan)
        study = study or compare.StudyStore(runs).create(plan)
        study.resume()
        resources = compare.Resources(backend, workers or outline.workers, device, address, gpus)
        _run(study, resources, estimate)
    except compare.StudyError as error:
        fail(str(error))


def _plan(name: str, steps: int | None, seconds: float | None, seeds: int | None) -> Comparison:
    from gan_core import compare

    changes = {"steps": steps, "seconds": seconds, "seeds": None if seeds is None else list(range(seeds))}
    try:
        if name.endswith(".json"):
            content = read_bytes(Path(name), MAX_JSON_BYTES)
            if not content:
                raise typer.BadParameter(f"there is no file {name}, or it is empty", param_hint="--comparison")
            plan = compare.Comparison.from_json(content)
        else:
            plan = compare.get(name)
        return plan.with_fields(**{field: value for field, value in changes.items() if value is not None})
    except (UnknownNameError, ConfigError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--comparison") from None


def _opened(folder: Path) -> Study:
    from gan_core import compare

    folder = folder.absolute()
    return compare.StudyStore(folder.parent.parent).open(folder.name)


def _measured(plan: Comparison, workers: int | None, device: str) -> Estimate:
    """Measure each kind of run for some seconds and print the estimate."""
    from gan_core import compare

    typer.echo(f"{plan.title}: {len(plan.variants)} variants x {len(plan.seeds)} seeds. Measuring each kind of run ...")
    estimate = compare.measure(plan, workers, device)
    typer.echo(
        f"{estimate.runs} runs, {estimate.workers} at a time on {estimate.device}, "
        f"about {_time(estimate.seconds or 0)}, {size(estimate.memory)} of memory"
    )
    return estimate


def _print_fairness(plan: Comparison) -> None:
    """Print the rates of compared optimisers, and what may explain a difference beside the compared settings."""
    from gan_core import compare

    if rates := compare.fairness.rates(plan):
        typer.echo(rates)
    for sentence in compare.fairness.confounds(plan):
        typer.echo(f"note: {sentence}")


def _run(study: Study, resources: Resources, estimate: Estimate | None) -> None:
    """Run the study and print its progress until it ends, or until a signal ends it; then print the results."""
    from gan_core import compare

    started, next_line_at = time.monotonic(), 0.0
    with interruptions() as interrupted:
        runner = compare.start(study, resources)
        printed: set[str] = set()
        while not runner.wait(0.3):
            if interrupted.is_set():
                runner.close()
            printed |= _print_ended(study, printed)
            if time.monotonic() >= next_line_at and not interrupted.is_set():
                next_line_at = time.monotonic() + EVERY
                _print_progress(study, time.monotonic() - started, estimate)
    _print_ended(study, printed)
    _print_results(study, runner, time.monotonic() - started)


def _print_ended(study: Study, printed: set[str]) -> set[str]:
    """Print a line for each ended run whose key is not in `printed`; returns their keys."""
    ended = [trial for trial in study.trial_statuses() if trial.ended and trial.key not in printed]
    for trial in ended:
        line = f"  {trial.key}: {trial.status} at step {trial.step}, {trial.seconds:.0f} s of training, {trial.run_id}"
        typer.echo(f"{line}: {trial.error}" if trial.error else line)
    return {trial.key for trial in ended}


def _print_progress(study: Study, spent: float, estimate: Estimate | None) -> None:
    trials = study.trial_statuses()
    running = ", ".join(_position(trial) for trial in trials if trial.status == "running")
    ended = sum(trial.ended for trial in trials)
    left = _time_left(study, trials, spent, estimate)
    typer.echo(f"{ended} of {len(trials)} runs done{left}" + (f"; {running}" if running else ""))


def _time_left(study: Study, trials: tuple[TrialStatus, ...], spent: float, estimate: Estimate | None) -> str:
    """The share that is left, of the estimate or of the time spent if that is longer; "" without an estimate."""
    if estimate is None or not estimate.seconds:
        return ""
    shares = [
        1.0 if trial.ended else trial.step / trial.total_steps if trial.total_steps
        else trial.seconds / (job.max_seconds or estimate.seconds)
        for job, trial in zip(study.jobs, trials, strict=True)
    ]  # fmt: skip
    return f", about {_time((1 - sum(shares) / len(shares)) * max(spent, estimate.seconds))} left"


def _position(trial: TrialStatus) -> str:
    total = f"/{trial.total_steps}" if trial.total_steps else ""
    return f"{trial.key} {trial.activity or f'step {trial.step}{total}'}"


def _print_results(study: Study, runner: Runner, spent: float) -> None:
    """Write the reports; print the table, the claims, the verdicts and the folder."""
    from gan_core import compare

    compare.report.write(study)
    results = compare.results_of(study)
    runs, ended = len(results.trial_statuses), sum(trial.ended for trial in results.trial_statuses)
    typer.echo(f"\n{ended} of {runs} runs ended in {_time(spent)}")
    for line in _aligned(compare.report.table(results)):
        typer.echo(line)
    _print_fairness(study.comparison)
    for result in compare.claims(results):
        typer.echo(f'claim "{result.claim.says}": {result.text}')
    for verdict in compare.verdicts(results):
        typer.echo(f"- {verdict.text}")
    if ended < runs:
        typer.echo(f"To continue: {PROGRAM} compare --resume {shlex.quote(str(study.path))}")
    typer.echo(study.path)
    if runner.error:
        fail(runner.error)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
