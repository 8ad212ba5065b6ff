"""Kills a training process repeatedly (SIGKILL, at random times) and resumes its run each time.

    python -m benchmarks.kills --kills 50

Each process resumes the same run and saves every few steps, so that about half of the kills happen while a checkpoint
is written. After each kill, the run must resume from a complete checkpoint at most one interval back. At the end, its
weights must equal the weights of an uninterrupted run. Exits with status 1 otherwise.
"""

from __future__ import annotations

import argparse
import gc
import mmap
import os
import signal
import struct
import tempfile
import time
from pathlib import Path

import torch

from gan_core import presets
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session
from gan_core.system.random_streams import stream
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Trainer, Which

INTERVAL = 5  # steps between two checkpoints
LONGEST = 0.25  # seconds of training before a kill
CONFIG = presets.load("ring8").with_values(
    {
        "max_steps": 10**8,
        "data.count": 256,
        "batch_size": 16,
        "generator.hidden": (16,),
        "discriminator.hidden": (16,),
        "record.save_every": INTERVAL,
        "record.frame_every": 50,
        "record.evaluate_every": 0,
    }
)


class Shared:
    """Two numbers in memory shared with the child process: its first step and its current step."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def write(self, first: int, current: int) -> None:
        self._memory[:] = struct.pack("<qq", first, current)

    def read(self) -> tuple[int, int]:
        first, current = struct.unpack("<qq", self._memory[:])
        return first, current


def train(store: RunStore, run: Run | None, shared: Shared) -> None:
    """Train until killed."""
    step = Trainer.step

    def counted(trainer: Trainer, which: Which = "both") -> StepRecord:
        first, _ = shared.read()
        shared.write(trainer.steps if first < 0 else first, trainer.steps)
        record = step(trainer, which)
        shared.write(shared.read()[0], trainer.steps)
        return record

    Trainer.step = counted  # type: ignore[assignment, method-assign]
    session = Session(CONFIG, store, threads=1, run=run)
    session.start()
    session.wait()


def kill_once(store: RunStore, run: Run | None, shared: Shared, rng: torch.Generator) -> None:
    """Start a process that trains, and kill it."""
    shared.write(-1, -1)
    child = os.fork()  # a fork does not load torch again
    if child == 0:
        train(store, run, shared)
        os._exit(1)
    deadline = time.monotonic() + 60
    while shared.read()[1] < 0 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(LONGEST * torch.rand((), generator=rng).item())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


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
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, shared = stream(arguments.seed, "kills"), Shared()
    Trainer(CONFIG, "cpu").step()  # load all modules before the first fork
    gc.collect()
    gc.freeze()  # a full collection in the child takes as long as the time before the kill
    with tempfile.TemporaryDirectory() as folder:
        store, run, expected, failures, while_saving, most = RunStore(Path(folder) / "runs"), None, 0, 0, 0, 0
        for number in range(1, arguments.kills + 1):
            kill_once(store, run, shared, rng)
            first, killed_at = shared.read()
            (found,) = store.root.iterdir()
            run = store.open(found.name)
            unfinished = list(run.path.glob(".unfinished-*"))
            while_saving += bool(unfinished)
            try:
                resumed_from = run.last_complete()
            except RunError:
                resumed_from = 0  # killed before the first checkpoint
            lost = killed_at - resumed_from
            most = max(most, lost)
            good = first == expected and 0 <= lost <= INTERVAL
            failures += not good
            print(
                f"{number:3}: first step {first}, killed at {killed_at}"
                f"{' while saving' if unfinished else ''}, resumes from {resumed_from}: {'ok' if good else 'FAILED'}"
            )
            expected = resumed_from
            run = run if resumed_from else None
            if run is None:
                store = RunStore(Path(folder) / f"runs-{number}")
        same = run is not None and is_undisturbed(run, expected, Path(folder) / "uninterrupted")
    print(
        f"{arguments.kills - failures} of {arguments.kills} resumed, {while_saving} were killed while saving; at most "
        f"{most} steps were lost, an interval is {INTERVAL}; weights of an uninterrupted run: {'yes' if same else 'NO'}"
    )
    return 0 if same and not failures else 1


if __name__ == "__main__":
    raise SystemExit(main())
