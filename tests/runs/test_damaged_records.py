"""A damaged line costs a run only that line. A resume says so, and keeps the file as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.runs import Run, RunStore
from gan_core.runs.rewind import rewind
from gan_core.session.snapshot import Snapshot
from gan_core.training.history import COLUMNS
from tests.session.test_session import finished
from tests.support.small import POINTS

STEPS = 41
CONFIG = POINTS.with_values({"record.judge_every": 20})
Damage = Callable[[list[bytes]], object]  # of the lines of a file, in place


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a stopped run with 41 rows of values and 3 evaluations."""
    store = RunStore(tmp_path_factory.mktemp("runs"))
    return store.open(finished(CONFIG, store=store, max_steps=STEPS).run_id).path


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Run:
    """A copy of it."""
    return Run(Path(shutil.copytree(stopped, tmp_path / "run")))


def resumed(run: Run) -> Snapshot:
    return finished(run.config, run=run, max_steps=1)


def damaged(run: Run, name: str, damage: Damage) -> bytes:
    """Damage the lines of a file; the new content."""
    lines = (run.path / name).read_bytes().splitlines(keepends=True)
    damage(lines)
    (run.path / name).write_bytes(b"".join(lines))
    return b"".join(lines)


def replaced(line: bytes) -> Damage:
    def change(lines: list[bytes]) -> None:
        lines[6] = line

    return change


ROWS = {
    "a NUL": replaced(b"\0" * 40 + b"\n"),
    "one column more": lambda lines: replaced(lines[6].rstrip() + b",1\n")(lines),
    "one column less": lambda lines: replaced(lines[6].rpartition(b",")[0] + b"\n")(lines),
    "a blank line": replaced(b"\n"),
    "bad UTF-8": replaced(b"\xff\xfe\n"),
    "no number": lambda lines: replaced(lines[6].replace(b",", b",x", 1))(lines),
    "an infinite time": lambda lines: replaced(b"6,0.1,inf," + lines[6].split(b",", 3)[3])(lines),
    "a step of 400 digits": lambda lines: replaced(b"9" * 400 + lines[6][1:])(lines),
    "a step far ahead": lambda lines: replaced(b"999999999" + lines[6][1:])(lines),
}


@pytest.mark.parametrize("damage", ROWS.values(), ids=ROWS)
def test_a_bad_row_costs_only_itself_and_is_named(run: Run, damage: Damage) -> None:
    before = damaged(run, "metrics.csv", damage)
    note = "metrics.csv: skipped 1 damaged line, kept 40. The file as it was is metrics.damaged-1.csv"
    assert rewind(run, STEPS) == (note,)
    assert [row[0] for row in run.metrics()] == [*range(1, 6), *range(7, STEPS + 1)]
    assert [event["text"] for event in run.events() if event["kind"] == "repaired"] == [note]
    assert (run.path / "metrics.damaged-1.csv").read_bytes() == before


def test_a_resume_says_what_it_skipped(run: Run) -> None:
    damaged(run, "metrics.csv", replaced(b"\0\n"))
    now = resumed(run)
    assert (now.step, now.error) == (STEPS + 1, "")
    assert now.notes[0].startswith("metrics.csv: skipped 1 damaged line, kept 40")
    assert [row[0] for row in run.metrics()] == [*range(1, 6), *range(7, STEPS + 2)]


def test_a_second_repair_keeps_the_first_copy(run: Run) -> None:
    for _ in range(2):
        damaged(run, "metrics.csv", replaced(b"\n"))
        rewind(run, STEPS)
    assert {file.name for file in run.path.glob("metrics.*")} == {
        "metrics.csv", "metrics.damaged-1.csv", "metrics.damaged-2.csv"
    }  # fmt: skip


@pytest.mark.parametrize("header", [b"", b"step,epo\0\n"], ids=["no header", "a damaged header"])
def test_a_table_without_its_header_keeps_its_rows(run: Run, header: bytes) -> None:
    damaged(run, "metrics.csv", lambda lines: lines.__setitem__(0, header))
    rewind(run, STEPS)
    assert [row[0] for row in run.metrics()] == list(range(1, STEPS + 1))


def test_an_emptied_table_is_named_and_filled_again(run: Run) -> None:
    (run.path / "metrics.csv").write_bytes(b"")
    now = resumed(run)
    assert "metrics.csv was empty, so its records up to step 41 are lost" in now.notes
    assert [row[0] for row in run.metrics()] == [STEPS + 1]


def test_a_cut_last_row_is_named_if_its_step_is_needed(run: Run) -> None:
    damaged(run, "metrics.csv", lambda lines: lines.__setitem__(-1, lines[-1][:-9]))
    assert "skipped 1 damaged line, kept 40" in rewind(run, STEPS)[0]
    run.append_metrics([[STEPS] * len(COLUMNS)])
    with (run.path / "metrics.csv").open("ab") as file:
        file.write(b"42,0.1")  # as a kill leaves it, after the last checkpoint
    assert rewind(run, STEPS) == ()


def test_bad_evaluations_and_statistics_cost_only_themselves(run: Run) -> None:
    for name, line in (("evals.csv", 2), ("glances.jsonl", 1)):
        before = damaged(run, name, lambda lines, line=line: lines.__setitem__(line, b"\0\n"))  # type: ignore[misc]
        assert len(before.splitlines()) >= 3
    statistics = len(run.sample_stats())
    notes = rewind(run, STEPS)
    assert [note.partition(":")[0] for note in notes] == ["evals.csv", "glances.jsonl"]
    assert [row.step for row in run.evaluations()] == [20, 41]
    assert len(run.sample_stats()) == statistics


def test_a_checkpoint_that_cannot_be_read_is_kept_and_named(run: Run) -> None:
    damaged_state = run.checkpoint_folder(STEPS) / "state.json"
    damaged_state.write_bytes(b"{")
    now = resumed(run)
    assert "The checkpoint of step 41 cannot be read; it is kept as step-0000041.damaged-1" in now.notes
    assert (run.path / "step-0000041.damaged-1" / "state.json").read_bytes() == b"{"
    assert run.checkpoints() == [20, 40, now.step] or run.checkpoints() == [40, now.step]
    assert [row[0] for row in run.metrics()] == list(range(1, now.step + 1))


def test_an_event_after_a_cut_line_stays_readable(run: Run) -> None:
    events = run.events()
    (run.path / "events.jsonl").write_bytes((run.path / "events.jsonl").read_bytes()[:-7])
    run.log("changed", 41, text="a \u2028 b")
    assert run.events()[:-1] == events[:-1]
    assert run.events()[-1]["text"] == "a \u2028 b"
    (note,) = rewind(run, STEPS)
    assert note.startswith("events.jsonl: skipped 1 damaged line")
    assert all(json.loads(line) for line in (run.path / "events.jsonl").read_text().split("\n") if line)
    assert rewind(run, STEPS) == ()
