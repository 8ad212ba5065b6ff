"""The commands that a session has received and that its training thread will execute between two steps."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from gan_core.config import ConfigError, TrainConfig
from gan_core.training.step_record import Which

_LONGEST_WAIT = 60.0  # seconds, of one wait for the next step under a speed limit


class CommandQueue:
    """Commands for the training thread. Giving a command never waits for a step to end.

    Other classes only read `config`, `running`, `stopping` and `speed`.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config  # with every requested change, executed or not
        self.running = self.stopping = False
        self.speed: float | None = None  # steps a second at most; None for no limit
        self._last_step: float | None = None  # when the last step began, on the clock of `time.monotonic`
        self._changed = threading.Condition()
        self._single_steps: deque[Which] = deque()
        self._setting_changes: deque[tuple[TrainConfig, str]] = deque()
        self._calls: deque[Callable[[], None]] = deque()

    def set_running(self, running: bool) -> None:
        """Train until further notice, or pause."""
        with self._changed:
            self.running = running
            self._changed.notify_all()

    def set_speed(self, steps_per_second: float | None) -> None:
        """Train at most this many steps a second from now on; None for no limit."""
        with self._changed:
            self.speed = steps_per_second
            self._changed.notify_all()

    def step(self, n: int, which: Which) -> None:
        """Train `n` steps, then pause."""
        with self._changed:
            self.running = False
            self._single_steps.extend([which] * n)
            self._changed.notify_all()

    def stop(self) -> None:
        """End training; steps still in the queue are dropped."""
        with self._changed:
            self.stopping = True
            self._changed.notify_all()

    def update(self, values: Mapping[str, Any]) -> None:
        """Change live settings. Raises `ConfigError` on a bad value or a setting that is fixed during training."""
        with self._changed:
            config = self.config.with_values(values)
            for key in config.fixed_changes_from(self.config):
                raise ConfigError(f"{key} cannot change during training; start or fork a run with the new value")
            if changes := config.changes_from(self.config):
                text = self.config.describe_changes(changes)
                self.config = config
                self._setting_changes.append((config, text))
                self._changed.notify_all()

    def call_between_steps(self, function: Callable[[], None]) -> None:
        """Let the training thread call a short function between two steps; dropped once training has ended."""
        with self._changed:
            self._calls.append(function)
            self._changed.notify_all()

    def next_step(
        self,
        on_setting_change: Callable[[TrainConfig, str], None],
        at_rest: Callable[[], None],
        after_wait: Callable[[float], None],
    ) -> Which | None:
        """Return the networks to train next, or None to end. Waits for a command; for the training thread only.

        Args:
            on_setting_change: called with the new config and its description, for each change of settings.
            at_rest: called before each wait for a command.
            after_wait: called with the seconds of each wait under the speed limit. Every command ends such a wait.
        """
        while True:
            while self._calls:
                self._calls.popleft()()
            with self._changed:
                if self._setting_changes:
                    change: tuple[TrainConfig, str] | None = self._setting_changes.popleft()
                elif self.stopping:
                    return None
                elif self._single_steps:
                    return self._single_steps.popleft()
                elif self.running and self._seconds_to_step() <= 0:
                    self._last_step = time.monotonic()
                    return "both"
                else:
                    change = None
            if change is not None:
                on_setting_change(*change)
            elif self.running:
                after_wait(self._wait_for_step())
            else:
                at_rest()
                with self._changed:
                    self._changed.wait_for(lambda: self._has_command() or self.running)

    def _has_command(self) -> bool:
        return bool(self._setting_changes or self.stopping or self._single_steps or self._calls)

    def _seconds_to_step(self) -> float:
        """Seconds until the speed limit allows the next step; 0 or less if it is due."""
        if self.speed is None or self._last_step is None:
            return 0.0
        return self._last_step + 1 / self.speed - time.monotonic()

    def _wait_for_step(self) -> float:
        """Wait until the next step is due or a command arrives. Returns the seconds that passed."""
        before = time.monotonic()
        with self._changed:
            speed, seconds = self.speed, min(self._seconds_to_step(), _LONGEST_WAIT)
            self._changed.wait_for(lambda: self._has_command() or not self.running or self.speed != speed, seconds)
        return time.monotonic() - before
