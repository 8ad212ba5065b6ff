"""A process of its own that goes on with runs: reads "folder steps" lines, answers each with what came of it."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from safetensors.numpy import load_file

from gan_core.runs import Run
from gan_core.session import Session
from gan_core.training.history import COLUMNS


def went_on(folder: Path, steps: int) -> dict[str, object]:
    """Train a run so many steps further; what it came to."""
    run = Run(folder)
    session = Session(run.config, device="cpu", run=run, threads=1, max_steps=steps)
    session.start()
    session.wait()
    return outcome(Run(folder)) | {"error": session.snapshot().error}


def outcome(run: Run) -> dict[str, object]:
    """A run's last checkpoint, file by file, and its history without the clock; as JSON keeps it to the bit."""
    step = run.checkpoints()[-1]
    digest = hashlib.sha256()
    for file in sorted((run.path / f"step-{step:07d}").iterdir()):
        if file.suffix == ".safetensors":
            for name, array in sorted(load_file(file).items()):
                digest.update(f"{file.name} {name} {array.shape}".encode() + array.tobytes())
        else:
            digest.update(file.read_bytes())
    clock = COLUMNS.index("seconds")
    rows = [[*row[:clock], *row[clock + 1 :]] for row in run.metrics()]
    return {"step": step, "state": digest.hexdigest(), "history": json.loads(json.dumps(rows))}


if __name__ == "__main__":
    for line in sys.stdin:
        path, count = line.rsplit(maxsplit=1)
        print(json.dumps(went_on(Path(path), int(count))), flush=True)
