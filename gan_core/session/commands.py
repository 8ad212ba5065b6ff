"""The inbox of a session: what was asked of it, from any thread, to be carried out between two steps."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from gan_core.config import ConfigError, TrainConfig
from gan_core.config.schema import as_text
from gan_core.training.trainer import Which


class CommandQueue:
    """Commands waiting for the training thread. Whoever gives one never waits for a step to end."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        self._changed = threading.Condition()
        self._running = False
        self._stopping = False
        self._singles: deque[Which] = deque()
        self._updates: deque[tuple[TrainConfig, str]] = deque()
        self._errands: deque[Callable[[], None]] = deque()

    def run(self, running: bool) -> None:
        """Train on, or stand still."""
        with self._changed:
            self._running = running
            self._changed.notify_all()

    def step(self, n: int, which: Which) -> None:
        """Do `n` steps, then stand still."""
        with self._changed:
            self._running = False
            self._singles.extend([which] * n)
            self._changed.notify_all()

    def stop(self) -> None:
        """End, whatever else was asked."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    @property
    def config(self) -> TrainConfig:
        """The experiment with every change that was asked for, carried out or not yet."""
        return self._config

    @property
    def stopping(self) -> bool:
        return self._stopping

    @property
    def running(self) -> bool:
        return self._running

    def update(self, values: Mapping[str, Any]) -> None:
        """Change live settings. Raises `ConfigError` on a bad value or a setting that is fixed while training."""
        with self._changed:
            config = self._config.with_values(values)
            for key in config.fixed_changes_from(self._config):
                raise ConfigError(f"{key} cannot change while a run trains; start or fork a run with the new value")
            if changes := config.changes_from(self._config):
                before = self._config
                text = ", ".join(f"{key} {as_text(before.value(key))} → {as_text(new)}" for key, new in changes.items())
                self._config = config
                self._updates.append((config, text))
                self._changed.notify_all()

    def between_steps(self, errand: Callable[[], None]) -> None:
        """Have the training thread do something short between two steps; it never does once training has ended."""
        with self._changed:
            self._errands.append(errand)
            self._changed.notify_all()

    def next(self, apply: Callable[[TrainConfig, str], None], idle: Callable[[], None]) -> Which | None:
        """For the training thread: which networks to step next, or None to end.

        Does waiting errands and hands each waiting change to `apply`; when there is nothing to do, calls `idle`, then
        waits.
        """
        while True:
            while self._errands:
                self._errands.popleft()()
            with self._changed:
                if self._updates:
                    order: tuple[TrainConfig, str] | None = self._updates.popleft()
                elif self._stopping:
                    return None
                elif self._singles:
                    return self._singles.popleft()
                elif self._running:
                    return "both"
                else:
                    order = None
            if order is not None:
                apply(*order)
                continue
            idle()
            with self._changed:
                self._changed.wait_for(
                    lambda: self._updates or self._stopping or self._singles or self._running or self._errands
                )
