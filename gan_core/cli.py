"""The command line: python -m gan_core presets | train | resume | sample | evaluate.

Torch is imported inside the commands that train or sample, so that the others answer at once.
"""

from __future__ import annotations

import os
import shlex
import signal
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gan_core import presets, report
from gan_core.catalog import UnknownNameError
from gan_core.config import SETTINGS, TrainConfig
from gan_core.progress import Progress
from gan_core.schema import ConfigError, Setting, as_text

if TYPE_CHECKING:
    from gan_core.runs import Run
    from gan_core.session import Session
    from gan_core.trainer import Trainer

PROGRAM = "python -m gan_core"
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer has it, but exports only this child

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train GANs from the command line. The runs are those that the app shows.",
)

RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a run.", show_default=False)]
Steps = Annotated[int | None, typer.Option(min=1, metavar="N", help="Train for N steps.", show_default=False)]
Seconds = Annotated[float | None, typer.Option(min=0.01, metavar="S", help="Train for S seconds.", show_default=False)]
Device = Annotated[str, typer.Option(metavar="D", help="auto, cpu, cuda or cuda:1.")]
Threads = Annotated[int, typer.Option(min=1, metavar="T", help="CPU threads; their number changes the last digits.")]
BestOption = Annotated[bool, typer.Option("--best", help="The best checkpoint by quality, not the last.")]
CORES = os.cpu_count() or 1


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


# ---- the commands ------------------------------------------------------------------------------------------------


@app.command("presets")
def list_presets(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/presets.md.")] = False,
) -> None:
    """List the presets: id, rough minutes on two CPU cores, title."""
    if markdown:
        typer.echo(presets.as_markdown(), nl=False)
        return
    group = ""
    for preset in map(presets.get, presets.names()):
        if preset.group != group:
            group = preset.group
            typer.echo(f"\n{group}" if preset.id != presets.names()[0] else group)
        typer.echo(f"  {preset.id:<26}{presets.duration(preset.minutes):>8}  {preset.title}")


def _described(setting: Setting) -> str:
    sentences = [setting.about, f"{setting.allowed[:1].upper()}{setting.allowed[1:]}." if setting.allowed else ""]
    about = textwrap.fill(" ".join(filter(None, sentences)), 74, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return f"  {setting.key} = {as_text(setting.default)}{'  (live)' if setting.live else ''}\n{about}"


_SETTINGS = "\b\nSettings for --set, with their defaults; (live) ones can change while a run trains:\n" + "\n".join(
    _described(setting) for setting in SETTINGS.values() if setting.key != "preset"
)


@app.command(epilog=_SETTINGS)
def train(
    preset: Annotated[str, typer.Option(metavar="ID", help="What to train; `presets` lists them.")] = "mnist-quick",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.", show_default=False),
    ] = None,
    steps: Steps = None,
    seconds: Seconds = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where runs are kept.")] = Path("checkpoints"),
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What to call the run.", show_default=False)] = None,
    device: Device = "auto",
    threads: Threads = CORES,
) -> None:
    """Train a preset, in a new folder under DIR. Prints the folder last."""
    config = _configured(preset, changes or [])
    _only_one(steps, seconds)
    from gan_core.runs import RunStore
    from gan_core.session import Session

    with _known_device():
        session = Session(config, RunStore(runs), device, threads, name, max_steps=steps, max_seconds=seconds)
    _follow(session, runs, Progress(steps, seconds))


@app.command()
def resume(
    run_dir: RunDir,
    steps: Steps = None,
    seconds: Seconds = None,
    device: Device = "auto",
    threads: Threads = CORES,
) -> None:
    """Go on with a run: to its end, or for N more steps or S more seconds."""
    _only_one(steps, seconds)
    from gan_core.session import Session

    run = _open(run_dir)
    if steps is None and seconds is None and run.summary().status == "finished":
        raise typer.BadParameter(
            "it has reached its end; give --steps or --seconds to go further", param_hint="RUN_DIR"
        )
    with _known_device():
        session = Session(run.config, None, device, threads, run=run, max_steps=steps, max_seconds=seconds)
    at = max(run.checkpoints(), default=0)
    spent = max((row[2] for row in run.metrics() if row[0] <= at), default=0.0)
    progress = Progress(steps and at + steps, seconds and spent + seconds)
    _follow(session, run_dir.parent, progress)


