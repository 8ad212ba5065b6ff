"""Freed memory is kept where a process is there to train: fewer page faults, and no effect elsewhere."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from gan_core.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
parts = [torch.ones(500_000) for _ in range(4)]  # of 2 MB, as activations are


def step():
    global parts
    parts = [part + 1 for part in parts[:2]] + [torch.ones(500_000) for _ in range(2)]


for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(what: str) -> int:
    ran = subprocess.run([sys.executable, "-c", FAULTS, what], capture_output=True, text=True, check=True)
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other allocators")
def test_tensors_that_come_and_go_fault_no_more_pages() -> None:
    assert faults("kept") < faults("as it is") / 5


def test_another_systems_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_core import allocator

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: pytest.fail("touched"))
    allocator.keep_freed_memory()
