"""A Trainer on a background thread: commands in, snapshots out.

Commands are noted under a lock and carried out between two steps; snapshots are immutable and swapped in whole. A page
may therefore call anything here at any moment, and never makes training wait.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import psutil
import torch

from gan_core import data
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.recorder import DivergedError, Recorder
from gan_core.runs import Run, RunError, RunStore
from gan_core.schema import as_text
from gan_core.snapshot import Look, Mark, Observer, Snapshot, Status
from gan_core.trainer import Trainer, Which, find_device

INTERVAL = 0.4  # seconds between snapshots at the least
SHARE = 0.02  # of training time that making snapshots may take at the most


class Session:
    """One run in training.

    Args:
        config: the experiment.
        store: where the run is kept; None keeps nothing.
        device: "auto", "cpu", "cuda", "cuda:1".
        threads: intra-op threads on a CPU; None leaves one core to the page.
        name: what the run is called in the library.
        run: a run of the library to go on with, from its last whole checkpoint.
        max_steps, max_seconds: stop after so many steps or seconds of training from here, finished or not.
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
    ) -> None:
        find_device(device)  # a device that does not exist is the caller's error, not the thread's
        self._store, self._device, self._name, self._run = store, device, name, run
        self._threads = threads or max(1, (os.cpu_count() or 2) - 1)
        self._max_steps, self._max_seconds = max_steps, max_seconds
        self._config = config
        self._lock = threading.Condition()
        self._running = False
        self._stopping = False
        self._singles: deque[Which] = deque()
        self._updates: deque[tuple[TrainConfig, str]] = deque()
        self._snapshot = Snapshot(config, threads=self._threads, run_id=run.id if run else "")
        self._thread = threading.Thread(target=self._main, name="training", daemon=True)

    # ---- commands, from any thread -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, or go on after `pause`. Does nothing once the session has ended."""
        self._command(running=True)

    resume = start

    def pause(self) -> None:
        """Stand still after the step in hand; nothing is lost."""
        self._command(running=False)

    def step(self, n: int = 1, which: Which = "both") -> None:
        """Do `n` steps of both networks, or of one, then stand still."""
        with self._lock:
            self._singles.extend([which] * n)
        self._command(running=False)

    def update(self, values: Mapping[str, Any]) -> None:
        """Change live settings from the next step on; optimisers keep their state.

        Raises:
            ConfigError: a bad value, or a setting that is fixed once training has begun.
        """
        with self._lock:
            changed = self._config.with_values(values).changes_from(self._config)
            for key in changed:
                if not SETTINGS[key].live:
                    raise ConfigError(f"{key} cannot change while a run trains; start or fork a run with the new value")
            if not changed:
                return
            before, self._config = self._config, self._config.with_values(values)
            text = ", ".join(f"{key} {as_text(before.value(key))} → {as_text(new)}" for key, new in changed.items())
            self._updates.append((self._config, text))
            self._lock.notify_all()

    def stop(self) -> None:
        """Save and end after the step in hand. The run can be resumed from the library."""
        with self._lock:
            self._stopping = True
            if self._thread.ident is None:
                self._snapshot = replace(self._snapshot, status="stopped")
            elif self._snapshot.live:
                self._snapshot = replace(self._snapshot, status="stopping")
            self._lock.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the session has ended, for `timeout` seconds at most; whether it has."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def snapshot(self) -> Snapshot:
        """The session as last published. Free: it takes nothing from training."""
        return self._snapshot

    def _command(self, running: bool) -> None:
        with self._lock:
            self._running = running
            if self._thread.ident is None and not self._stopping:
                _alive.add(self)
                self._thread.start()
            self._lock.notify_all()

    # ---- the training thread -------------------------------------------------------------------------------------

    def _main(self) -> None:
        torch.set_num_threads(self._threads)  # OpenMP keeps this number for each thread apart
        try:
            trainer = self._load()
            _Loop(self, trainer, self._run).go()
        except (data.DataError, RunError, ConfigError, MemoryError, torch.cuda.OutOfMemoryError) as error:
            self._fail(str(error) or "Out of memory. Use a smaller batch or narrower networks.")
        except Exception as error:  # the thread's last line of defence: a fault must reach the screen, not vanish
            self._fail(f"Training stopped on an unexpected fault ({type(error).__name__}: {error})")
            raise
        finally:
            _alive.discard(self)

    def _load(self) -> Trainer:
        self._publish(status="loading", activity="loading the data")

        def progress(done: float, text: str) -> None:
            self._publish(activity=text, activity_done=done)

        dataset = data.load(self._config, progress)
        self._publish(activity="building the networks", activity_done=1.0)
        if self._run is not None:
            trainer = self._run.trainer(self._device, dataset=dataset)
            self._run.rewind(trainer.steps)
            trainer.update(self._config)
        else:
            trainer = Trainer(self._config, self._device, dataset)
            self._run = self._store.create(self._config, self._name) if self._store else None
        return trainer

    def _fail(self, message: str) -> None:
        if self._run is not None:
            self._run.log("failed", self._snapshot.step, error=message)
        self._publish(status="failed", error=message)

    def _publish(self, **changes: Any) -> None:
        with self._lock:
            self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1, **changes)