@app.command()
def sample(
    run_dir: RunDir,
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, metavar="N", help="How many.")] = 64,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Which ones: the same seed, the same latents.")] = 0,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Picture to write; points also as .csv.")
    ] = Path("grid.png"),
    label: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only this class (conditional runs).")
    ] = None,
    best: BestOption = False,
    device: Device = "auto",
) -> None:
    """Draw samples from a run's last checkpoint, or its best; of a conditional run, every class in turn."""
    from gan_core import export

    trainer = _trainer(run_dir, device, best)
    samples = trainer.generate(n, seed, label=_class_of(trainer.config, label))
    try:
        export.write(samples, output)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(f"cannot write {output}: {error}", param_hint="-o") from None
    typer.echo(output)


@app.command()
def evaluate(
    run_dir: RunDir,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Which samples to judge.")] = 0,
    best: BestOption = False,
    device: Device = "auto",
) -> None:
    """Judge a run's last checkpoint, or its best, against its data: every figure beside what real data score."""
    from gan_core import metrics

    trainer = _trainer(run_dir, device, best)
    typer.echo(f"{run_dir}, step {trainer.steps}")
    if trainer.config.dataset.kind == "points":
        samples = trainer.generate(metrics.points.SAMPLES, seed)
        lines = report.fit(metrics.points.Judge(trainer.config).in_full(samples))
    else:
        samples = trainer.generate(metrics.IMAGES, seed)
        try:
            lines = report.quality(metrics.evaluate(samples, trainer.dataset))
        except ValueError as error:
            _fail(f"These samples cannot be judged: {error}")
    typer.echo("\n".join(lines))


# ---- arguments ---------------------------------------------------------------------------------------------------


def _configured(preset: str, changes: list[str]) -> TrainConfig:
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
        return config.with_values(values)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None


def _only_one(steps: int | None, seconds: float | None) -> None:
    if steps is not None and seconds is not None:
        raise typer.BadParameter("give --steps or --seconds, not both")


def _open(run_dir: Path) -> Run:
    from gan_core.runs import RunError, RunStore

    run_dir = run_dir.absolute()
    try:
        return RunStore(run_dir.parent).open(run_dir.name)
    except RunError as error:
        raise typer.BadParameter(str(error), param_hint="RUN_DIR") from None


def _trainer(run_dir: Path, device: str, best: bool) -> Trainer:
    """The run's last whole checkpoint, or its best, ready to generate."""
    from gan_core.data import DataError
    from gan_core.runs import RunError

    run = _open(run_dir)
    try:
        with _known_device():
            return run.trainer(device, "best" if best else None)
    except (RunError, DataError) as error:
        _fail(str(error))


def _class_of(config: TrainConfig, name: str | None) -> int | None:
    if name is not None and name not in config.classes:
        known = f"choose from {', '.join(config.classes)}" if config.classes else "the run knows no classes"
        raise typer.BadParameter(f'"{name}" is not a class of this run; {known}', param_hint="--class")
    return None if name is None else config.classes.index(name)


@contextmanager
def _known_device() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--device") from None


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)


# ---- training ----------------------------------------------------------------------------------------------------


def _follow(session: Session, root: Path, progress: Progress) -> None:
    """Start the session, show how it goes, stop it on Ctrl-C or SIGTERM; say how it ended and where it is kept."""
    with _interruptions() as interrupted, progress:
        session.start()
        while not session.wait(0.2):
            snapshot = session.snapshot()
            progress.show(snapshot)
            if snapshot.status == "paused" or interrupted.is_set():  # nobody pauses here but a disk that refuses
                session.stop()
            if snapshot.status == "loading" and interrupted.is_set():
                break  # nothing to save yet, and a download may take long
        snapshot = session.snapshot()
        progress.show(snapshot, last=True)
    folder = root / snapshot.run_id
    if snapshot.status == "stopped":
        typer.echo(f"Stopped at step {snapshot.step}. To go on: {PROGRAM} resume {shlex.quote(str(folder))}")
    if snapshot.run_id:
        typer.echo(folder)
    if snapshot.error:
        _fail(snapshot.error)


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """Within this block Ctrl-C and SIGTERM only set the event, so that the step in hand and the saving can end."""
    interrupted = threading.Event()
    before = {number: signal.signal(number, lambda *_: interrupted.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
