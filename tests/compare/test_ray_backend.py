"""A Ray cluster trains the same runs bit for bit, and the loss of a machine loses none of them.

The cluster has two nodes on the loopback address of this machine; killing a node stands for the loss of a machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # keeps Ray on 127.0.0.1
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray: Any = pytest.importorskip("ray")
cluster_utils: Any = pytest.importorskip("ray.cluster_utils")

from gan_core import compare  # noqa: E402
from gan_core.compare import Resources, StudyStore  # noqa: E402
from gan_core.compare.execution.run_sync import Packer, RunSync, unpack  # noqa: E402
from tests.compare.studies import plan, same, trained_alone  # noqa: E402
from tests.support.waiting import until  # noqa: E402


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    nodes = cluster_utils.Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False}
    )
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.mark.slow  # a cluster starts slowly, and notices slowly that a node is gone
def test_a_lost_machine_loses_no_run_and_all_equal_local_runs(cluster: Any, tmp_path: Path) -> None:
    lost = cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
    study = StudyStore(tmp_path / "remote").create(plan(900, judgements=1))
    runner = compare.start(study, Resources("ray", workers=2, device="cpu", address=cluster.address))
    keys = [job.key for job in study.jobs]
    until(lambda: runner.error or all((run := study.run_of(key)) and run.checkpoints() for key in keys))
    assert runner.error == ""
    cluster.remove_node(lost, allow_graceful=False)
    assert runner.wait(240), study.trial_statuses()
    assert runner.error == ""
    assert [(s.status, s.step) for s in study.trial_statuses()] == [("finished", 900)] * 2
    for job in study.jobs:
        run = study.run_of(job.key)
        assert run is not None
        assert same(trained_alone(job.config, tmp_path / "local"), run)
        assert len(run.checkpoints()) <= 3  # checkpoints deleted on the remote machine are deleted here
        assert run.frames() == list(range(0, 901, 45))


def test_commands_reach_remote_runs(cluster: Any, tmp_path: Path) -> None:
    study = StudyStore(tmp_path).create(plan(100_000_000))
    runner = compare.start(study, Resources("ray", workers=1, device="cpu", address=cluster.address))
    key = study.jobs[0].key
    until(lambda: study.trial_status(key).step > 0 or runner.error)
    study.pause()
    assert runner.wait(60)
    assert study.trial_status(key).status == "paused"
    run = study.run_of(key)
    assert run is not None
    assert run.last_complete() == study.trial_status(key).step


def test_a_sync_adds_changed_files_and_deletes_old_checkpoints(tmp_path: Path) -> None:
    remote, local = tmp_path / "remote" / "run", tmp_path / "local"
    (remote / "step-0000010").mkdir(parents=True)
    (remote / "step-0000010" / "state.pt").write_bytes(b"ten")
    (remote / ".unfinished-step-0000020").mkdir()
    (remote / ".unfinished-step-0000020" / "state.pt").write_bytes(b"half")
    (remote / "metrics.csv").write_text("one\n")
    packer = Packer(remote)
    unpack(packer.pack() or RunSync("", {}, ()), local)
    assert (local / "run" / "metrics.csv").read_text() == "one\n"
    assert not list((local / "run").glob(".unfinished*"))
    assert packer.pack() is None
    time.sleep(0.01)
    (remote / "metrics.csv").write_text("one\ntwo\n")
    (remote / "step-0000010").rename(remote / "step-0000020")
    unpack(packer.pack() or RunSync("", {}, ()), local)
    assert (local / "run" / "metrics.csv").read_text() == "one\ntwo\n"
    assert [path.name for path in (local / "run").glob("step-*")] == ["step-0000020"]


def test_files_cannot_be_written_outside_of_the_runs_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        unpack(RunSync("run", {"../../outside.txt": b"no"}, ()), tmp_path / "library")
    assert not (tmp_path / "outside.txt").exists()
