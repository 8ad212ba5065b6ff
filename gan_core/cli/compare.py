"""The command that compares: what it will take, how each run goes, what came out and whether that may be luck."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_core.cli.arguments import Device, Seconds, Steps, fail, known_device, only_one
from gan_core.cli.program import PROGRAM, app
from gan_core.cli.progress import EVERY
from gan_core.cli.train import interruptions
from gan_core.config.catalog import UnknownNameError
from gan_core.config.schema import ConfigError

if TYPE_CHECKING:
    from gan_core.compare import Comparison, Estimate, Resources, Runner, Study, TrialStatus


@app.command("compare")
def compare_runs(
    name: Annotated[
        str, typer.Option("--comparison", metavar="ID|FILE", help="What to compare: an id, or a comparison.json.")
    ] = "optimizers",
    steps: Steps = None,
    seconds: Seconds = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=100, metavar="N", help="Runs of each variant.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs at a time; by default one a core.")
    ] = None,
    backend: Annotated[str, typer.Option(metavar="local|ray", help="This machine, or a Ray cluster.")] = "local",
    address: Annotated[str, typer.Option(metavar="A", help="Of the Ray cluster; else $RAY_ADDRESS.")] = "",
    gpus: Annotated[
        float, typer.Option(min=0, max=1, metavar="F", help="Share of a GPU that each run gets (Ray).")
    ] = 0.0,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where runs are kept.")] = Path("checkpoints"),
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Go on with this comparison.", show_default=False)
    ] = None,
    device: Device = "auto",
    plain: Annotated[bool, typer.Option("--list", help="Only list the comparisons that are ready.")] = False,
) -> None:
    """Compare fairly: the same start for every run of a seed, several seeds, and a verdict. Prints the folder last."""
    from gan_core import compare

    if plain:
        for ready in map(compare.get, compare.names()):
            typer.echo(f"  {ready.id:<18}{len(ready.jobs()):>3} runs  {ready.title}")
        return
    only_one(steps, seconds)
    if backend not in compare.BACKENDS:
        raise typer.BadParameter(compare.BACKENDS.unknown_message(backend), param_hint="--backend")
    try:
        study = _opened(resume) if resume is not None else None
        plan = study.comparison if study is not None else _planned(name, steps, seconds, seeds)
        with known_device():
            taken = _announced(plan, workers, device) if study is None and backend == "local" else None
            outline = taken or compare.outline(plan, workers, device)
        study = study or compare.StudyStore(runs).create(plan)
        study.resume()
        means = compare.Resources(backend, workers or outline.workers, device, address, gpus)
        _follow(study, means, taken)
    except compare.StudyError as error:
        fail(str(error))


def _planned(name: str, steps: int | None, seconds: float | None, seeds: int | None) -> Comparison:
    from gan_core import compare

    changes = {"steps": steps, "seconds": seconds, "seeds": None if seeds is None else list(range(seeds))}
    try:
        if name.endswith(".json"):
            plan = compare.Comparison.from_json(Path(name).read_text(encoding="utf-8"))
        else:
            plan = compare.get(name)
        return plan.with_fields(**{field: value for field, value in changes.items() if value is not None})
    except (UnknownNameError, ConfigError, OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error), param_hint="--comparison") from None


def _opened(folder: Path) -> Study:
    from gan_core import compare

    folder = folder.absolute()
    return compare.StudyStore(folder.parent.parent).open(folder.name)


def _announced(plan: Comparison, workers: int | None, device: str) -> Estimate:
    """Try each kind of run for a moment; say what all will take."""
    from gan_core import compare

    typer.echo(f"{plan.title}: {len(plan.variants)} variants x {len(plan.seeds)} seeds. Trying each for a moment ...")
    taken = compare.measure(plan, workers, device)
    typer.echo(
        f"{taken.runs} runs, {taken.workers} at a time on {taken.device}, about {_time(taken.seconds or 0)}, "
        f"{taken.memory / 1e9:.1f} GB of memory"
    )
    return taken


def _follow(study: Study, means: Resources, taken: Estimate | None) -> None:
    """Run the comparison, show how it goes, stop it on Ctrl-C or SIGTERM; then say what came out."""
    from gan_core import compare

    began, shown_at = time.monotonic(), 0.0
    with interruptions() as interrupted:
        runner = compare.start(study, means)
        told: set[str] = set()
        while not runner.wait(0.3):
            if interrupted.is_set():
                runner.close()
            told = _tell_ends(study, told)
            if time.monotonic() >= shown_at and not interrupted.is_set():
                shown_at = time.monotonic() + EVERY
                _tell_progress(study, began, taken)
    _tell_ends(study, told)
    _conclude(study, runner, time.monotonic() - began)


def _tell_ends(study: Study, told: set[str]) -> set[str]:
    """A line for each run that has ended since."""
    ended = [
        trial_status for trial_status in study.trial_statuses() if trial_status.ended and trial_status.key not in told
    ]
    for trial_status in ended:
        spent = f"{trial_status.seconds:.0f} s of training"
        line = (
            f"  {trial_status.key}: {trial_status.status} at step {trial_status.step}, {spent}, {trial_status.run_id}"
        )
        typer.echo(f"{line}: {trial_status.error}" if trial_status.error else line)
    return told | {trial_status.key for trial_status in ended}


def _tell_progress(study: Study, began: float, taken: Estimate | None) -> None:
    trial_statuses = study.trial_statuses()
    running = ", ".join(
        map(_line, (trial_status for trial_status in trial_statuses if trial_status.status == "running"))
    )
    done = sum(trial_status.ended for trial_status in trial_statuses)
    left = _left(study, time.monotonic() - began, taken)
    typer.echo(f"{done} of {len(trial_statuses)} runs done{left}" + (f"; {running}" if running else ""))


def _left(study: Study, spent: float, taken: Estimate | None) -> str:
    """The time to go: what is not done yet of the time that was told, or of the time spent where that is more."""
    if taken is None or not taken.seconds:
        return ""
    jobs, trial_statuses = study.jobs, study.trial_statuses()
    shares = [
        1.0 if trial_status.ended else trial_status.step / trial_status.total_steps if trial_status.total_steps
        else trial_status.seconds / (job.max_seconds or taken.seconds)
        for job, trial_status in zip(jobs, trial_statuses, strict=True)
    ]  # fmt: skip
    share = sum(shares) / len(shares)
    return f", about {_time((1 - share) * max(spent, taken.seconds))} left"


def _line(trial_status: TrialStatus) -> str:
    total = f"/{trial_status.total_steps}" if trial_status.total_steps else ""
    return f"{trial_status.key} {trial_status.activity or f'step {trial_status.step}{total}'}"


def _conclude(study: Study, runner: Runner, spent: float) -> None:
    """Write the reports; print the table, the claims, the verdict and the folder."""
    from gan_core import compare

    compare.report.write(study)
    results = compare.results_of(study)
    unfinished = [trial_status for trial_status in results.trial_statuses if not trial_status.ended]
    typer.echo(
        f"\n{len(results.trial_statuses) - len(unfinished)} of {len(results.trial_statuses)} runs "
        f"ended in {_time(spent)}"
    )
    for line in _columns(compare.report.table(results)):
        typer.echo(line)
    for judged in compare.claims(results):
        typer.echo(f'claim "{judged.claim.says}": {judged.text}')
    for verdict in compare.verdicts(results):
        typer.echo(f"- {verdict.text}")
    if unfinished:
        typer.echo(f"To go on: {PROGRAM} compare --resume {shlex.quote(str(study.path))}")
    typer.echo(study.path)
    if runner.error:
        fail(runner.error)


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
