"""On a Ray cluster the same runs come out bit for bit, and the loss of a machine loses none of them.

A cluster of two nodes lives on this machine, on the loopback address; a node is killed as a machine would go.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray's name for: stay on 127.0.0.1
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray: Any = pytest.importorskip("ray")
cluster_utils: Any = pytest.importorskip("ray.cluster_utils")

from gan_core import compare  # noqa: E402
from gan_core.compare import Resources, StudyStore  # noqa: E402
from gan_core.compare.execution.run_sync import Packer, RunSync, unpack  # noqa: E402
from tests.compare.test_study import plan, same, trained_alone, until  # noqa: E402


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    nodes = cluster_utils.Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False},
    )
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.mark.slow  # a cluster takes its time to come up, and to notice that a node is gone
def test_a_lost_machine_loses_no_run_and_all_are_as_trained_here(cluster: Any, tmp_path: Path) -> None:
    doomed = cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
    study = StudyStore(tmp_path / "far").create(plan(900, judgements=1))
    runner = compare.start(study, Resources("ray", workers=2, device="cpu", address=cluster.address))
    keys = [job.key for job in study.jobs]
    until(lambda: runner.error or all((run := study.run_of(key)) and run.checkpoints() for key in keys))
    assert runner.error == ""
    cluster.remove_node(doomed, allow_graceful=False)
    assert runner.wait(240), study.trial_statuses()
    assert runner.error == ""
    assert [(s.status, s.step) for s in study.trial_statuses()] == [("finished", 900)] * 2
    for job in study.jobs:
        run = study.run_of(job.key)
        assert run is not None
        assert same(trained_alone(job.config, tmp_path / "near"), run)
        assert len(run.checkpoints()) <= 3  # those that the far machine deleted are deleted here
        assert run.frames() == list(range(0, 901, 45))


def test_orders_reach_runs_that_are_far_away(cluster: Any, tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan(100_000_000))
    runner = compare.start(study, Resources("ray", workers=1, device="cpu", address=cluster.address))
    key = study.jobs[0].key
    until(lambda: study.trial_status(key).step > 0 or runner.error)
    study.pause()
    assert runner.wait(60)
    assert study.trial_status(key).status == "paused"
    run = study.run_of(key)
    assert run is not None
    assert run.last_whole() == study.trial_status(key).step


# ---- parcels ---------------------------------------------------------------------------------------------------------


def test_a_parcel_holds_what_is_new_and_lets_go_of_what_is_gone(tmp_path: Path) -> None:
    far, near = tmp_path / "far" / "run", tmp_path / "near"
    (far / "step-0000010").mkdir(parents=True)
    (far / "step-0000010" / "state.pt").write_bytes(b"ten")
    (far / ".unfinished-step-0000020").mkdir()
    (far / ".unfinished-step-0000020" / "state.pt").write_bytes(b"half")
    (far / "metrics.csv").write_text("one\n")
    packer = Packer(far)
    unpack(packer.pack() or RunSync("", b"", ()), near)
    assert (near / "run" / "metrics.csv").read_text() == "one\n"
    assert not list((near / "run").glob(".unfinished*"))
    assert packer.pack() is None
    time.sleep(0.01)
    (far / "metrics.csv").write_text("one\ntwo\n")
    (far / "step-0000010").rename(far / "step-0000020")
    unpack(packer.pack() or RunSync("", b"", ()), near)
    assert (near / "run" / "metrics.csv").read_text() == "one\ntwo\n"
    assert [path.name for path in (near / "run").glob("step-*")] == ["step-0000020"]


def test_a_parcel_cannot_write_outside_of_its_run(tmp_path: Path) -> None:
    import io
    import zipfile

    bytes_of = io.BytesIO()
    with zipfile.ZipFile(bytes_of, "w") as archive:
        archive.writestr("../../outside.txt", "no")
    with pytest.raises(ValueError, match="outside"):
        unpack(RunSync("run", bytes_of.getvalue(), ()), tmp_path / "library")
    assert not (tmp_path / "outside.txt").exists()
