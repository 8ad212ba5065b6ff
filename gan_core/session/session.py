"""A Trainer on a background thread: commands in, snapshots out.

A page may call anything here at any moment: commands are noted and carried out between two steps, and a snapshot is one
immutable value that is swapped in whole.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from filelock import FileLock

from gan_core import data
from gan_core.config import ConfigError, TrainConfig
from gan_core.latent import Model
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import tensorboard
from gan_core.session.commands import CommandQueue
from gan_core.session.live_model import LiveModel
from gan_core.session.loop import Loop
from gan_core.session.snapshot import Snapshot, Status
from gan_core.session.training_slots import TrainingSlots
from gan_core.system.devices import find_device
from gan_core.system.memory import free_bytes
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.trainer import Trainer, Which


class Session:
    """One run in training.

    Args:
        config: the experiment.
        store: where the run is kept; None keeps nothing.
        device: "auto", "cpu", "cuda", "cuda:1".
        threads: intra-op threads on a CPU; None leaves one core to the page.
        name: what the run is called in the library.
        run: a run of the library to go on with, from its last whole checkpoint.
        max_steps, max_seconds: train for so many steps or seconds from here, in place of the config's length.
        turns: the line that it stands in with other sessions; None trains at once.

    Raises:
        ValueError: the device does not exist.
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
        turns: TrainingSlots | None = None,
    ) -> None:
        find_device(device)  # a device that is not there is the caller's error, not the thread's
        self._config, self._store, self._device, self._name, self._run = config, store, device, name, run
        self._threads = threads or max(1, (os.cpu_count() or 2) - 1)
        self._max_steps, self._max_seconds, self._turns = max_steps, max_seconds, turns
        self._held: FileLock | None = None  # on the run's folder
        self._orders = CommandQueue(config)
        self._viewer = LiveModel(self._orders)
        self._lock = threading.Lock()
        self._snapshot = Snapshot(config, threads=self._threads, run_id=run.id if run else "")
        self._thread = threading.Thread(target=self._main, name="training", daemon=True)

    # ---- commands, from any thread -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, or go on after `pause`. Does nothing once the session has ended."""
        self._orders.run(True)
        self._begin()
        self._show_at_once("paused", "training")

    resume = start

    def pause(self) -> None:
        """Stand still after the step in hand; nothing is lost."""
        self._orders.run(False)
        self._begin()
        self._show_at_once("training", "paused")
        self._show_at_once("waiting", "paused")

    def step(self, n: int = 1, which: Which = "both") -> None:
        """Do `n` steps of both networks, or of one, then stand still."""
        self._orders.step(n, which)
        self._begin()

    def update(self, values: Mapping[str, Any]) -> None:
        """Change live settings from the next step on; optimisers keep their state.

        Raises:
            ConfigError: a bad value, or a setting that is fixed while a run trains.
        """
        self._orders.update(values)

    @property
    def asked(self) -> TrainConfig:
        """The experiment with every change that was asked for, by whomever; the snapshot's follows after a step."""
        return self._orders.config

    def stop(self) -> None:
        """Save and end after the step in hand. The run can be resumed from the library."""
        self._orders.stop()
        with self._lock:
            if self._snapshot.live:
                status: Status = "stopped" if self._thread.ident is None else "stopping"
                self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1, status=status)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the session has ended, for `timeout` seconds at most; whether it has."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def snapshot(self) -> Snapshot:
        """The session as last published. Free: it takes nothing from training."""
        return self._snapshot

    def model(self, raw: bool = False, patience: float = 2.0) -> Model:
        """The networks as they now stand, frozen, to look at; of a session that has ended, as it left them.

        The training thread copies its weights between two steps, at most once for each publication, so many viewers
        cost it no more than one. Where a step takes longer than `patience` seconds, the model is the one seen last.
        G's weights are the averaged ones where there are such, unless `raw`.

        Raises:
            RunError: there are no weights yet, or training has failed and no checkpoint is kept.
        """
        snapshot = self._snapshot
        if snapshot.status == "failed" and self._run is not None:
            return self._run.model(raw=raw)
        name = self._name or (self._run.name if self._run is not None else snapshot.config.preset)
        model = self._viewer.model(name, raw, snapshot.version, patience) if snapshot.status != "failed" else None
        if model is None:
            raise RunError(
                f"This session has no networks to look at: it is {snapshot.status}. Start it, or wait a moment"
            )
        return model

    # ---- the training thread -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        with self._lock:
            if self._thread.ident is None and not self._orders.stopping:
                _alive.add(self)
                self._thread.start()

    def _main(self) -> None:
        torch.set_num_threads(self._threads)  # OpenMP keeps this number for each thread apart
        try:
            trainer = self._load()
            self._viewer.attach(trainer)
            limits = self._max_steps, self._max_seconds
            Loop(trainer, self._run, self._orders, self._publish, self._turns, *limits).go()
        except (data.DataError, RunError, ConfigError) as error:
            self._fail(str(error))
        except (MemoryError, torch.OutOfMemoryError):
            self._fail("Out of memory. Use a smaller batch, narrower networks or smaller images.")
        except Exception as error:  # the thread's last line of defence: a fault must reach the screen
            self._fail(f"Training stopped on an unexpected fault ({type(error).__name__}: {error})")
            raise
        finally:
            if self._held is not None:
                self._held.release()
            self._viewer.release()
            _alive.discard(self)

    def _load(self) -> Trainer:
        def progress(done: float, text: str) -> None:
            self._publish(status="loading", activity=text, activity_done=done)

        tensorboard.refuse_if_missing(self._config)
        progress(0.0, "loading the data")
        dataset = data.load(self._config, progress)
        progress(1.0, "building the networks")
        _refuse_what_cannot_fit(self._config, find_device(self._device))
        if self._run is not None:
            self._held = self._run.hold()  # before anything is read: another session may still write
            _refuse_another_experiment(self._config, self._run.config)
            trainer = self._run.trainer(self._device, dataset=dataset)
            trainer.update(self._config)
            self._run.rewind(trainer.steps)
            return trainer
        trainer = Trainer(self._config, self._device, dataset)
        if self._store is not None and not self._orders.stopping:  # else nobody wants the run any more
            self._run = self._store.create(self._config, self._name)
            self._held = self._run.hold()
        return trainer

    def _fail(self, message: str) -> None:
        if self._run is not None:
            with suppress(OSError):  # the folder itself may be what is gone
                self._run.log("failed", self._snapshot.step, error=message)
        self._publish(status="failed", error=message)

    def _show_at_once(self, before: Status, after: Status) -> None:
        """Let the snapshot tell an order that is as good as done: a button should not wait for the step in hand."""
        with self._lock:
            if self._snapshot.status == before:
                self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1, status=after)

    def _publish(self, **changes: Any) -> None:
        with self._lock:
            self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1, **changes)


def _refuse_another_experiment(config: TrainConfig, kept: TrainConfig) -> None:
    """Raises `ConfigError` if a run of `kept` cannot go on under `config`, which may differ in live settings alone."""
    if fixed := config.fixed_changes_from(kept):
        raise ConfigError(f"A run goes on as it was begun, and these settings differ: {', '.join(fixed)}. Fork it.")


def _refuse_what_cannot_fit(config: TrainConfig, device: torch.device) -> None:
    """Raises `ConfigError` with the estimate if training would need more memory than is free."""
    needed = estimate_memory(config)
    free = free_bytes(device)
    if needed > free:
        raise ConfigError(
            f"This experiment needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free. "
            "Use a smaller batch_size, narrower networks or smaller images."
        )


_alive: weakref.WeakSet[Session] = weakref.WeakSet()


@atexit.register
def _stop_all(timeout: float = 10.0) -> None:
    """A thread that still computes when Python ends aborts the process, so every session saves and ends first."""
    sessions = list(_alive)
    for session in sessions:
        session.stop()
    for session in sessions:
        session.wait(timeout)
