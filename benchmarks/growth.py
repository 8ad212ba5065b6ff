"""How the cost of a training step grows with the batch, the width, the side of the images, and the sessions.

    python -m benchmarks.growth
    python -m benchmarks.growth --only sessions --seconds 15

The time grows as a power of the value. The exponent is computed from a row and the row above it: 1 if twice the value
takes twice the time, 0 if the time does not change. The experiment is a DCGAN of two stages. Sessions train
`mnist-quick` as in the app, and their time is the time until each of them has done one step.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from statistics import median

import torch

from benchmarks import timing
from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.data import Dataset
from gan_core.runs import RunStore
from gan_core.session import Session
from gan_core.session.pool import SessionPool
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer

BASE = presets.load("dcgan-mnist").with_values(
    {
        "data.name": "folder", "data.size": 28, "data.channels": 1, "batch_size": 64,
        "generator.width": 32, "discriminator.width": 32,
    }
)  # fmt: skip
SETTINGS: dict[str, dict[int, dict[str, int]]] = {  # what grows: its values, and the settings for each value
    "batch": {size: {"batch_size": size} for size in (16, 32, 64, 128, 256)},
    "width": {width: {"generator.width": width, "discriminator.width": width} for width in (16, 32, 64)},
    "side of the images": {side: {"data.size": side} for side in (28, 32, 64)},
}
SESSIONS = (1, 2, 4)


def steps(
    what: str, values: Mapping[int, Mapping[str, int]], rounds: int, base: TrainConfig = BASE
) -> list[timing.Row]:
    """A row for each value: the time of a step under its settings."""
    works = {str(value): _trainer(base.with_values(settings)).step for value, settings in values.items()}
    taken = timing.in_turns(works, rounds, warm=2)
    return _rows(what, {value: taken[str(value)] for value in values})


def _trainer(config: TrainConfig) -> Trainer:
    """A trainer on noise, because the cost of a step does not depend on the content of the images."""
    pictures = torch.randint(0, 256, (256, *config.shape), dtype=torch.uint8, generator=stream(0, "benchmark"))
    return Trainer(config, "cpu", Dataset(pictures, labels=None, classes=(), credit=""))


def sessions(counts: Sequence[int], seconds: float, rounds: int, config: TrainConfig | None = None) -> list[timing.Row]:
    """A row for each number of sessions that train in one process at the same time, a core each if there are enough."""
    config = config or presets.load("mnist-quick")
    config = config.with_values({"max_steps": 1_000_000, "record.evaluate_every": 0, "record.judge_every": 0})
    with tempfile.TemporaryDirectory() as folder:
        pool = SessionPool(RunStore(folder), slots=max(counts))
        try:
            all_of_them = [_prepared_session(pool, config) for _ in range(max(counts))]
            taken: dict[int, list[float]] = {count: [] for count in counts}
            for _ in range(rounds):
                for count in counts:
                    taken[count].append(count / _rate(all_of_them[:count], seconds))
        finally:
            pool.close()
    return _rows("sessions at a time", taken, at_a_time=True)


def _prepared_session(pool: SessionPool, config: TrainConfig) -> Session:
    """A prepared session that is paused."""
    session = pool.get(pool.open(config))
    assert session is not None
    session.step()
    while not session.snapshot().step:
        if not session.snapshot().live:
            raise RuntimeError(session.snapshot().error)
        time.sleep(0.05)
    return session


def _rate(some: Sequence[Session], seconds: float) -> float:
    """Steps per second of the sessions together, each by its own training time."""
    for session in some:
        session.resume()
    time.sleep(1)
    before = [session.snapshot() for session in some]
    time.sleep(seconds)
    after = [session.snapshot() for session in some]
    for session in some:
        session.pause()
    return sum((b.step - a.step) / (b.seconds - a.seconds) for a, b in zip(before, after, strict=True))


def _rows(what: str, taken: Mapping[int, Sequence[float]], at_a_time: bool = False) -> list[timing.Row]:
    rows: list[timing.Row] = []
    smaller: tuple[int, float] | None = None
    for value, seconds in taken.items():
        middle = median(seconds)
        rows.append(
            {
                "what grows": what,
                "value": value,
                "ms": 1000 * middle,
                "spread, ms": timing.spread(seconds, 1000),
                "steps/s": (value if at_a_time else 1) / middle,
                "exponent": _exponent(smaller, (value, middle)) if smaller else None,
            }
        )
        smaller = value, middle
    return rows


def _exponent(smaller: tuple[int, float], larger: tuple[int, float]) -> float:
    """The exponent p of time ~ value^p between two neighbouring rows."""
    return math.log(larger[1] / smaller[1]) / math.log(larger[0] / smaller[0])


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--only", choices=["sessions", *(what.split()[0] for what in SETTINGS)])
    parser.add_argument("--rounds", type=int, default=20, help="number of timed steps of each kind")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of a step; a session has one")
    parser.add_argument("--seconds", type=float, default=8, help="seconds of each of three measurements of sessions")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows: list[timing.Row] = []
    for what, values in SETTINGS.items():
        if options.only in (None, what.split()[0]):
            rows += steps(what, values, options.rounds)
    if options.only in (None, "sessions"):
        rows += sessions(SESSIONS, options.seconds, rounds=3)
    timing.report(options, growth=rows)


if __name__ == "__main__":
    main()
