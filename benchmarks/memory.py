"""Resident memory of the idle server, of each session that trains, and of each 100,000 steps of history.

    python -m benchmarks.memory

Sessions and history are each measured in a new process, so that memory which one keeps does not hide that of another.
The server is measured before any visit, and again after Chromium has opened Home, which loads torch.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from benchmarks import timing

STEPS = 100_000
SETTLED = 200  # steps after which a session has allocated all it needs


def resident(pid: int | None = None) -> float:
    """Resident memory of a process, by default this one, in megabytes."""
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def server() -> list[timing.Row]:
    """Rows for the server before any visit and after a visit to Home."""
    from benchmarks import browser  # needs playwright, which the other measurements do not need

    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server, browser.tab() as page:
        fresh = resident(server.process.pid)
        page.goto(server.url)
        page.get_by_text("Training runs on").wait_for(timeout=180_000)
        page.wait_for_timeout(2000)
        return _rows({"server, no visitor yet": fresh, "server, Home seen": resident(server.process.pid)})


def sessions(most: int, settings: dict[str, Any], steps: int = SETTLED) -> list[float]:
    """Megabytes of a process before the first session, and after the start of each further one."""
    from gan_core import presets
    from gan_core.runs import RunStore
    from gan_core.session.pool import SessionPool

    config = presets.load("mnist-quick").with_values({"max_steps": 1_000_000, **settings})
    with tempfile.TemporaryDirectory() as folder:
        pool = SessionPool(RunStore(folder), slots=most)
        found = [resident()]
        for _ in range(most):
            session = pool.get(pool.open(config))
            assert session is not None
            session.start()
            while session.snapshot().live and session.snapshot().step < steps:
                time.sleep(0.1)
            found.append(resident())
        pool.close()
    return found


def history(lengths: Sequence[int]) -> list[float]:
    """Megabytes of a process whose run has a history of each of these lengths, in steps."""
    import torch

    from gan_core import presets
    from gan_core.session.commands import CommandQueue
    from gan_core.session.listener import Context
    from gan_core.session.recorder import Recorder
    from gan_core.training.step_record import VALUES, StepRecord
    from gan_core.training.trainer import Trainer

    config = presets.load("ring8").with_values({"record.log_every": 1})
    recorder, step = Recorder(Context(Trainer(config, "cpu"), None, CommandQueue(config), lambda update: None)), 0
    values, found = torch.zeros(len(VALUES)), []
    for length in lengths:
        while step < length:
            step += 1
            recorder.after_step(StepRecord(step, step / 100, 64 * step, values), "both")
            if step % 400 == 0 or step == length:
                recorder.flush()
        found.append(resident())
    return found


def in_new_process(work: Callable[..., list[float]], *arguments: Any) -> list[float]:
    """The result of `work` in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def of_sessions(most: int) -> list[timing.Row]:
    """A row for each number of sessions, from none."""
    names = ["engine, no session", *(f"{n} session{'s' if n > 1 else ''} of mnist-quick" for n in range(1, most + 1))]
    return _rows(dict(zip(names, in_new_process(sessions, most, {}), strict=True)))


def of_history(steps: int) -> list[timing.Row]:
    """A row for no history, and for one, two and three times so many steps."""
    lengths = [steps * i for i in range(4)]
    names = [f"history of {length:,} steps" for length in lengths]
    return _rows(dict(zip(names, in_new_process(history, lengths), strict=True)))


def _rows(found: dict[str, float]) -> list[timing.Row]:
    rows: list[timing.Row] = []
    before: float | None = None
    for name, megabytes in found.items():
        more = None if before is None else megabytes - before
        rows.append({"what": name, "MB": megabytes, "more than the row above, MB": more})
        before = megabytes
    return rows


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=2)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of history between two measurements")
    parser.add_argument("--no-server", action="store_true", help="leave out the measurements that need a browser")
    options = parser.parse_args()
    rows = [] if options.no_server else server()
    timing.report(options, memory=rows + of_sessions(options.sessions) + of_history(options.steps))


if __name__ == "__main__":
    main()