class _Loop:
    """What goes on around the steps: obeying, recording, showing, saving, ending."""

    def __init__(self, session: Session, trainer: Trainer, run: Run | None) -> None:
        self.session, self.trainer, self.run = session, trainer, run
        past = run.metrics() if run is not None else []
        self.recorder = Recorder(run, trainer.config.record.log_every, seconds=past[-1][2] if past else 0.0)
        self.recorder.log.extend(past)
        self.observer = Observer(trainer)
        self.marks = [Mark(e["step"], e["text"]) for e in (run.events() if run else []) if e["kind"] == "changed"]
        self.first_step, self.first_second = trainer.steps, self.recorder.seconds
        self.saved_at = trainer.steps if past else -1
        self.show_at = 0.0
        self.frames = run.frames() if run is not None else []

    def go(self) -> None:
        self._log("started", device=str(self.trainer.device), threads=self.session._threads)
        self._keep_frame()
        try:
            while (which := self._next_order()) is not None:
                began = time.perf_counter()
                record = self.trainer.step(which)
                self._after_step()
                self.recorder.add(record, which, time.perf_counter() - began)
                if time.perf_counter() >= self.show_at:
                    self._show("training")
            self.recorder.flush()
        except DivergedError as error:
            self._show_fault(str(error))
            return
        ended: Status = "finished" if self.trainer.steps >= self.trainer.total_steps else "stopped"
        if self._save():
            self._log(ended)
        self._show(ended)

    def _next_order(self) -> Which | None:
        """Which networks to step next, after doing what was asked meanwhile; None to end."""
        session = self.session
        with session._lock:
            while True:
                while session._updates:
                    self._apply(*session._updates.popleft())
                if session._stopping or self._over():
                    return None
                if session._singles:
                    return session._singles.popleft()
                if session._running:
                    return "both"
                self._show("paused")
                session._lock.wait()

    def _over(self) -> bool:
        session, trainer = self.session, self.trainer
        return (
            trainer.steps >= trainer.total_steps
            or (session._max_steps is not None and trainer.steps - self.first_step >= session._max_steps)
            or (session._max_seconds is not None and self.recorder.seconds - self.first_second >= session._max_seconds)
        )

    def _apply(self, config: TrainConfig, text: str) -> None:
        self.trainer.update(config)
        self.marks.append(Mark(self.trainer.steps, text))
        self._log("changed", text=text)
        if self.run is not None:
            self._write(lambda run: run.write_config(config))

    def _after_step(self) -> None:
        record = self.trainer.config.record
        if self.trainer.steps % record.frame_every == 0:
            self._keep_frame()
        if self.trainer.steps % record.save_every == 0:
            self._save()

    # ---- showing -------------------------------------------------------------------------------------------------

    def _show(self, status: Status) -> None:
        """Publish a snapshot; the dearer it was, the longer until the next, so that training loses SHARE at most."""
        began = time.perf_counter()
        self._write(lambda _: self.recorder.flush())
        trainer, rate = self.trainer, self.recorder.rate
        left = trainer.total_steps - trainer.steps
        self.session._publish(
            config=trainer.config,
            status="stopping" if self.session._stopping and status == "training" else status,
            activity="",
            run_id=self.run.id if self.run else "",
            device=_device_name(trainer.device),
            step=trainer.steps,
            total_steps=trainer.total_steps,
            epoch=trainer.epoch,
            images=trainer.images,
            seconds=self.recorder.seconds,
            steps_per_second=rate,
            seconds_left=left / rate if rate else None,
            memory=_memory(trainer.device),
            history=self.recorder.log.view(),
            look=self.observer.look(trainer),
            marks=tuple(self.marks),
            frames=tuple(self.frames),
            notes=trainer.dataset.notes,
        )
        now = time.perf_counter()
        self.show_at = now + max(INTERVAL, (now - began) / SHARE)

    def _show_fault(self, what: str) -> None:
        kept = self.run.checkpoints() if self.run else []
        rest = f"the checkpoint of step {kept[-1]} is kept" if kept else "no checkpoint was due yet"
        message = f"{what}; {rest}. Lower the learning rates, or choose a calmer loss or penalty, and start again."
        self.session._publish(
            step=self.trainer.steps, history=self.recorder.log.view(), marks=tuple(self.marks), look=Look()
        )
        self.session._fail(message)

    # ---- keeping -------------------------------------------------------------------------------------------------

    def _keep_frame(self) -> None:
        if self.run is None or self.trainer.steps in self.frames:
            return
        look, step = self.observer.look(self.trainer), self.trainer.steps
        if self._write(lambda run: run.write_frame(step, look.samples, look.plane)):
            self.frames.append(step)

    def _save(self) -> bool:
        if self.run is None or self.saved_at == self.trainer.steps:
            return True
        self.recorder.flush()  # a checkpoint never holds weights whose loss was no number
        keep = self.trainer.config.record.keep
        if not self._write(lambda run: run.save(self.trainer, keep)):
            return False
        self.saved_at = self.trainer.steps
        self._log("saved")
        return True

    def _log(self, kind: str, **details: Any) -> None:
        self._write(lambda run: run.log(kind, self.trainer.steps, **details))

    def _write(self, action: Callable[[Run], object]) -> bool:
        """Do something to the run's folder. A disk that refuses pauses training and says so; whether it was done."""
        try:
            if self.run is not None:
                action(self.run)
        except OSError as error:
            self.session._running = False
            where = self.run.path if self.run else ""
            self.session._publish(
                error=f"Paused: cannot write to {where} ({error.strerror or error}). Make room, then press Start."
            )
            return False
        return True


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _memory(device: torch.device) -> int:
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else psutil.Process().memory_info().rss


_alive: weakref.WeakSet[Session] = weakref.WeakSet()


@atexit.register
def _stop_all(timeout: float = 10.0) -> None:
    """A thread that still computes when Python ends aborts the process, so every session saves and ends first."""
    sessions = list(_alive)
    for session in sessions:
        session.stop()
    for session in sessions:
        session.wait(timeout)
