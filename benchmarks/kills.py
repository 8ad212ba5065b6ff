"""Kills a training process again and again (SIGKILL, at random moments) and goes on with what it left behind.

    python -m benchmarks.kills --kills 50

Each life trains the same run on, saving every few steps, so that about half of the kills fall into the writing of a
checkpoint. After each death the run must go on from a whole checkpoint no more than one interval back; at the end its
weights must be those of a run that was never disturbed. Ends with status 1 if that does not hold.
"""

from __future__ import annotations

import argparse
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
    """Two numbers that outlive the process which wrote them: the step it began at, and the step it has reached."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def write(self, began: int, reached: int) -> None:
        self._memory[:] = struct.pack("<qq", began, reached)

    def read(self) -> tuple[int, int]:
        began, reached = struct.unpack("<qq", self._memory[:])
        return began, reached


def live(store: RunStore, run: Run | None, shared: Shared) -> None:
    """Train until killed."""
    step = Trainer.step

    def counted(trainer: Trainer, which: Which = "both") -> StepRecord:
        began, _ = shared.read()
        shared.write(trainer.steps if began < 0 else began, trainer.steps)
        record = step(trainer, which)
        shared.write(shared.read()[0], trainer.steps)
        return record

    Trainer.step = counted  # type: ignore[assignment, method-assign]
    session = Session(CONFIG, store, threads=1, run=run)
    session.start()
    session.wait()


def kill_once(store: RunStore, run: Run | None, shared: Shared, chance: torch.Generator) -> None:
    """One life and its end."""
    shared.write(-1, -1)
    child = os.fork()  # as good as a new process, and torch need not be loaded again
    if child == 0:
        live(store, run, shared)
        os._exit(1)
    deadline = time.monotonic() + 60
    while shared.read()[1] < 0 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(LONGEST * torch.rand((), generator=chance).item())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def is_undisturbed(run: Run, step: int, folder: Path) -> bool:
    """Whether the weights of this step are those of a run that was trained to it in one go."""
    session = Session(CONFIG, RunStore(folder), threads=1, max_steps=step)
    session.start()
    session.wait()
    twin = RunStore(folder).open(session.snapshot().run_id)
    names = ("generator.safetensors", "discriminator.safetensors", "state.safetensors")
    weights = [[(each.path / f"step-{step:07d}" / name).read_bytes() for name in names] for each in (run, twin)]
    return weights[0] == weights[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance, shared = stream(arguments.seed, "kills"), Shared()
    Trainer(CONFIG, "cpu").step()  # loads what training needs before the first fork
    with tempfile.TemporaryDirectory() as folder:
        store, run, expected, failures, while_saving, most = RunStore(Path(folder) / "runs"), None, 0, 0, 0, 0
        for number in range(1, arguments.kills + 1):
            kill_once(store, run, shared, chance)
            began, reached = shared.read()
            (found,) = store.root.iterdir()
            run = store.open(found.name)
            unfinished = list(run.path.glob(".unfinished-*"))
            while_saving += bool(unfinished)
            try:
                left = run.last_whole()
            except RunError:
                left = 0  # killed before the first checkpoint was due
            lost = reached - left
            most = max(most, lost)
            good = began == expected and 0 <= lost <= INTERVAL
            failures += not good
            print(
                f"{number:3}: began at step {began}, killed at {reached}"
                f"{' while saving' if unfinished else ''}, goes on from {left}: {'ok' if good else 'FAILED'}"
            )
            expected = left
            run = run if left else None
            if run is None:
                store = RunStore(Path(folder) / f"runs-{number}")
        same = run is not None and is_undisturbed(run, expected, Path(folder) / "twin")
    print(
        f"{arguments.kills - failures} of {arguments.kills} went on, {while_saving} were killed while saving; at most "
        f"{most} steps were lost, {INTERVAL} are one interval; weights as never disturbed: {'yes' if same else 'NO'}"
    )
    return 0 if same and not failures else 1


if __name__ == "__main__":
    raise SystemExit(main())
