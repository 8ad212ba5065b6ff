"""A pool of worker processes on this machine: one thread each on a CPU, side by side on a GPU as memory allows.

On two cores, two processes of one thread train more steps than one process of two threads
(`benchmarks/throughput.py` measures by how much), and the runs cannot disturb each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from gan_core.compare.execution.runner import Resources
from gan_core.compare.study import Study
from gan_core.system.devices import find_device

_MAX_DEATHS = 2  # of a run's process, before the run counts as failed
_POLL_SECONDS = 0.2
_SAVE_SECONDS = 60.0  # for a worker to save and end

Answer = dict[str, Any] | None


class Process:
    """A worker process."""

    def __init__(self, errors: IO[str] | int) -> None:
        root = str(Path(__file__).parents[3])  # so that it finds this package, also when that is not installed
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._child = subprocess.Popen(
            [sys.executable, "-m", "gan_core.compare.execution.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8",
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path},
        )  # fmt: skip

    def do(self, task: dict[str, Any]) -> Answer:
        """Do one task and return the answer; None if the process died."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps(task) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except (OSError, ValueError):  # the pipe is broken or closed
            line = ""
        return json.loads(line) if line else None

    def close(self) -> None:
        """Let it save and end."""
        assert self._child.stdin is not None
        with suppress(OSError):
            self._child.stdin.close()

    def wait(self) -> None:
        """Wait for its end, then kill it; a killed run can resume from its last checkpoint."""
        try:
            self._child.wait(_SAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()


class Pool:
    """At most `size` worker processes, started when first needed.

    Args:
        log: file for the errors that workers print; None discards them.
    """

    def __init__(self, size: int, log: Path | None = None) -> None:
        self._slots = threading.Semaphore(size)
        self._processes: list[Process] = []
        self._idle: list[Process] = []
        self._closing = False
        self._guard = threading.Lock()
        self._log: IO[str] | int = subprocess.DEVNULL if log is None else log.open("a", encoding="utf-8")

    def submit(self, task: dict[str, Any]) -> Future[Answer]:
        """Do a task as soon as a process is idle. The result is the worker's answer, None if its process died."""
        future: Future[Answer] = Future()

        def work() -> None:
            try:
                future.set_result(self._do(task))
            except Exception as error:
                future.set_exception(error)

        # A daemon thread: at exit, Python would wait for the threads of an executor before it lets the workers save.
        threading.Thread(target=work, daemon=True).start()
        return future

    def _do(self, task: dict[str, Any]) -> Answer:
        with self._slots:
            with self._guard:
                if self._closing:
                    return None
                if not self._idle:
                    self._processes.append(Process(self._log))
                    self._idle.append(self._processes[-1])
                process = self._idle.pop()
            answer = process.do(task)
            if answer is not None:
                self._idle.append(process)
            return answer

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        """Let all processes save and end."""
        with self._guard:
            self._closing = True
        for process in self._processes:
            process.close()
        for process in self._processes:
            process.wait()
        if not isinstance(self._log, int):
            self._log.close()


def run(study: Study, resources: Resources, ending: threading.Event) -> None:
    """Train a study's pending jobs until none is left, or until `ending` is set; then each run saves first.

    Raises:
        ValueError: the device does not exist.
    """
    device = str(find_device(resources.device))
    log = study.path / "workers.log"
    deaths: Counter[str] = Counter()
    tasks: dict[Future[Answer], str] = {}  # to the job's key
    with Pool(resources.workers, log) as pool:
        while not ending.is_set():
            waiting = [job.key for job in study.pending_jobs() if job.key not in tasks.values()]
            for key in waiting[: resources.workers - len(tasks)]:
                task = {"study": str(study.path.absolute()), "key": key, "device": device}
                tasks[pool.submit(task)] = key
            if not tasks:
                return
            for done in wait(tasks, _POLL_SECONDS, FIRST_COMPLETED).done:
                key = tasks.pop(done)
                if done.result() is None:
                    deaths[key] += 1
                    error = f"Its process died {_MAX_DEATHS} times, perhaps for lack of memory; {log} may say more"
                    study.mark_lost(key, error if deaths[key] >= _MAX_DEATHS else "")
