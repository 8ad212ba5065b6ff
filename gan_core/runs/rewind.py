"""The files of a run up to one step: copied into a fork, or kept alone when training resumes after a crash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from gan_core.config import TrainConfig
from gan_core.metrics import evaluations
from gan_core.runs import direction_names, frames, origin
from gan_core.runs.records import CURVE_EVENTS, EVENT, SAMPLE_STATS
from gan_core.runs.run import Run
from gan_core.system import formatting
from gan_core.system.files import json_lines, replace_bytes
from gan_core.training import history, schedules


def copy_until(parent: Run, child: Run, step: int) -> None:
    """Copy to a new run the checkpoint of `step` and the records, pictures and setting changes up to it.

    Raises `OSError` if the disk refuses.
    """
    shutil.copytree(parent.checkpoint_folder(step), child.checkpoint_folder(step))
    origin.rewrite_config(child.checkpoint_folder(step), child.config)
    for name in ("metrics.csv", "evals.csv", "glances.jsonl", direction_names.FILE):
        if (parent.path / name).exists():
            shutil.copy2(parent.path / name, child.path)
    if parent.frames_folder.is_dir():
        shutil.copytree(parent.frames_folder, child.frames_folder)
    for event in parent.events():
        if event["kind"] in CURVE_EVENTS and event["step"] <= step:
            child.log(**event)
    rewind(child, step)


def resume(run: Run, config: TrainConfig, step: int) -> tuple[str, ...]:
    """Go on from the checkpoint of `step` under `config`, which may differ from it where a run may change.

    Returns sentences for the user: the settings that were changed in config.json by hand, and what `rewind` returns.

    Raises `OSError` if the disk refuses.
    """
    logged = (event["text"] for event in run.events() if event["kind"] in CURVE_EVENTS and event["step"] >= step)
    notes: tuple[str, ...] = ()
    before = run.origin(step)
    if before.config is not None and (changes := before.edits(config, logged)):
        if jump := schedules.jump(before.config, config, step, before.examples):
            changes = f"{changes}, {jump}"
        run.log("changed", step, text=changes)
        notes = (f"Changed since the checkpoint of step {step:,}: {changes}",)
    if config != run.config:
        run.write_config(config)
    return notes + rewind(run, step)


def rewind(run: Run, step: int) -> tuple[str, ...]:
    """Delete all records and pictures of later steps; the events stay.

    Damaged lines are taken out of the records, and checkpoints of later steps, which cannot be read, out of the run.
    Returns a sentence for each such file and checkpoint, with the name under which it is kept as it was.

    Raises `OSError` if the disk refuses.
    """
    best = run.best()
    if best is not None and best.step > step:
        (run.path / "best.json").unlink()
    notes = [note for records in _RECORDS if (note := _rewind_records(records, run.path, step))]
    for later in (kept for kept in run.checkpoints() if kept > step):
        folder = run.checkpoint_folder(later)
        os.replace(folder, copy := _unused_name(folder))
        notes.append(f"The checkpoint of step {later:,} cannot be read; it is kept as {copy.name}")
    for note in notes:
        run.log("repaired", step, text=note)
    frames.delete_after(run.frames_folder, step)
    return tuple(notes)


@dataclass(frozen=True)
class _Records:
    """A file of records, one a line.

    Attributes:
        step_of: the step of a line, given the first line of the file; None if it is damaged.
        table: whether the first line names the columns. A cut last line of a table may have lost digits.
        header: the first line of every such table; b"" if it varies.
        keeps_all: whether lines of later steps stay.
    """

    name: str
    step_of: Callable[[bytes, bytes], int | None]
    table: bool = False
    header: bytes = b""
    keeps_all: bool = False


def _step_of_evaluation(header: bytes, line: bytes) -> int | None:
    table = b"\n".join((header, line)).decode(errors="replace")
    return next((row.step for row in evaluations.from_csv(table)), None)


def _step_of_stats(_: bytes, line: bytes) -> int | None:
    return next((stats.step for stats in json_lines(line, SAMPLE_STATS)), None)


def _step_of_event(_: bytes, line: bytes) -> int | None:
    return next((event["step"] for event in json_lines(line, EVENT)), None)


_RECORDS = (
    _Records("metrics.csv", lambda _, line: history.step_of_row(line), table=True, header=history.HEADER),
    _Records("evals.csv", _step_of_evaluation, table=True),
    _Records("glances.jsonl", _step_of_stats),
    _Records("events.jsonl", _step_of_event, keeps_all=True),
)


def _rewind_records(records: _Records, folder: Path, step: int) -> str:
    """Keep the valid lines up to `step`. Returns a sentence about damaged lines, or ""."""
    path = folder / records.name
    if not path.exists():
        return ""
    if not (before := path.read_bytes()):
        may_be_empty = not (records.table or records.keeps_all)  # there were no statistics up to an earlier step
        return "" if may_be_empty else f"{records.name} was empty, so its records up to step {step:,} are lost"
    lines = before.split(b"\n")
    head = lines[:1] if records.table else []
    if records.header and head[0].rstrip() != records.header:
        head, lines = [records.header], [records.header, *lines]  # the first line is a row, or damaged
    rows = lines[len(head) : -1]
    steps = [records.step_of(lines[0], row) for row in rows]
    if cut := lines[-1]:
        whole = None if records.table else records.step_of(b"", cut)
        # A kill may cut the row of a step after the checkpoint, which is not needed.
        if whole is not None or not (records.header and any(at is not None and at >= step for at in steps)):
            rows, steps = [*rows, cut], [*steps, whole]
    kept = [row for row, at in zip(rows, steps, strict=True) if at is not None and (records.keeps_all or at <= step)]
    after = b"".join(row + b"\n" for row in (*head, *kept))
    if after == before:
        return ""
    last = max((i for i, at in enumerate(steps) if at is not None and at <= step), default=-1)
    damaged, note = sum(at is None or (at > step and i < last) for i, at in enumerate(steps)), ""
    if damaged:
        shutil.copy2(path, copy := _unused_name(path))
        skipped = formatting.count(damaged, "damaged lines")
        note = f"{records.name}: skipped {skipped}, kept {len(kept):,}. The file as it was is {copy.name}"
    replace_bytes(path, after)
    return note


def _unused_name(path: Path) -> Path:
    """A free name for the damaged file or folder: metrics.damaged-1.csv."""
    names = (path.with_name(f"{path.stem}.damaged-{n}{path.suffix}") for n in count(1))
    return next(name for name in names if not name.exists())
