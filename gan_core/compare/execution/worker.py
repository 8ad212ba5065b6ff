"""A worker process: reads tasks as lines of JSON from standard input, one at a time, and answers each with a line.

    python -m gan_core.compare.execution.worker

When its standard input closes it saves the run it trains and ends. So no worker outlives the process that started it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from pathlib import Path
from typing import Any

from filelock import FileLock

from gan_core.compare.execution import estimate
from gan_core.compare.execution.trial import TrialCommand, train
from gan_core.compare.study import Study, StudyError, TrialStatus
from gan_core.config import TrainConfig
from gan_core.config.schema import ConfigError
from gan_core.system.allocator import keep_freed_memory

_LOCK_SECONDS = 60.0  # for an earlier worker that still saves the same run


class Worker:
    """Works on tasks until standard input closes."""

    def __init__(self) -> None:
        self._tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._ending = threading.Event()

    def listen(self) -> None:
        """Read tasks from standard input until it closes. Runs in its own thread."""
        with open(0, "rb", buffering=0, closefd=False) as lines:  # unbuffered: a buffer's lock would block the exit
            for line in lines:
                self._tasks.put(json.loads(line))
        self.end()

    def end(self, *_: object) -> None:
        """Save and end."""
        self._ending.set()
        self._tasks.put(None)

    def work(self) -> None:
        """Do one task after another."""
        answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # what a library prints to standard output must not mix with the answers
        while (task := self._tasks.get()) is not None and not self._ending.is_set():
            answers.write(json.dumps(self._do(task)) + "\n")
            answers.flush()

    def _do(self, task: dict[str, Any]) -> dict[str, Any]:
        if "measure" in task:
            return estimate.measure_here(TrainConfig.from_json(task["measure"]), task["device"])
        study = Study(Path(task["study"]))
        try:
            with FileLock(study.path / "jobs" / f".{task['key']}.lock", timeout=_LOCK_SECONDS):
                return {"status": self._train(study, task["key"], task["device"]).status}
        except (StudyError, ConfigError, ValueError, OSError) as error:
            study.write_trial_status(TrialStatus(task["key"], "failed", error=str(error)))
            return {"status": "failed"}

    def _train(self, study: Study, key: str, device: str) -> TrialStatus:
        plan = study.comparison
        job = next(job for job in plan.jobs() if job.key == key)

        def command() -> TrialCommand:
            return "interrupt" if self._ending.is_set() else study.command_for(key)

        return train(job, plan.title, study.trial_status(key), study.library, command, study.write_trial_status, device)


def main() -> None:
    keep_freed_memory()
    worker = Worker()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    signal.signal(signal.SIGTERM, worker.end)
    threading.Thread(target=worker.listen, daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()
