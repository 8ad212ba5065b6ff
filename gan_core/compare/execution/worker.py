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
from gan_core.system import signals
from gan_core.system.allocator import keep_freed_memory

_LOCK_SECONDS = 60.0  # for an earlier worker that still saves the same run


def main() -> None:
    keep_freed_memory()
    tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
    ending = threading.Event()

    def end(*_: object) -> None:
        ending.set()
        tasks.put(None)

    def listen() -> None:
        with open(0, "rb", buffering=0, closefd=False) as lines:  # unbuffered: a buffer's lock would block the exit
            for line in lines:
                tasks.put(json.loads(line))
        end()

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    signals.ignore_hangup()
    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=listen, daemon=True).start()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints to standard output must not mix with the answers
    while (task := tasks.get()) is not None and not ending.is_set():
        answers.write(json.dumps(_answer(task, ending)) + "\n")
        answers.flush()


def _answer(task: dict[str, Any], ending: threading.Event) -> dict[str, Any]:
    if "measure" in task:
        return estimate.measure_here(TrainConfig.from_json(task["measure"]), task["device"])
    study, key = Study(Path(task["study"])), task["key"]

    def command() -> TrialCommand:
        return "interrupt" if ending.is_set() else study.command_for(key)

    try:
        with FileLock(study.path / "jobs" / f".{key}.lock", timeout=_LOCK_SECONDS):
            job = next(job for job in study.jobs if job.key == key)
            status, title, write = study.trial_status(key), study.comparison.title, study.write_trial_status
            return {"status": train(job, title, status, study.library, command, write, task["device"]).status}
    except (StudyError, ConfigError, ValueError, OSError) as error:
        study.write_trial_status(TrialStatus(key, "failed", error=str(error)))
        return {"status": "failed"}


if __name__ == "__main__":
    main()
