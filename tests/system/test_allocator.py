"""Freed memory is kept where a process is there to train, and given back where much comes and goes."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from gan_core.system.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
parts = [torch.ones(500_000) for _ in range(4)]  # of 2 MB, as activations are


def step():
    global parts
    parts = [part + 1 for part in parts[:2]] + [torch.ones(500_000) for _ in range(2)]


for _ in range(50):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


GIVEN_BACK = """
import threading
import psutil
from gan_core.system.allocator import give_back_freed_memory

kept = []


def work():
    parts = [bytearray(50_000) for _ in range(4_000)]  # 200 MB
    kept.append(bytearray(50_000))  # behind them: glibc gives back only what is free at the end


def resident():
    return psutil.Process().memory_info().rss


thread = threading.Thread(target=work)
thread.start()
thread.join()
before = resident()
give_back_freed_memory()
print(before - resident())
"""
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other allocators")


def printed(script: str, *arguments: str) -> int:
    ran = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    return int(ran.stdout)


def faults(what: str) -> int:
    return printed(FAULTS, what)


@glibc
def test_what_a_thread_left_free_is_given_back_at_once() -> None:
    assert printed(GIVEN_BACK) > 150e6


@glibc
def test_tensors_that_come_and_go_fault_no_more_pages() -> None:
    """At best of three: beside other work the system takes pages away by itself."""
    assert min(faults("kept") for _ in range(3)) < faults("as it is") / 5


def test_another_systems_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_core.system import allocator

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: pytest.fail("touched"))
    monkeypatch.setattr(allocator, "_glibc", allocator._glibc.__wrapped__)
    allocator.keep_freed_memory()
    allocator.give_back_freed_memory()
