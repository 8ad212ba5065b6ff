"""The names of runs, and an export within every limit of an import."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from gan_core.compare import StudyStore
from gan_core.runs import RunError, RunStore, archive, import_checks, pack, records, unpack
from gan_core.system import zip_safety
from tests.support.saved_run import Files, saved_run, zipped

RESERVED = ["comparisons", "Comparisons", "library.json", "LIBRARY.JSON", ".trash", ".incoming-1", "con", "NUL.txt"]
UNUSUAL = ["my run", "Lauf-für-Ümläute", "a" * 101, "-x", "run."]


def under(folder: str, whole: Files) -> io.BytesIO:
    return zipped({f"{folder}{name.partition('/')[2]}": content for name, content in whole.items()})


@pytest.mark.parametrize("folder", [*(f"{name}/" for name in (*RESERVED, *UNUSUAL)), ""])
def test_a_zip_whose_folder_has_no_proper_name_gets_an_id(store: RunStore, whole: Files, folder: str) -> None:
    run = unpack(under(folder, whole), store)
    assert run.id.startswith("20")
    assert run.id.count("-") >= 4
    assert [summary.id for summary in store.list()] == [run.id]


def test_a_deleted_run_takes_no_comparison_along(store: RunStore, whole: Files) -> None:
    run = unpack(under("comparisons/", whole), store)
    study = StudyStore(store.root).from_runs([run.id])
    store.trash(run.id)
    store.empty_trash()
    assert [found.id for found in StudyStore(store.root).list()] == [study.id]


@pytest.mark.parametrize("name", ["comparisons", "library.json", ".trash"])
def test_a_name_of_the_library_is_never_a_run(store: RunStore, name: str) -> None:
    run, _ = saved_run(store)
    run.path.rename(store.root / name)
    assert store.scan() == ([], {})
    for action in (store.open, store.trash, store.restore):
        with pytest.raises(RunError, match="There is no run"):
            action(name)


# ---- export ----------------------------------------------------------------------------------------------------------


def test_more_pictures_than_an_import_accepts_are_thinned_and_it_is_said(store: RunStore) -> None:
    run, _ = saved_run(store)
    picture = next(run.frames_folder.iterdir()).read_bytes()
    for step in range(3, 50_003):
        (run.frames_folder / f"step-{step:07d}.safetensors").write_bytes(picture)
    assert archive.left_out(run) == "The zip holds 25,001 of its 50,001 pictures, so that it can be imported."
    packed = pack(run)
    with zipfile.ZipFile(packed) as written:
        names = written.namelist()
    assert len(names) <= import_checks.MAX_FILES
    assert f"{run.id}/samples/step-0050002.safetensors" in names  # the last one stays
    with zipfile.ZipFile(packed) as written:
        assert import_checks.allowed_entries(written)


@pytest.mark.parametrize("name", ["metrics.csv", "evals.csv", "events.jsonl", "glances.jsonl"])
def test_a_longer_table_than_an_import_accepts_is_thinned(
    store: RunStore, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, _ = saved_run(store)
    run.append_metrics([[step] * 10 for step in range(3, 400)])
    for step in range(1, 400):
        run.log("saved", step)
    (run.path / "glances.jsonl").write_text(
        "".join(f'{{"step": {i}, "spread": 1, "nearest": 1}}\n' for i in range(400))
    )
    rows = "".join(f"{i},1,1,1\n" for i in range(1, 400))
    (run.path / "evals.csv").write_text(f"step,epoch,seconds,images\n{rows}")
    monkeypatch.setitem(records.MAX_BYTES, name, 3000)
    twin = unpack(pack(run), RunStore(tmp_path / "twin"))
    counts = {"metrics.csv": len(twin.metrics()), "evals.csv": len(twin.evaluations())}
    counts |= {"events.jsonl": len(twin.events()), "glances.jsonl": len(twin.sample_stats())}
    assert 10 < counts.pop(name) <= 200
    assert all(count >= 399 for count in counts.values())
    assert twin.metrics()[-1][0] == 399


def test_a_run_larger_than_an_import_accepts_keeps_its_last_checkpoint_and_fewer_pictures(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, _ = saved_run(store, save_at=(1, 2, 3))
    size = sum(file.stat().st_size for file in run.checkpoint_folder(3).iterdir())
    monkeypatch.setattr(archive, "_ROOM_FOR_RECORDS", 50_000)
    monkeypatch.setattr(import_checks, "MAX_BYTES", 50_000 + 2 * size)
    assert "2 of its 3 checkpoints" in archive.left_out(run)
    twin = unpack(pack(run), RunStore(tmp_path / "twin"))
    assert twin.checkpoints() == [2, 3]
    monkeypatch.setattr(import_checks, "MAX_BYTES", 1000)
    with pytest.raises(RunError, match="cannot be exported, because no import would accept the zip"):
        pack(run)


def test_a_zip_that_would_count_as_a_bomb_is_not_exported(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = saved_run(store)
    monkeypatch.setattr(zip_safety, "_HARMLESS", 10)
    monkeypatch.setattr(zip_safety, "_MAX_RATIO", 1)
    with pytest.raises(RunError, match="no import would accept the zip"):
        pack(run)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("best.json", b'{"step": 1e400, "metric": "js", "value": 1}', "best.json: step: "),
        ("best.json", b'{"step": 1, "metric": "js", "value": 1e400}', "best.json: value: inf"),
        ("best.json", b'{"step": 1, "metric": 3, "value": 1}', "best.json: metric: 3"),
        ("metrics.csv", b"step\n1,1,inf,1,1,1,1,1,1,1\n", "metrics.csv, line 2: 1,1,inf,1"),
        ("evals.csv", b"step,epoch,seconds,images\n1,1,1e400,1\n", "evals.csv, line 2: seconds: "),
        ("events.jsonl", b'\n{"kind": "finished", "step": 2000000000}\n', "events.jsonl, line 2: step: 2000000000"),
        ("events.jsonl", b'{"kind": "finished", "step": ' + b"9" * 400 + b"}\n", "events.jsonl, line 1: step: 99"),
        ("events.jsonl", b'{"kind": "changed", "step": 1}\n', 'line 1: the event "changed" has no text'),
        ("glances.jsonl", b'{"step": 1, "spread": [], "nearest": 1}\n', r"glances.jsonl, line 1: spread: \[\]"),
        ("about.json", b'{"notes": "\\ud800"}', "about.json: "),
        ("about.json", b"[" * 50_000, "about.json: "),
        ("directions.json", b'[{"name": "a", "kind": "pca", "vector": [1e400]}]', "directions.json: 0.vector.0: inf"),
    ],
)
def test_a_value_that_the_library_leaves_out_is_refused_at_import(
    store: RunStore, whole: Files, name: str, content: bytes, reason: str
) -> None:
    top = next(iter(whole)).split("/")[0]
    with pytest.raises(RunError, match=f"not imported: it holds a value that no run has: .*{reason}") as caught:
        unpack(zipped(whole | {f"{top}/{name}": content}), store)
    assert "\n" not in str(caught.value)
    assert list(store.root.iterdir()) == []
