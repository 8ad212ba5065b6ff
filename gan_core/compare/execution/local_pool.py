"""A pool of worker processes on this machine: one thread each on a CPU, side by side on a GPU as memory allows.

Two processes of one thread get more steps done on two cores than one process of two threads (`benchmarks/throughput.py`
measures by how much), and no run disturbs another.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from gan_core.compare.execution.runner import Resources
from gan_core.compare.study import Study
from gan_core.system.devices import find_device

_TRIES = 2  # times that a job's process may die before the job is given up
_AGAIN = 0.2  # seconds between two looks at what there is to do
_TO_SAVE = 60.0  # seconds that a worker gets to save and end


class Process:
    """A worker process, and the task that it has in hand."""

    def __init__(self, answers: queue.Queue[tuple[Process, dict[str, Any] | None]], errors: IO[str] | int) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": _import_path()}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "gan_core.compare.execution.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True, encoding="utf-8",
        )  # fmt: skip
        self.task: dict[str, Any] | None = None
        self._answers = answers
        threading.Thread(target=self._listen, daemon=True).start()

    def give(self, task: Mapping[str, Any]) -> None:
        """Ask for one thing; the answer comes into the queue."""
        self.task = dict(task)
        with suppress(OSError, ValueError):  # where it has died, its end is in the queue already
            self._pipe.write(json.dumps(self.task) + "\n")
            self._pipe.flush()

    def leave(self) -> None:
        """Let it save and end."""
        with suppress(OSError):
            self._pipe.close()

    def wait(self, seconds: float) -> None:
        """Wait for its end; one that does not come to it is killed, and its run goes on from its last checkpoint."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    @property
    def exit_status(self) -> int | None:
        return self._child.poll()

    @property
    def _pipe(self) -> IO[str]:
        assert self._child.stdin is not None
        return self._child.stdin

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._answers.put((self, json.loads(line)))
        self._child.wait()
        self._answers.put((self, None))


class Pool:
    """So many worker processes at most, begun when they are first needed.

    Args:
        size: processes at most.
        log: where they may write what goes wrong in them; None lets that go.
    """

    def __init__(self, size: int, log: Path | None = None) -> None:
        self._size = size
        self._answers: queue.Queue[tuple[Process, dict[str, Any] | None]] = queue.Queue()
        self._processes: list[Process] = []
        self._log: IO[str] | int = subprocess.DEVNULL if log is None else log.open("a", encoding="utf-8")

    @property
    def in_hand(self) -> list[dict[str, Any]]:
        """Tasks that are being done."""
        return [process.task for process in self._processes if process.task is not None]

    @property
    def free(self) -> int:
        """How many more tasks would be begun at once."""
        return self._size - len(self.in_hand)

    def ask(self, task: Mapping[str, Any]) -> None:
        """Have a task done, by a process that is idle or by a new one; only while some are free."""
        idle = next((process for process in self._processes if process.task is None), None)
        if idle is None:
            idle = Process(self._answers, self._log)
            self._processes.append(idle)
        idle.give(task)

    def answer(self, seconds: float) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
        """A task that is done and what came of it, None where its process has died; None if nothing is done by then."""
        try:
            process, answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if answer is not None and "ready" in answer:
            return None
        task, process.task = process.task, None
        if answer is None:
            self._processes.remove(process)
        return None if task is None else (task, answer)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let all save and end."""
        for process in self._processes:
            process.leave()
        for process in self._processes:
            process.wait(_TO_SAVE)
        if not isinstance(self._log, int):
            self._log.close()


def run(study: Study, means: Resources, ending: threading.Event) -> None:
    """Work off a comparison's jobs until none is left that may go on, or until `ending`; each saves before that.

    Raises:
        ValueError: the device does not exist.
    """
    device = str(find_device(means.device))
    deaths: Counter[str] = Counter()
    with Pool(means.workers, study.path / "workers.log") as pool:
        while not ending.is_set():
            busy = {task["key"] for task in pool.in_hand}
            waiting = [job.key for job in study.jobs_to_do() if job.key not in busy]
            for key in waiting[: pool.free]:
                pool.ask({"study": str(study.path.absolute()), "key": key, "device": device})
            if not pool.in_hand:
                return
            done = pool.answer(_AGAIN)
            if done is not None and done[1] is None:
                _note_death(study, done[0]["key"], deaths)


def _note_death(study: Study, key: str, deaths: Counter[str]) -> None:
    """A run whose process died goes on from its last checkpoint, in another process; not for ever."""
    deaths[key] += 1
    trial_status = replace(study.trial_status(key), status="interrupted", activity="")
    if deaths[key] >= _TRIES:
        error = (
            f"Its process died {_TRIES} times, perhaps for want of memory; {study.path / 'workers.log'} may say more"
        )
        trial_status = replace(trial_status, status="failed", error=error)
    study.write_trial_status(trial_status)


def _import_path() -> str:
    """Where the workers find this package, also when it is not installed."""
    here = str(Path(__file__).parents[3])
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
