"""Trains one run on a background thread.

Any thread may call a `Session` at any time. Commands are executed between two steps. A snapshot is one immutable value.
"""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from filelock import FileLock

from gan_core import data
from gan_core.config import ConfigError, TrainConfig
from gan_core.latent import Model
from gan_core.runs import Run, RunError, RunStore, disk
from gan_core.runs.rewind import resume
from gan_core.session import tensorboard
from gan_core.session.commands import CommandQueue
from gan_core.session.listener import Context
from gan_core.session.live_model import LiveModel
from gan_core.session.loop import Loop
from gan_core.session.snapshot import Snapshot, Status
from gan_core.session.training_slots import TrainingSlots
from gan_core.system.arguments import instance, positive, whole_number
from gan_core.system.devices import find_device
from gan_core.system.limits import usable_cores
from gan_core.training.memory_estimate import memory_shortage
from gan_core.training.step_record import Which, check_which
from gan_core.training.trainer import Trainer


class Session:
    """Trains one run.

    Args:
        store: keeps the run; None keeps nothing on disk.
        device: a name that `find_device` knows, such as "auto", "cpu" or "cuda:1".
        threads: intra-op threads on a CPU; None leaves one core to the page.
        name: of the run in the library.
        run: a run of the library to resume from its last complete checkpoint.
        max_steps, max_seconds: limits of this session, which replace the length in the config.
        slots: shared with other sessions; None trains without waiting.
        attended: whether a user can press Resume. If not, training goes on when the disk refuses, and tries again.

    Raises:
        ValueError: the device does not exist, or a number is not positive.
    """

    def __init__(
        self,
        config: TrainConfig,
        store: RunStore | None = None,
        device: str = "auto",
        threads: int | None = None,
        name: str | None = None,
        run: Run | None = None,
        max_steps: int | None = None,
        max_seconds: float | None = None,
        slots: TrainingSlots | None = None,
        attended: bool = True,
    ) -> None:
        find_device(device)  # raise here and not on the training thread
        instance("config", config, TrainConfig, "use presets.load(id)")
        threads = max(1, usable_cores() - 1) if threads is None else whole_number("threads", threads)
        max_steps = None if max_steps is None else whole_number("max_steps", max_steps)
        max_seconds = None if max_seconds is None else positive("max_seconds", max_seconds)
        config = data.with_absolute_path(config)
        if run is None:  # the folders may have changed since the config was written
            config = data.with_classes(config.with_values({"data.classes": ()}))
        self._config, self._store, self._device, self._name, self._run = config, store, device, name, run
        self._threads = threads
        self._max_steps, self._max_seconds, self._slots = max_steps, max_seconds, slots
        self._attended = attended
        self._run_lock: FileLock | None = None
        self._loaded = False  # whether the loop has begun
        self._notes: list[str] = []  # for the user, about the run's folder
        self._commands = CommandQueue(config)
        self._live_model = LiveModel(self._commands)
        self._lock = threading.Lock()
        self._snapshot = Snapshot(config, threads=self._threads, run_id=run.id if run else "")
        self._thread = threading.Thread(target=self._main, name="training", daemon=True)

    # ---- commands, from any thread -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start, or resume after `pause`. Does nothing once the session has ended."""
        self._commands.set_running(True)
        self._start_thread()
        self._show_at_once("training", "paused")

    resume = start

    def pause(self) -> None:
        """Pause after the current step."""
        self._commands.set_running(False)
        self._start_thread()
        self._show_at_once("paused", "training", "waiting")

    def step(self, n: int = 1, which: Which = "both") -> None:
        """Train both networks, or one of them, for `n` steps, then pause. Raises `ValueError` on other values."""
        check_which(which)
        self._commands.step(whole_number("n", n), which)
        self._start_thread()

    def update(self, values: Mapping[str, Any]) -> None:
        """Change live settings from the next step on. The optimizers keep their state.

        Raises `ConfigError` on a bad value, or a setting that is fixed during training.
        """
        self._commands.update(values)

    def set_speed(self, steps_per_second: float | None) -> None:
        """Train at most this many steps a second, from the next step on; None for full speed.

        Training takes the same steps with the same numbers. The waits between them do not count as training time, so
        evaluations and limits of seconds stay at the same steps. Each command ends a wait at once.

        Raises `ValueError` unless it is a number above 0.
        """
        limit = None if steps_per_second is None else positive("steps_per_second", steps_per_second)
        self._commands.set_speed(limit)
        self._publish(lambda now: replace(now, speed=self._commands.speed))

    @property
    def requested_config(self) -> TrainConfig:
        """The config with every requested change. The config of the snapshot follows after the next step."""
        return self._commands.config

    def stop(self) -> None:
        """Save and end after the current step. The run can be resumed from the library."""
        self._commands.stop()
        status: Status = "stopped" if self._thread.ident is None else "stopping"
        self._publish(lambda now: replace(now, status=status) if now.live else now)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the session has ended, for `timeout` seconds at most. Returns whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def snapshot(self) -> Snapshot:
        """The last published snapshot, at no cost to training."""
        return self._snapshot

    def model(self, raw: bool = False, timeout: float = 2.0) -> Model:
        """The networks at the current step, frozen; after the end of the session, at its last step.

        The training thread copies its weights between two steps, at most once per snapshot, so many viewers cost as
        much as one. If a step takes longer than `timeout` seconds, the networks are those of the last copy. An ended
        run is read from its last checkpoint. G has its averaged weights, if there are any, unless `raw` is true.

        Raises `RunError` if there are no weights yet, or training has failed and no checkpoint is kept.
        """
        snapshot = self._snapshot
        if not snapshot.live and self._run is not None:
            return self._run.model(raw=raw)
        name = self._name or (self._run.name if self._run is not None else snapshot.config.preset)
        model = self._live_model.model(name, raw, snapshot.version, timeout) if snapshot.status != "failed" else None
        if model is None:
            raise RunError(f"This session has no networks to show: it is {snapshot.status}. Start it, or wait a moment")
        return model

    # ---- the training thread -------------------------------------------------------------------------------------

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread.ident is None and not self._commands.stopping:
                _alive.add(self)
                self._thread.start()

    def _main(self) -> None:
        torch.set_num_threads(self._threads)  # of this thread only
        try:
            trainer = self._load()
            self._loaded = True
            self._live_model.attach(trainer)
            notes = tuple(self._notes)
            context = Context(trainer, self._run, self._commands, self._publish, notes, self._attended)
            Loop(context, self._slots, self._max_steps, self._max_seconds).run()
        except (data.DataError, RunError, ConfigError) as error:
            self._fail(str(error))
        except (MemoryError, torch.OutOfMemoryError):
            self._fail("Out of memory. Use a smaller batch, narrower networks or smaller images.")
        except Exception as error:  # the page must show every error
            if isinstance(error, OSError) and self._run is not None and not self._loaded:
                reason = f"Cannot write to {self._run.path} ({error.strerror or error})"
                self._fail(f"{reason}. {disk.advice(error)}, then resume it.")
                return
            self._fail(f"Training stopped on an unexpected error ({type(error).__name__}: {error})")
            raise
        finally:
            if self._run_lock is not None:
                self._run_lock.release()
            self._live_model.detach(keep=self._run is None)
            _alive.discard(self)

    def _load(self) -> Trainer:
        def progress(done: float, text: str) -> None:
            self._publish(lambda now: replace(now, status="loading", activity=text, activity_done=done))

        tensorboard.require_package(self._config)
        if self._run is not None:
            self._run_lock = self._run.lock()  # before reading, as another session may still write
            self._run.refuse_other_settings()  # before other data are loaded
        progress(0.0, "loading the data")
        dataset = self._load_data(progress)
        progress(1.0, "building the networks")
        if shortage := memory_shortage(self._config, find_device(self._device)):
            advice = "Use a smaller batch_size, narrower networks or smaller images."
            raise ConfigError(f"This experiment needs {shortage}. {advice}")
        if self._run is not None:
            if fixed := ", ".join(self._config.fixed_changes_from(data.with_absolute_path(self._run.config))):
                raise ConfigError(
                    f"A run resumes with the settings it started with, but these differ: {fixed}. Fork it."
                )
            trainer = self._run.trainer(self._device, dataset=dataset)
            trainer.update(self._config)
            self._notes += resume(self._run, self._config, trainer.steps)
            return trainer
        trainer = Trainer(self._config, self._device, dataset)
        if self._store is not None and not self._commands.stopping:
            self._run = self._store.create(self._config, self._name)
            self._run_lock = self._run.lock()
        return trainer

    def _load_data(self, progress: data.Progress) -> data.Dataset:
        try:
            return data.load(self._config, progress)
        except data.DataError as error:
            if self._run is None or self._config.dataset.needs != "files":
                raise
            raise data.DataError(
                f"The run {self._run.id} cannot train without its pictures. {error}. If they are in another place now, "
                "write it into the run's config.json as data.path."
            ) from error

    def _fail(self, message: str) -> None:
        if self._run is not None and self._loaded:  # a run that cannot be resumed stays as it was
            with suppress(OSError):  # the folder may be gone
                self._run.log("failed", self._snapshot.step, error=message)
        self._publish(lambda now: replace(now, status="failed", error=message))

    def _show_at_once(self, status: Status, *before: Status) -> None:
        """Publish the status that a command leads to, so that the page need not wait for the current step to end."""
        self._publish(lambda now: replace(now, status=status) if now.status in before else now)

    def _publish(self, update: Callable[[Snapshot], Snapshot]) -> None:
        with self._lock:
            new = update(self._snapshot)
            if new is not self._snapshot:
                self._snapshot = replace(new, version=self._snapshot.version + 1)


def stop_all(sessions: Iterable[Session]) -> None:
    """Stop the sessions, and wait up to 10 seconds for each to save its run."""
    stopping = list(sessions)
    for session in stopping:
        session.stop()
    for session in stopping:
        session.wait(10)


_alive: weakref.WeakSet[Session] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    stop_all(_alive)  # Python aborts if a thread still computes at its exit
