"""A worker process: takes tasks as lines of JSON on standard input, one at a time, and answers each with a line.

    python -m gan_core.compare.execution.worker

It ends when its standard input does, after it has saved what it trains: so no worker outlives whoever started it.
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

from gan_core.compare.execution import timing
from gan_core.compare.execution.trial import Asked, train
from gan_core.compare.study import Study, StudyError, TrialStatus
from gan_core.config import TrainConfig
from gan_core.config.schema import ConfigError
from gan_core.system.allocator import keep_freed_memory

_LONGEST_SAVE = 60.0  # seconds that a worker of before may still take to save and let go of a run


class Worker:
    """Does tasks until nobody is left to ask."""

    def __init__(self) -> None:
        self._tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._alone = threading.Event()

    def listen(self) -> None:
        """Take tasks from standard input, for as long as there is one. For a thread of its own."""
        with open(0, "rb", buffering=0, closefd=False) as asked:  # without a buffer whose lock would block the end
            for line in asked:
                self._tasks.put(json.loads(line))
        self.end()

    def end(self, *_: object) -> None:
        """Save and end."""
        self._alone.set()
        self._tasks.put(None)

    def work(self) -> None:
        """Do one task after another."""
        answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # whatever a library may print is no answer
        answers.write(json.dumps({"ready": os.getpid()}) + "\n")
        answers.flush()
        while (task := self._tasks.get()) is not None and not self._alone.is_set():
            answers.write(json.dumps(self._do(task)) + "\n")
            answers.flush()

    def _do(self, task: dict[str, Any]) -> dict[str, Any]:
        if "measure" in task:
            return timing.measure(TrainConfig.from_json(task["measure"]), task["device"])
        study = Study(Path(task["study"]))
        try:
            with FileLock(study.path / "jobs" / f".{task['key']}.lock", timeout=_LONGEST_SAVE):
                return {"status": self._train(study, task["key"], task["device"]).status}
        except (StudyError, ConfigError, ValueError, OSError) as error:
            study.write_trial_status(TrialStatus(task["key"], "failed", error=str(error)))
            return {"status": "failed"}

    def _train(self, study: Study, key: str, device: str) -> TrialStatus:
        plan = study.comparison
        job = next(job for job in plan.jobs() if job.key == key)

        def asked() -> Asked:
            return "interrupt" if self._alone.is_set() else study.order_of(key)

        return train(job, plan.title, study.trial_status(key), study.library, asked, study.write_trial_status, device)


def main() -> None:
    keep_freed_memory()
    worker = Worker()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    signal.signal(signal.SIGTERM, worker.end)
    threading.Thread(target=worker.listen, daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()
