"""The files of a run up to one step: copied into a fork, or kept alone when training resumes after a crash."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict

from gan_core.runs import direction_names, frames
from gan_core.runs.run import CURVE_EVENTS, Run
from gan_core.system.files import replace_text
from gan_core.training.history import rewind_csv


def copy_until(parent: Run, child: Run, step: int) -> None:
    """Copy to a new run the checkpoint of `step` and the records, pictures and setting changes up to it.

    Raises `OSError` if the disk refuses.
    """
    shutil.copytree(parent.checkpoint_folder(step), child.checkpoint_folder(step))
    for name in ("metrics.csv", "evals.csv", "glances.jsonl", direction_names.FILE):
        if (parent.path / name).exists():
            shutil.copy2(parent.path / name, child.path)
    if parent.frames_folder.is_dir():
        shutil.copytree(parent.frames_folder, child.frames_folder)
    for event in parent.events():
        if event["kind"] in CURVE_EVENTS and event["step"] <= step:
            child.log(**event)
    rewind(child, step)


def rewind(run: Run, step: int) -> None:
    """Delete all records, pictures and checkpoints of later steps; the events stay. Raises `OSError` as above."""
    rewind_csv(run.path / "metrics.csv", step)
    evaluations = run.evaluations()
    if evaluations and evaluations[-1].step > step:
        run.write_evaluations([row for row in evaluations if row.step <= step])
    best = run.best()
    if best is not None and best.step > step:
        (run.path / "best.json").unlink()
    for later in (kept for kept in run.checkpoints() if kept > step):
        shutil.rmtree(run.checkpoint_folder(later), ignore_errors=True)
    if (run.path / "glances.jsonl").exists():
        kept = [json.dumps(asdict(stats)) + "\n" for stats in run.sample_stats() if stats.step <= step]
        replace_text(run.path / "glances.jsonl", "".join(kept))
    frames.delete_after(run.frames_folder, step)
