"""Interrupts training repeatedly, at random moments while it trains and saves, and resumes its run each time.

    python -m benchmarks.kills --kills 50 --hangups 20 --full-disks 20

* A kill (SIGKILL): the run must resume from a complete checkpoint at most one interval back.
* A hangup (SIGHUP, as of a closed terminal) of the command line: the run must resume from the very step.
* A full disk: the disk is filled, or filled up to a part of the reserve. Training must go on, and save when there is
  space, or at the latest in the reserve when SIGTERM ends it. A disk of 300 MB is mounted for this, which needs root.

Each process resumes the same run and saves every few steps, so that about half of the kills happen while a checkpoint
is written. At the end, the weights must equal the weights of an uninterrupted run. Exits with status 1 otherwise.
"""

from __future__ import annotations

import argparse
import gc
import mmap
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gan_core import cli, presets
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session, folder_listeners
from gan_core.system.random_streams import stream
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Trainer, Which

INTERVAL = 5  # steps between two checkpoints
LONGEST = 0.25  # seconds from then on to the interruption
CHANGES = {
    "max_steps": 10**8,
    "data.count": 256,
    "batch_size": 16,
    "generator.hidden": 16,
    "discriminator.hidden": 16,
    "record.save_every": INTERVAL,
    "record.frame_every": 50,
    "record.evaluate_every": 0,
}
SETTINGS = [part for key, value in CHANGES.items() for part in ("--set", f"{key}={value}")]
CONFIG = presets.load("ring8").with_values({key: str(value) for key, value in CHANGES.items()})


