"""The cores and the memory that a process may use: CPU affinity, and cgroups of both versions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gan_core.session import Session
from gan_core.session.pool import SessionPool
from gan_core.system import limits
from gan_core.system.limits import free_memory, usable_cores
from tests.support.small import POINTS

MB = 1_000_000


@pytest.fixture(autouse=True)
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 64 cores that a test process may use."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: [*range(64)], raising=False)


def machine(root: Path, membership: str, **files: str) -> Path:
    """A root folder with /proc/self/cgroup and with files below /sys/fs/cgroup, "__" for "/" in their names."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(membership, encoding="utf-8")
    for name, content in files.items():
        file = root / "sys" / "fs" / "cgroup" / name.replace("__", "/").replace("-", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return root


CPU: list[tuple[str, str, dict[str, str], int]] = [
    ("version 2, in a container", "0::/\n", {"cpu-max": "200000 100000\n"}, 2),
    ("version 2, no quota", "0::/\n", {"cpu-max": "max 100000\n"}, 64),
    ("version 2, nested", "0::/a/b\n", {"a__cpu-max": "150000 100000", "a__b__cpu-max": "max 100000"}, 2),
    ("version 2, inner quota", "0::/a/b\n", {"a__cpu-max": "400000 100000", "a__b__cpu-max": "50000 100000"}, 1),
    ("version 2, host path", "0::/docker/f00\n", {"cpu-max": "300000 100000"}, 3),
    (
        "version 1", "4:cpu,cpuacct:/\n1:name=systemd:/\n",
        {"cpu,cpuacct__cpu-cfs_quota_us": "200000", "cpu,cpuacct__cpu-cfs_period_us": "100000"}, 2,
    ),
    (
        "version 1, nested and linked", "4:cpuacct,cpu:/docker/f00\n0::/\n",
        {"cpu__docker__f00__cpu-cfs_quota_us": "250000", "cpu__docker__f00__cpu-cfs_period_us": "100000"}, 3,
    ),
    (
        "version 1, no quota", "4:cpu:/\n",
        {"cpu__cpu-cfs_quota_us": "-1", "cpu__cpu-cfs_period_us": "100000"}, 64,
    ),
    ("no cgroup", "", {}, 64),
    ("damaged files", "0::/\nnonsense\n", {"cpu-max": "many few"}, 64),
]  # fmt: skip


@pytest.mark.parametrize(("membership", "files", "cores"), [row[1:] for row in CPU], ids=[row[0] for row in CPU])
def test_a_quota_of_a_container_limits_the_cores(
    membership: str, files: dict[str, str], cores: int, tmp_path: Path
) -> None:
    assert usable_cores(machine(tmp_path, membership, **files)) == cores


def test_openmp_starts_no_more_threads_than_a_quota_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    limits.limit_libraries()
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setattr(limits, "usable_cores", lambda: 2)
    limits.limit_libraries()
    assert os.environ["OMP_NUM_THREADS"] == "2"


def test_without_a_proc_folder_there_is_no_quota(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 64
    assert free_memory(tmp_path) > 0


NO_LIMIT = str(0x7FFFFFFFFFFFF000)
MEMORY: list[tuple[str, str, dict[str, str], int]] = [
    ("version 2", "0::/\n", {"memory-max": str(90 * MB), "memory-current": str(40 * MB)}, 50 * MB),
    (
        "version 2, cached files", "0::/\n",
        {"memory-max": str(90 * MB), "memory-current": str(80 * MB), "memory-stat": f"anon 5\ninactive_file {30 * MB}"},
        40 * MB,
    ),
    ("version 2, nested", "0::/a/b\n", {"a__memory-max": str(70 * MB), "a__b__memory-max": "max"}, 70 * MB),
    (
        "version 2, soft limit", "0::/\n",
        {"memory-max": str(90 * MB), "memory-high": str(60 * MB), "memory-current": str(10 * MB)}, 50 * MB,
    ),
    (
        "version 1", "3:memory:/docker/f00\n",
        {"memory__memory-limit_in_bytes": str(80 * MB), "memory__memory-usage_in_bytes": str(20 * MB)}, 60 * MB,
    ),
    ("over the limit", "0::/\n", {"memory-max": str(9 * MB), "memory-current": str(40 * MB)}, 0),
    ("version 1, no limit", "3:memory:/\n", {"memory__memory-limit_in_bytes": NO_LIMIT}, -1),
    ("version 2, no limit", "0::/\n", {"memory-max": "max", "memory-current": str(40 * MB)}, -1),
]  # fmt: skip


@pytest.mark.parametrize(("membership", "files", "free"), [row[1:] for row in MEMORY], ids=[row[0] for row in MEMORY])
def test_a_limit_of_a_container_bounds_the_free_memory(
    membership: str, files: dict[str, str], free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 123 * MB}))
    assert free_memory(machine(tmp_path, membership, **files)) == (free if free >= 0 else 123 * MB)


def test_every_default_number_of_threads_follows_the_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: [5], raising=False)
    assert Session(POINTS).snapshot().threads == 1
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: [*range(9)], raising=False)
    assert Session(POINTS).snapshot().threads == 8
    assert SessionPool(None)._slots.count == 4  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_a_process_bound_to_one_core_uses_one_thread() -> None:
    child = "from gan_core.cli.arguments import CORES; import torch"
    command = [sys.executable, "-c", f"{child}; print(CORES, torch.get_num_threads())"]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    core = min(os.sched_getaffinity(0))
    bound = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        check=True,
    )
    assert bound.stdout == "1 1\n"


def test_nothing_else_counts_cores_or_memory() -> None:
    from tests.architecture.source import calls, files, location

    counts = ("cpu_count", "sched_getaffinity", "cpu_affinity", "virtual_memory", "process_cpu_count")
    places = {location(file, call) for file in files("gan_core", "ui", "pages") for name, call in calls(file)
              if name.endswith(counts)}  # fmt: skip
    assert {place.split(":")[0] for place in places} == {"gan_core/system/limits.py"}
