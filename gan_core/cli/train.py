"""The commands train and resume."""

from __future__ import annotations

import shlex
import signal
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_core.cli.arguments import (
    CORES,
    Device,
    RunDir,
    Seconds,
    Steps,
    Threads,
    config_of,
    device_errors,
    fail,
    open_run,
    refuse_both,
)
from gan_core.cli.program import PROGRAM, app
from gan_core.cli.progress import Progress
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.config.schema import Setting, as_text
from gan_core.system import signals

if TYPE_CHECKING:
    from gan_core.runs import Run
    from gan_core.session import Session
    from gan_core.session.snapshot import Snapshot


def _setting_help(setting: Setting) -> str:
    sentences = [setting.help, f"{setting.allowed[:1].upper()}{setting.allowed[1:]}." if setting.allowed else ""]
    help = textwrap.fill(" ".join(filter(None, sentences)), 74, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return f"  {setting.key} = {as_text(setting.default)}{'  (live)' if setting.live else ''}\n{help}"


_SETTINGS = "\b\nSettings for --set, with their defaults; (live) settings can change during training:\n" + "\n".join(
    _setting_help(setting) for setting in SETTINGS.values() if setting.key != "preset"
)


@app.command(epilog=_SETTINGS)
def train(
    preset: Annotated[str, typer.Option(metavar="ID", help="Preset to train; `presets` lists them.")] = "mnist-quick",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.", show_default=False),
    ] = None,
    steps: Steps = None,
    seconds: Seconds = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("checkpoints"),
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run.", show_default=False)] = None,
    device: Device = "auto",
    threads: Threads = CORES,
) -> None:
    """Train a preset in a new folder under DIR. Prints the folder last."""
    config = config_of(preset, changes or [])
    refuse_both(steps, seconds)
    from gan_core.runs import RunStore
    from gan_core.session import Session

    with device_errors():
        session = Session(
            config, RunStore(runs), device, threads, name, max_steps=steps, max_seconds=seconds, attended=False
        )
    _finish(follow(session, Progress(steps, seconds)), runs)


@app.command()
def resume(
    run_dir: RunDir,
    steps: Steps = None,
    seconds: Seconds = None,
    device: Device = "auto",
    threads: Threads = CORES,
) -> None:
    """Resume a run: to its end, or for N more steps or S more seconds."""
    refuse_both(steps, seconds)
    from gan_core.runs import RunError
    from gan_core.session import Session

    run = open_run(run_dir)
    try:
        run.refuse_without_state()
        run.refuse_other_settings()
        config = _config_to_resume(run, steps, seconds)
    except (RunError, ConfigError) as error:
        fail(str(error))
    with device_errors():
        session = Session(config, None, device, threads, run=run, max_steps=steps, max_seconds=seconds, attended=False)
    at = max(run.checkpoints(), default=0)
    spent = max((row[2] for row in run.metrics() if row[0] <= at), default=0.0)
    progress = Progress(steps and at + steps, seconds and spent + seconds)
    _finish(follow(session, progress), run_dir.parent)


def _config_to_resume(run: Run, steps: int | None, seconds: float | None) -> TrainConfig:
    """The config of the run, longer if `steps` lead beyond its end and something depends on its length.

    Raises `RunError`, or `ConfigError` for too many steps.
    """
    from gan_core.runs import extension

    config = run.config
    if not run.checkpoints():
        return config
    last = run.last_complete()
    end = extension.planned_steps(run, last)
    finished = last >= end
    if finished and steps is None and seconds is None:
        raise typer.BadParameter(
            "the run is finished; give --steps or --seconds to train it further", param_hint="RUN_DIR"
        )
    if finished and steps is None and config.lr_decay == "linear":
        raise typer.BadParameter(
            "the learning rates of this run have fallen to 0 at its end (lr_decay linear); give --steps, which makes "
            "the run longer, so that they rise again",
            param_hint="--seconds",
        )
    if steps is None or last + steps <= end:
        return config
    jump = extension.jump(run, last, config.with_values({"max_steps": last + steps}))
    if not jump:  # nothing depends on the planned length
        return config
    typer.echo(f"note: the run becomes longer, which changes: {jump}")
    return extension.extend(run, steps)


def follow(session: Session, progress: Progress) -> Snapshot:
    """Train a session with its progress, and stop it on Ctrl-C, SIGTERM or SIGHUP. Returns its last snapshot."""
    with interruptions() as interrupted, progress:
        session.start()
        while not session.wait(0.2):
            snapshot = session.snapshot()
            progress.show(snapshot)
            if interrupted.is_set():
                session.stop()
            if snapshot.status == "loading" and interrupted.is_set():
                break  # there is nothing to save, and a download may take long
        snapshot = session.snapshot()
        progress.show(snapshot, last=True)
    return snapshot


def _finish(snapshot: Snapshot, root: Path) -> None:
    """Print how a run ended and its folder."""
    folder = root / snapshot.run_id
    if snapshot.live:
        typer.echo("Stopped before the first step. No run was saved.")
    elif snapshot.run_id and snapshot.status in ("stopped", "failed"):
        typer.echo(_how_to_resume(snapshot, folder))
    if snapshot.run_id:
        typer.echo(folder)
    if snapshot.error:
        fail(snapshot.error)


def _how_to_resume(snapshot: Snapshot, folder: Path) -> str:
    from gan_core.runs import Run

    end = f"{snapshot.status.capitalize()} at step {snapshot.step}"
    steps = Run(folder).checkpoints()
    if not steps:
        return f"{end}. No checkpoint was saved, so this run cannot be resumed."
    saved = "" if steps[-1] == snapshot.step else f", saved at step {steps[-1]}"
    return f"{end}{saved}. To resume: {PROGRAM} resume {shlex.quote(str(folder))}"


@contextmanager
def interruptions() -> Iterator[threading.Event]:
    """In this block Ctrl-C, SIGTERM and a closed terminal only set the event, so that the run can be saved."""
    interrupted = threading.Event()

    def interrupt(number: int, _: object) -> None:
        signals.mute_closed_terminal(number)
        interrupted.set()

    previous = {number: signal.signal(number, interrupt) for number in signals.ending_signals()}
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