class Shared:
    """Two numbers in memory shared with the child process: its first step and its current step."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def write(self, first: int, current: int) -> None:
        self._memory[:] = struct.pack("<qq", first, current)

    def read(self) -> tuple[int, int]:
        first, current = struct.unpack("<qq", self._memory[:])
        return first, current

    def has_saved(self) -> bool:
        """Whether the child has trained long enough to save, so that it is interrupted in training, not in loading."""
        first, current = self.read()
        return current >= first + 2 * INTERVAL


Chance = Callable[[float], float]  # a random number from 0 to its argument


def count_steps(shared: Shared) -> None:
    """Let each step of this process write its number to the shared memory."""
    step = Trainer.step

    def counted(trainer: Trainer, which: Which = "both", *more: Any) -> StepRecord:
        first, _ = shared.read()
        shared.write(trainer.steps if first < 0 else first, trainer.steps)
        record = step(trainer, which, *more)
        shared.write(shared.read()[0], trainer.steps)
        return record

    Trainer.step = counted  # type: ignore[assignment, method-assign]


@contextmanager
def training(store: RunStore, run: Run | None, shared: Shared) -> Iterator[int]:
    """A process in which the command line trains the run, or a new one. Yields its id once it has saved.

    It must end within a minute after the block has asked it to.
    """
    shared.write(-1, -1)
    child = os.fork()  # a fork does not load torch again
    if child == 0:
        count_steps(shared)
        folder_listeners._RETRY_SECONDS = 0.05  # a full disk lasts less than a second here
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        new = ["train", "--preset", "ring8", *SETTINGS, "--runs", str(store.root)]
        command = new if run is None else ["resume", str(run.path)]
        cli.main([*command, "--device", "cpu", "--threads", "1"])
        os._exit(0)
    deadline = time.monotonic() + 60
    while not shared.has_saved() and time.monotonic() < deadline:
        time.sleep(0.001)
    try:
        yield child
        deadline = time.monotonic() + 60
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                raise TimeoutError("the process does not end")
            time.sleep(0.005)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise


def send(number: signal.Signals, store: RunStore, run: Run | None, shared: Shared, chance: Chance) -> None:
    """Send a signal to the process."""
    with training(store, run, shared) as child:
        time.sleep(chance(LONGEST))
        os.kill(child, number)


def fill_the_disk(store: RunStore, run: Run | None, shared: Shared, chance: Chance) -> None:
    """Leave 1 to 150 MB, or nothing for a while; end the process by SIGTERM."""
    ballast = store.root.parent / "ballast"
    with training(store, run, shared) as child:
        time.sleep(chance(LONGEST))
        left = int(chance(2)) * (1_000_000 + int(chance(149_000_000)))
        with ballast.open("wb") as file:
            for part in (1 << 20, 1 << 12):
                while (free := shutil.disk_usage(store.root).free - left) >= part:
                    try:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, free // part * part)
                    except OSError:  # training has taken the last bytes
                        break
        time.sleep(chance(LONGEST))
        if not left:
            ballast.unlink()
            time.sleep(chance(LONGEST))
        os.kill(child, signal.SIGTERM)
    ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A disk of 300 MB, or None if this user may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)]
    if os.name == "nt" or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Tally:
    """The interruptions of one kind."""

    def __init__(self, kind: str, may_lose: int) -> None:
        self.kind, self.may_lose = kind, may_lose
        self.count = self.failures = self.while_saving = self.most_lost = 0

    def interrupt(
        self, how: Callable[[RunStore, Run | None, Shared, Chance], None], n: int, folder: Path, chance: Chance
    ) -> bool:
        """Interrupt one run n times. Returns whether its weights are those of an uninterrupted run."""
        store, run, shared, expected = RunStore(folder / "runs"), None, Shared(), 0
        for self.count in range(1, n + 1):
            how(store, run, shared, chance)
            first, ended_at = shared.read()
            (found,) = store.root.iterdir()
            run = store.open(found.name)
            saving = bool(list(run.path.glob(".unfinished-*")))
            try:
                resumed_from = run.last_complete()
            except RunError:
                resumed_from = 0  # killed before the first checkpoint
            lost = ended_at - resumed_from
            good = first == expected and 0 <= lost <= self.may_lose
            self.failures += not good
            self.while_saving += saving
            self.most_lost = max(self.most_lost, lost)
            while_saving, verdict = " while saving" if saving else "", "ok" if good else "FAILED"
            print(
                f"{self.kind} {self.count:3}: first step {first}, ended at {ended_at}{while_saving}, "
                f"resumes from {resumed_from}: {verdict}",
                flush=True,
            )
            expected = resumed_from
            if not resumed_from:
                run, store = None, RunStore(folder / f"runs-{self.count}")
        return run is None or is_undisturbed(run, expected, folder / "uninterrupted")

    def __str__(self) -> str:
        saving = f" ({self.while_saving} while saving)" if self.while_saving else ""
        resumed = f"{self.count - self.failures} of {self.count} {self.kind}s{saving} resumed"
        return f"{resumed}, at most {self.most_lost} steps lost"


def is_undisturbed(run: Run, step: int, folder: Path) -> bool:
    """Whether the weights at `step` equal the weights of an uninterrupted run."""
    session = Session(CONFIG, RunStore(folder), threads=1, max_steps=step)
    session.start()
    session.wait()
    other = RunStore(folder).open(session.snapshot().run_id)
    names = ("generator.safetensors", "discriminator.safetensors", "state.safetensors")
    weights = [[(each.path / f"step-{step:07d}" / name).read_bytes() for name in names] for each in (run, other)]
    return weights[0] == weights[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--hangups", type=int, default=0)
    parser.add_argument("--full-disks", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = stream(arguments.seed, "kills")

    def chance(limit: float) -> float:
        return limit * torch.rand((), generator=rng).item()

    Trainer(CONFIG, "cpu").step()  # load all modules before the first fork
    gc.collect()
    gc.freeze()  # a full collection in the child takes as long as the time before the kill
    kills, hangups, full_disks = Tally("kill", INTERVAL), Tally("hangup", 0), Tally("full disk", 0)
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder) / "disk") as disk:
        same = kills.interrupt(partial(send, signal.SIGKILL), arguments.kills, Path(folder) / "kills", chance)
        same &= hangups.interrupt(partial(send, signal.SIGHUP), arguments.hangups, Path(folder) / "hangups", chance)
        if disk is None and arguments.full_disks:
            print("no disk was filled, because this user may not mount one")
        elif disk is not None:
            same &= full_disks.interrupt(fill_the_disk, arguments.full_disks, disk, chance)
    tallies = [tally for tally in (kills, hangups, full_disks) if tally.count]
    print(
        f"{'; '.join(map(str, tallies))}; an interval is {INTERVAL} steps; "
        f"weights of an uninterrupted run: {'yes' if same else 'NO'}"
    )
    return 0 if same and not any(tally.failures for tally in tallies) else 1


if __name__ == "__main__":
    raise SystemExit(main())
