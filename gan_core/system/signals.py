"""The signals that ask a program to save and end: Ctrl-C, a service manager's SIGTERM, a closed terminal."""

from __future__ import annotations

import os
import signal
import stat
from contextlib import suppress


def ending_signals() -> list[signal.Signals]:
    """All of them, without SIGHUP where the user has asked to ignore it with `nohup`."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # Windows has no SIGHUP, and only Windows has SIGBREAK
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in numbers if not (_is_hangup(number) and signal.getsignal(number) is signal.SIG_IGN)]


def ignore_hangup() -> None:
    """Let a closed terminal not end this process, because its parent process ends it."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def mute_closed_terminal(number: int) -> None:
    """After SIGHUP, discard what is printed to the terminal. Otherwise each line raises an error."""
    if _is_hangup(number):
        for stream in (1, 2):
            with suppress(OSError):
                if stat.S_ISCHR(os.fstat(stream).st_mode):
                    nothing = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(nothing, stream)
                    os.close(nothing)


def _is_hangup(number: int) -> bool:
    return number == getattr(signal, "SIGHUP", None)
