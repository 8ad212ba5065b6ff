"""Who runs a comparison: a thread of this process that keeps workers busy, here or on a cluster."""

from __future__ import annotations

import atexit
import threading
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from gan_core.compare.study import Study, StudyError
from gan_core.config.catalog import Catalog, Entry

BACKENDS: Catalog[Entry] = Catalog(
    "backend",
    {
        "local": Entry(
            "gan_core.compare.execution.local_pool:run",
            "This machine",
            "A process for each core, or side by side on a GPU.",
        ),
        "ray": Entry(
            "gan_core.compare.execution.ray_backend:run",
            "Ray cluster",
            "Tasks on many machines; wants requirements-cluster.txt.",
        ),
    },
)
_TO_END = 90.0  # seconds that the workers get to save when this process ends


@dataclass(frozen=True)
class Resources:
    """With what a comparison is run.

    `workers` runs train at a time. For Ray: `address` is the cluster's, "" for $RAY_ADDRESS or one begun here; `gpus`
    is the share of a GPU that each run gets, in [0, 1].
    """

    backend: str = "local"
    workers: int = 1
    device: str = "auto"
    address: str = ""
    gpus: float = 0.0


class Runner:
    """Runs one comparison until nothing in it may go on."""

    def __init__(self, study: Study, means: Resources) -> None:
        self.study, self.means = study, means
        self.error = ""  # why it ended before its time
        self._run = BACKENDS[means.backend].load()
        self._lock = study.lock
        self._ending, self._asked, self._done = threading.Event(), threading.Event(), False
        self._asked.set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._main, name=f"comparing {study.id}", daemon=True)

    def start(self) -> None:
        """Begin. Raises `StudyError` if another process runs this comparison."""
        try:
            self._lock.acquire(timeout=2)
        except Timeout:
            raise StudyError(f"The comparison {self.study.id} is being run by another process") from None
        self._thread.start()

    def look_again(self) -> bool:
        """Note that there may be more to do; whether that came in time."""
        with self._guard:
            self._asked.set()
            return not self._done

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to do, for `timeout` seconds at most; whether nothing is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Let every run save and end, without any order to them: whoever starts the comparison again goes on."""
        self._ending.set()

    def _main(self) -> None:
        try:
            while self._more_to_do():
                self._run(self.study, self.means, self._ending)
        except Exception as error:  # the thread's last line of defence: a fault must reach the screen
            self.error = str(error) if isinstance(error, StudyError) else f"{type(error).__name__}: {error}"
            if not isinstance(error, StudyError | OSError):
                raise
        finally:
            self._done = True
            self._lock.release()

    def _more_to_do(self) -> bool:
        with self._guard:
            self._done = self._ending.is_set() or not self._asked.is_set()
            self._asked.clear()
            return not self._done


_runners: dict[Path, Runner] = {}
_guard = threading.Lock()


def start(study: Study, means: Resources) -> Runner:
    """Run a comparison in the background of this process, or let whoever runs it here look again for what is to do.

    Raises:
        StudyError: another process runs it.
        catalog.UnknownNameError: there is no such backend.
    """
    with _guard:
        runner = _runners.get(study.path.absolute())
        if runner is None or not runner.look_again():
            runner = Runner(study, means)
            runner.start()
            _runners[study.path.absolute()] = runner
        return runner


def runner_of(study: Study) -> Runner | None:
    """Who runs, or ran, the comparison in this process; None where nobody did."""
    return _runners.get(study.path.absolute())


@atexit.register
def _close_all() -> None:
    """Let all workers save before this process ends; those of a process that is killed notice it themselves."""
    runners = [runner for runner in _runners.values() if runner.alive]
    for runner in runners:
        runner.close()
    for runner in runners:
        runner.wait(_TO_END)
