"""The library of runs: summaries, the tree of forks, the trash and the size limit."""

from __future__ import annotations

import json
import time

import pytest

from gan_core.metrics.evaluations import Evaluation
from gan_core.metrics.registry import MetricValue, Provenance
from gan_core.runs import Metadata, Run, RunError, RunStore, family
from gan_core.runs import disk as disk_module
from tests.support.saved_run import saved_run
from tests.support.small import POINTS


@pytest.fixture
def run(store: RunStore) -> Run:
    run, _ = saved_run(store, name="first try")
    run.log("started", 0, device="cpu", threads=1)
    run.log("saved", 2, health=["mode-collapse"])
    return run


# ---- summaries -------------------------------------------------------------------------------------------------------


def test_a_summary_collects_the_fields_of_a_list(store: RunStore, run: Run) -> None:
    basis = Provenance(100, "200 real", "points")
    run.write_evaluations([Evaluation(2, 0.1, 1.0, 32, (MetricValue("js", 0.25, None, None, None, basis),))])
    summary = store.summary(run.id)
    assert (summary.name, summary.status, summary.device) == ("first try", "saved", "cpu")
    assert (summary.step, summary.seconds) == (2, 2.0)
    assert (summary.metric, summary.quality, summary.health) == ("js", 0.25, "Mode collapse")
    assert (summary.frame, summary.checkpoints, summary.parent) == (2, (2,), "")
    assert summary.bytes == sum(file.stat().st_size for file in run.path.rglob("*") if file.is_file())


def test_a_run_can_be_named_and_tagged(store: RunStore, run: Run) -> None:
    run.write_metadata(Metadata.of("  best\nof all ", ["ring", "ring", "", "slow  D"], "lr too high?"))
    summary = store.summary(run.id)
    assert (summary.name, summary.tags, summary.notes) == ("best of all", ("ring", "slow D"), "lr too high?")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 3, "tags": "x", "notes": []}', '{"tags": [1, null, {}]}'])
def test_damaged_metadata_is_empty(run: Run, text: str) -> None:
    (run.path / "about.json").write_text(text)
    assert run.metadata() == Metadata()


def test_invalid_events_are_skipped(store: RunStore, run: Run) -> None:
    before = run.events()
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"kind": "changed", "step": 1}\n{"kind": 5, "step": 2}\n{"kind": "saved", "step": "x"}\n[1]\nno\n')
    assert run.events() == before
    assert store.summary(run.id).step == 2


def test_only_changed_runs_are_read_again(store: RunStore, run: Run) -> None:
    (first,) = store.list()
    assert store.list()[0] is first
    run.write_metadata(Metadata.of("another"))
    assert store.list()[0].name == "another"
    run.log("stopped", 2)
    assert store.list()[0].status == "stopped"


def test_five_hundred_unchanged_runs_are_listed_in_half_a_second(store: RunStore, run: Run) -> None:
    for i in range(500):
        copy = store.root / f"copy-{i}"
        copy.mkdir()
        for name in ("config.json", "events.jsonl", "metrics.csv"):
            (copy / name).write_bytes((run.path / name).read_bytes())
    assert len(store.list()) == 501
    began = time.perf_counter()
    store.list()
    assert time.perf_counter() - began < 0.5


# ---- the tree of forks -----------------------------------------------------------------------------------------------


def test_forks_follow_their_parents_in_the_tree(store: RunStore, run: Run) -> None:
    child = store.fork(run.id, values={"optimizer_d.lr": 1e-5}, name="slow D")
    grandchild = store.fork(child.id)
    other = store.fork(run.id)
    store.create(POINTS)
    for id in (run.id, grandchild.id):
        tree = [(branch.run.id, branch.depth) for branch in family(id, store.list())]
        assert set(tree) == {(run.id, 0), (child.id, 1), (grandchild.id, 2), (other.id, 1)}
        assert tree.index((grandchild.id, 2)) == tree.index((child.id, 1)) + 1
    assert store.summary(child.id).name == "slow D"
    store.trash(run.id)
    assert [branch.run.id for branch in family(child.id, store.list())] == [child.id, grandchild.id]


def test_a_cycle_of_parents_ends(store: RunStore) -> None:
    one, two = store.create(POINTS), store.create(POINTS)
    one.log("forked", 1, parent=two.id, text="fork")
    two.log("forked", 1, parent=one.id, text="fork")
    assert {branch.run.id for branch in family(one.id, store.list())} == {one.id, two.id}
    assert family("gone", store.list()) == []


# ---- the trash -------------------------------------------------------------------------------------------------------


def test_a_run_in_the_trash_can_be_restored_until_the_trash_is_emptied(store: RunStore, run: Run) -> None:
    before = {file.relative_to(run.path): file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    store.trash(run.id)
    assert store.list() == []
    assert [summary.name for summary in store.trashed()] == ["first try"]
    store.restore(run.id)
    after = {file.relative_to(run.path): file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    assert after == before
    store.trash(run.id)
    store.empty_trash()
    assert store.trashed() == []
    with pytest.raises(RunError, match=r"There is no run .* in the trash"):
        store.restore(run.id)


def test_a_run_in_training_cannot_be_deleted_or_trained_twice(store: RunStore, run: Run) -> None:
    lock = run.lock()
    with pytest.raises(RunError, match="stop it first"):
        store.trash(run.id)
    with pytest.raises(RunError, match="trained already"):
        store.open(run.id).lock()
    lock.release()
    store.trash(run.id)


@pytest.mark.parametrize("run_id", ["", ".", "..", ".trash", "../outside", "a/b", "/etc", "no-such-run", "a" * 300])
def test_only_runs_can_be_deleted_and_restored(store: RunStore, run: Run, run_id: str) -> None:
    for action in (store.trash, store.restore, store.open):
        with pytest.raises(RunError, match="There is no run"):
            action(run_id)
    assert run.path.is_dir()


# ---- disk space ------------------------------------------------------------------------------------------------------


def test_a_full_library_refuses_new_runs_and_says_how_to_make_room(store: RunStore, run: Run) -> None:
    assert store.limit == 20_000_000_000
    store.limit = 10
    assert RunStore(store.root).limit == 10
    with pytest.raises(RunError, match=r"their limit is .*: delete runs or uploaded pictures, or raise the limit"):
        store.create(POINTS)
    store.trash(run.id)
    with pytest.raises(RunError, match="empty the trash"):
        store.create(POINTS)
    assert [summary.id for summary in store.trashed()] == [run.id]  # nothing is deleted automatically
    store.limit = 10**9
    store.create(POINTS)


@pytest.mark.parametrize("text", ["", "[]", '{"limit": -1}', '{"limit": "x"}', '{"limit": true}'])
def test_a_damaged_limit_is_replaced_by_the_default(store: RunStore, text: str) -> None:
    (store.root / "library.json").write_text(text)
    assert store.limit == 20_000_000_000


def test_a_nearly_full_disk_refuses_checkpoints_before_it_is_full(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "RESERVE", 10**18)
    with pytest.raises(OSError, match="nearly full"):
        run.save(run.trainer("cpu"), keep=1)
    assert run.checkpoints() == [2]
    assert json.loads((run.path / "config.json").read_text())
