"""A run that is exported and imported again is the same run."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core.runs import RunError, RunStore, checkpoint, direction_names, pack, shipped, unpack
from tests.support.saved_run import Files, changed, saved_run, with_tensors, zipped
from tests.support.small import VARIANTS


@pytest.mark.parametrize("name", ["points", "momentum and decay", "conditional digits", "local pairs"])
def test_an_imported_run_continues_bit_for_bit(name: str, tmp_path: Path) -> None:
    run, trainer = saved_run(RunStore(tmp_path / "a"), VARIANTS[name])
    twin = unpack(io.BytesIO(pack(run).read()), RunStore(tmp_path / "b"))
    resumed = twin.trainer("cpu")
    for _ in range(3):
        assert resumed.step().values.tolist() == trainer.step().values.tolist()
    assert twin.id == run.id
    assert (twin.metadata(), twin.metrics().tolist(), twin.frames()) == (
        run.metadata(),
        run.metrics().tolist(),
        run.frames(),
    )
    assert np.array_equal(getattr(twin.frame(2), "fakes", twin.frame(2)), getattr(run.frame(2), "fakes", run.frame(2)))


def test_an_imported_run_keeps_every_record(tmp_path: Path, store: RunStore) -> None:
    run, _ = saved_run(RunStore(tmp_path / "a"))
    direction_names.set_name(run.path, "pca", torch.eye(2)[0], "slant")
    for name in ("evals.csv", "glances.jsonl"):
        (run.path / name).write_text("")
    twin = unpack(pack(run), store)
    assert direction_names.names_of([twin.path], "pca", torch.eye(2)) == ["slant", ""]
    assert {file.name for file in run.path.iterdir()} == {file.name for file in twin.path.iterdir()}


def test_an_old_checkpoint_opens_and_is_exported_without_its_pickle(tmp_path: Path, store: RunStore) -> None:
    run, trainer = saved_run(RunStore(tmp_path / "a"))
    folder = run.checkpoint_folder(2)
    torch.save(checkpoint.read_state(folder), folder / "state.pt")
    (folder / "state.json").unlink()
    (folder / "state.safetensors").unlink()
    assert checkpoint.is_complete(folder)
    expected = trainer.step().values.tolist()
    assert run.trainer("cpu").step().values.tolist() == expected
    packed = pack(run)
    names = {name.partition("/")[2] for name in zipfile.ZipFile(packed).namelist()}
    assert {f"{folder.name}/state.json", f"{folder.name}/state.safetensors", "about.json"} < names
    assert not [name for name in names if name.endswith((".pt", ".pkl"))]
    twin = unpack(packed, store)
    assert twin.trainer("cpu").step().values.tolist() == expected


def test_only_the_runs_own_files_are_exported(store: RunStore) -> None:
    run, _ = saved_run(store)
    (run.path / "diary.txt").write_text("private")
    (run.path / ".in-use").write_text("")
    assert not [name for name in zipfile.ZipFile(pack(run)).namelist() if "diary" in name or "in-use" in name]


def test_an_import_under_a_taken_id_gets_another_id(store: RunStore, whole: Files) -> None:
    first, second = unpack(zipped(whole), store), unpack(zipped(whole), store)
    assert first.id != second.id
    assert {summary.name for summary in store.list()} == {"to send"}
    store.trash(first.id)
    assert unpack(zipped(whole), store).id != first.id  # so that the first can be restored


def test_an_import_under_the_id_of_a_shipped_run_gets_another_id(store: RunStore, whole: Files) -> None:
    renamed = {f"digits/{name.partition('/')[2]}": content for name, content in whole.items()}
    assert unpack(zipped(renamed), store).id != "digits"


def test_a_run_from_another_kind_of_device_restarts_its_random_streams(store: RunStore, whole: Files) -> None:
    cuda_state = with_tensors(lambda tensors: tensors.update({"random.noise_d": torch.zeros(16, dtype=torch.uint8)}))
    run = unpack(zipped(changed(whole, "state.safetensors", cuda_state)), store)
    assert run.trainer("cpu").step().values.isfinite().all()


def test_a_shipped_run_cannot_be_exported() -> None:
    with pytest.raises(RunError, match="holds only weights"):
        pack(shipped.SHIPPED.open("digits"))


def test_a_full_library_refuses_an_import(store: RunStore, whole: Files) -> None:
    store.limit = 1000
    with pytest.raises(RunError, match="raise the limit"):
        unpack(zipped(whole), store)
    assert store.list() == []


def test_lines_that_a_crash_has_cut_are_skipped_at_import(store: RunStore, whole: Files) -> None:
    top = next(iter(whole)).split("/")[0]
    events = b'{"kind": "chan\n{"kind": "forked", "step": 1, "text": "<b>x", "parent": "7"}\nrubbish\n'
    damaged = {
        f"{top}/events.jsonl": events,
        f"{top}/glances.jsonl": b'{"step": 1, "spread": 0.',
        f"{top}/evals.csv": b"step,js\nx,y\n",
        f"{top}/about.json": json.dumps({"name": "<script>alert(1)</script>", "tags": "x"}).encode(),
        f"{top}/metrics.csv": b"step\nnonsense,\x00\n",
    }
    run = unpack(zipped(whole | damaged), store)
    (summary,) = store.list()
    assert (summary.name, summary.tags, summary.parent) == ("<script>alert(1)</script>", (), "7")
    assert (run.sample_stats(), run.evaluations(), run.best(), run.metrics().tolist()) == ([], [], None, [])
