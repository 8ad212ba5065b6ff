"""Runs a study in the background: a thread of this process keeps workers busy, on this machine or on a cluster."""

from __future__ import annotations

import atexit
import threading
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from gan_core.compare.study import Study, StudyError
from gan_core.config.catalog import Catalog, Entry
from gan_core.system.arguments import whole_number

BACKENDS: Catalog[Entry] = Catalog(
    "backend",
    {
        "local": Entry(f"{__package__}.local_pool:run", "This machine", "A process per core, or several on a GPU."),
        "ray": Entry(
            f"{__package__}.ray_backend:run", "Ray cluster", "Tasks on many machines; see requirements-cluster.txt."
        ),
    },
)
_SAVE_SECONDS = 90.0  # for the workers to save when this process ends


@dataclass(frozen=True)
class Resources:
    """The resources that a study may use: `workers` runs train at the same time.

    For Ray, `address` is the cluster's ("" for $RAY_ADDRESS, or a cluster started on this machine), and `gpus` is the
    share of a GPU per run, in [0, 1].
    """

    backend: str = "local"
    workers: int = 1
    device: str = "auto"
    address: str = ""
    gpus: float = 0.0

    def __post_init__(self) -> None:
        whole_number("workers", self.workers)


class Runner:
    """Runs one study until it has no pending job."""

    def __init__(self, study: Study, resources: Resources) -> None:
        self.study, self.resources = study, resources
        self.error = ""  # why it ended early
        self._run = BACKENDS[resources.backend].load()
        self._lock = study.lock
        self._ending = threading.Event()
        self.done = False
        self._thread = threading.Thread(target=self._main, name=f"comparing {study.id}", daemon=True)

    def start(self) -> None:
        """Start the thread. Raises `StudyError` if another process runs this study."""
        try:
            self._lock.acquire(timeout=2)
        except Timeout:
            raise StudyError(f"The comparison {self.study.id} is being run by another process") from None
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no job is pending, at most `timeout` seconds; returns whether the thread has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Let every run save and end without changing its command, so that `start` continues all of them."""
        self._ending.set()

    def _main(self) -> None:
        try:
            while not self.done:
                self._run(self.study, self.resources, self._ending)
                with _guard:  # after this check, `start` makes a new runner
                    self.done = self._ending.is_set() or not self.study.pending_jobs()
        except Exception as error:  # nothing else would show an error of this thread to the user
            self.error = str(error) if isinstance(error, StudyError) else f"{type(error).__name__}: {error}"
            if not isinstance(error, StudyError | OSError):
                raise
        finally:
            self.done = True
            self._lock.release()


_runners: dict[Path, Runner] = {}
_guard = threading.Lock()


def start(study: Study, resources: Resources) -> Runner:
    """Run a study in a background thread. If this process runs it already, that runner takes new jobs as well.

    Raises:
        StudyError: another process runs it.
        catalog.UnknownNameError: there is no such backend.
    """
    with _guard:
        runner = _runners.get(study.path.absolute())
        if runner is None or runner.done:
            runner = Runner(study, resources)
            runner.start()
            _runners[study.path.absolute()] = runner
        return runner


def runner_of(study: Study) -> Runner | None:
    """The last runner of the study in this process, None if there was none."""
    return _runners.get(study.path.absolute())


def running() -> list[Study]:
    """The studies that this process runs now."""
    return [runner.study for runner in _alive()]


def _alive() -> list[Runner]:
    return [runner for runner in list(_runners.values()) if runner.alive]  # another thread may add one meanwhile


@atexit.register
def _close_all() -> None:
    """Let all workers save before this process ends. If it is killed, they notice that standard input has closed."""
    runners = _alive()
    for runner in runners:
        runner.close()
    for runner in runners:
        runner.wait(_SAVE_SECONDS)
