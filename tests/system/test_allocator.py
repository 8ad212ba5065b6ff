"""A training process keeps freed memory; other processes return it to the system."""

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
parts = [torch.ones(500_000) for _ in range(4)]  # 2 MB each, like activations


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
    kept.append(bytearray(50_000))  # glibc returns only free memory at the end of the heap, so keep the end in use


def resident():
    return psutil.Process().memory_info().rss


thread = threading.Thread(target=work)
thread.start()
thread.join()
before = resident()
give_back_freed_memory()
print(before - resident())
"""
ARENAS = """
import ctypes, sys, tempfile, threading
import app  # as the server imports it

everyone = threading.Barrier(24)


def work():
    parts = [ctypes.create_string_buffer(50_000) for _ in range(100)]
    everyone.wait()


threads = [threading.Thread(target=work) for _ in range(24)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as file:
    out = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, out)
    libc.fclose(out)
    print(file.read().decode().count("<heap nr="))
"""
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other allocators")


def printed(script: str, *arguments: str) -> int:
    ran = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    return int(ran.stdout)


@glibc
def test_memory_freed_by_a_thread_is_returned_to_the_system() -> None:
    assert printed(GIVEN_BACK) > 150e6


@glibc
def test_all_threads_of_the_server_share_four_arenas() -> None:
    assert printed(ARENAS) <= 4


@glibc
def test_training_with_kept_memory_has_fewer_page_faults() -> None:
    """The best of three processes: under load the system reclaims pages."""
    assert min(printed(FAULTS, "kept") for _ in range(3)) < printed(FAULTS, "default") / 5


def test_without_glibc_the_allocator_is_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_core.system import allocator

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: pytest.fail("loaded a library"))
    monkeypatch.setattr(allocator, "_glibc", allocator._glibc.__wrapped__)
    allocator.keep_freed_memory()
    allocator.give_back_freed_memory()
