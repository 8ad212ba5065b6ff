"""Whatever the files of one run hold, the library lists the other runs, names the damaged one and can delete it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gan_core.runs import RunError, RunStore, pack, unpack
from tests.conftest import ROOT
from tests.support.saved_run import saved_run
from tests.support.small import POINTS

RECORDS = ("config.json", "about.json", "best.json", "directions.json", "events.jsonl", "glances.jsonl", "evals.csv")
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files or needs a privilege for them")


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _broken_link(path: Path) -> None:
    path.symlink_to(path.parent / "gone")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_folder, *(pytest.param(make, marks=posix) for make in (_loop, _broken_link, _pipe))])
@pytest.mark.parametrize("name", [*RECORDS, "metrics.csv", "samples"])
def test_a_run_with_another_thing_in_place_of_a_file_is_named_as_damaged(
    store: RunStore, name: str, make: Callable[[Path], None]
) -> None:
    if (name, make) == ("samples", _folder):
        make = Path.touch  # a file in place of a folder
    other, (run, _) = store.create(POINTS), saved_run(store)
    place = run.path / name
    shutil.rmtree(place, ignore_errors=True)
    place.unlink(missing_ok=True)
    make(place)
    summaries, damaged = store.scan()
    assert [summary.id for summary in summaries] == [other.id]
    assert name in damaged[run.id]
    store.trash(run.id)
    assert store.scan()[1] == {}
    assert list(store.scan(".trash")[1]) == [run.id]
    store.restore(run.id)
    assert list(store.scan()[1]) == [run.id]


@posix
def test_a_record_without_end_is_not_read(store: RunStore) -> None:
    run, _ = saved_run(store)
    (run.path / "events.jsonl").unlink()
    _endless(run.path / "events.jsonl")
    assert "events.jsonl: it is not a plain file" in store.scan()[1][run.id]


@pytest.mark.parametrize("value", ["1e400", "NaN", "-1", "9" * 400, "9" * 5000, "true", '"7"', "[]", "null", "1.5"])
def test_a_step_that_is_not_a_whole_number_is_left_out(store: RunStore, value: str) -> None:
    run, _ = saved_run(store)
    (run.path / "best.json").write_text(f'{{"step": {value}, "metric": "js", "value": 1}}')
    with (run.path / "events.jsonl").open("a") as file:
        file.write(f'{{"kind": "saved", "step": {value}}}\n')
    with (run.path / "glances.jsonl").open("a") as file:
        file.write(f'{{"step": {value}, "spread": 1, "nearest": 1}}\n')
    (summary,) = store.list()
    assert (summary.step, summary.best, run.sample_stats()) == (2, None, [])
    twin = unpack(pack(run), RunStore(store.root / "twins"))  # the values are left out of the zip too
    assert twin.events()[:-1] == run.events()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.jsonl", '{"kind": "saved", "step": 1, "health": [[]]}'),
        ("events.jsonl", '{"kind": "named", "step": 1, "id": {}}'),
        ("events.jsonl", '{"kind": "forked", "step": 1, "text": "fork", "parent": []}'),
        ("events.jsonl", '{"kind": "started", "step": 1, "device": 3}'),
        ("events.jsonl", '{"kind": "stopped", "step": 1, "text": "\\ud800"}'),
        ("about.json", '{"name": "\\ud800", "notes": "\\udfff"}'),
        ("about.json", "[" * 50_000),
        ("glances.jsonl", '{"step": 1, "spread": 1e400, "nearest": 1}'),
        ("evals.csv", "step,epoch,seconds,images,js\n" + "9" * 400 + ",1,1,1,1"),
        ("evals.csv", "step,epoch,seconds,images\n1,inf,1,1"),
        ("evals.csv", '"' + "x" * 200_000),
        ("library.json", '{"limit": 1e400}'),
        ("library.json", '{"limit": ' + "9" * 400 + "}"),
    ],
)
def test_a_value_that_no_program_wrote_hides_no_run(store: RunStore, name: str, content: str) -> None:
    other, (run, _) = store.create(POINTS), saved_run(store)
    ((store.root if name == "library.json" else run.path) / name).write_text(content + "\n")
    assert {summary.id for summary in store.list()} == {other.id, run.id}
    assert (run.sample_stats(), run.evaluations()) == ([], [])
    assert store.limit == 20_000_000_000


def test_a_folder_with_a_name_that_is_no_id_is_named_and_can_be_deleted(store: RunStore) -> None:
    run, _ = saved_run(store)
    for name in ("my run", "Lauf für Ümläute"):
        run.path.rename(store.root / name)
        (store.root / "some other folder").mkdir(exist_ok=True)
        with pytest.raises(RunError, match="letters from A to Z, digits"):
            store.open(name)
        assert list(store.scan()[1]) == [name]
        store.trash(name)
        store.restore(name)
        (store.root / name).rename(run.path)


@pytest.fixture
def library() -> Iterator[RunStore]:
    """A library that other users may list, unlike the temporary folders of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield RunStore(folder)


_AS_NOBODY = """
import os, sys
from gan_core import RunStore
from gan_core.runs import RunError
os.setuid(65534)
store, other = RunStore(sys.argv[1]), sys.argv[2]
summaries, damaged = store.scan()
assert [summary.id for summary in summaries if summary.id != "read-only"] == [other], summaries
print(*(f"{name}: {reason}" for name, reason in sorted(damaged.items())), sep="\\n")
for action in (lambda: store.trash("read-only"), lambda: store.create(store.open(other).config)):
    try:
        action()
    except RunError as error:
        print(error)
try:
    store.open("read-only").lock()
except OSError as error:
    print(error.strerror)
assert not store.open("read-only").in_use
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user")
def test_runs_that_another_user_may_not_read_or_write_are_named(library: RunStore) -> None:
    """Permissions do not bind root, so a child process takes another user id."""
    other, (secret, _), (shut, _), (fixed, _) = library.create(POINTS), *(saved_run(library) for _ in range(3))
    (secret.path / "events.jsonl").chmod(0o000)
    shut.path.chmod(0o000)
    (fixed.path / ".in-use").touch(0o444)
    fixed.path.rename(library.root / "read-only")
    command = [sys.executable, "-c", _AS_NOBODY, str(library.root), other.id]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    *named, no_trash, no_room, lock = result.stdout.splitlines()
    assert named == sorted(
        [
            f"{secret.id}: The run {secret.id} cannot be read: events.jsonl: Permission denied",
            f"{shut.id}: The run {shut.id} cannot be read: config.json: Permission denied",
        ]
    )
    assert no_trash.startswith("Cannot move the run read-only to the trash: ")
    assert "read-only" in no_trash
    assert "Make it writable" in no_room
    assert lock == "Permission denied"
