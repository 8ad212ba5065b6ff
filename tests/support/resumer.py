"""A process that resumes runs: it reads lines "folder steps" and answers each with the run's outcome as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from gan_core.runs import Run
from gan_core.session import Session
from gan_core.training.history import COLUMNS


def resume(folder: Path, steps: int) -> dict[str, object]:
    """The outcome of a run after this number of further steps."""
    run = Run(folder)
    session = Session(run.config, device="cpu", run=run, threads=1, max_steps=steps)
    session.start()
    session.wait()
    return outcome(Run(folder)) | {"error": session.snapshot().error}


def outcome(run: Run) -> dict[str, object]:
    """A digest of a run's last checkpoint, and the run's history without the column of seconds."""
    step = run.checkpoints()[-1]
    digest = hashlib.sha256()
    for file in sorted((run.path / f"step-{step:07d}").iterdir()):
        if file.suffix == ".safetensors":
            for name, array in sorted(load_file(file).items()):
                digest.update(f"{file.name} {name} {array.shape}".encode() + array.tobytes())
        else:
            digest.update(file.read_bytes())
    clock = COLUMNS.index("seconds")
    rows = np.delete(run.metrics(), clock, axis=1).tolist()
    return {"step": step, "state": digest.hexdigest(), "history": json.loads(json.dumps(rows))}


if __name__ == "__main__":
    for line in sys.stdin:
        path, count = line.rsplit(maxsplit=1)
        print(json.dumps(resume(Path(path), int(count))), flush=True)
