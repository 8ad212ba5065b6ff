"""The speed of our training steps and of a plain loop (benchmarks/plain.py) that computes the same losses.

    python -m benchmarks.steps --threads 2 --rounds 15 --json steps.json
    python -m benchmarks.steps --device cuda

First both loops train 50 steps: their losses must agree to 1e-5. Then they alternate every 0.3 s, with the plain loop
between any two of ours. Each of our times is compared with the plain loop's times just before and just after it, as
the speed of shared cores can halve for a minute. The median says how many times as fast our loop is. Each loop has its
own process. Our loop runs as the command line does: in a thread, and keeping freed memory.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmarks import timing
from benchmarks.plain import PlainLoop
from gan_core import TrainConfig, Trainer, data, presets
from gan_core.acceleration.ops import strided_conv
from gan_core.acceleration.ops.memory_format import is_channels_last
from gan_core.system.allocator import keep_freed_memory
from gan_core.system.devices import multiplies_bfloat16

ADAM = {f"optimizer_{role}.name": "adam" for role in "gd"}
SAME = {"ema_decay": 0, "precision": "float32", "reuse_fakes": False}  # off, because the plain loop has none of these
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "MLP 28": ("mlp-mnist", {}),
    "DCGAN 28": ("dcgan-mnist", {"generator.width": 32, "discriminator.width": 32, "batch_size": 64}),
    "DCGAN 64": ("dcgan-sprites", {"generator.width": 16, "discriminator.width": 16, "batch_size": 32}),
    "DCGAN 64 from files": ("dcgan-sprites", {"generator.width": 16, "discriminator.width": 16, "batch_size": 32}),
    "WGAN 28": ("wgan-mnist", {"generator.width": 32, "discriminator.width": 32}),
    "WGAN-GP 28": ("wgan-gp-mnist", {}),
    "ring8": ("ring8", {}),
    "gaussian-2d": ("gaussian-2d", {}),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "channels last": {"channels_last": True},
    "without a graph": {"cuda_graph": False},
    "tf32": {"precision": "tf32"},
    "bfloat16, channels last": {"precision": "bfloat16", "channels_last": True},
}
# The cases in which a variant is measured, if not in all.
OF_KIND = {"channels last": "images", "bfloat16, channels last": "images"}
ON_DEVICE = {"without a graph": "cuda", "tf32": "cuda", "bfloat16, channels last": "cuda"}
PLAIN = "plain"
FROM_FILES = ("DCGAN 64 from files",)  # the plain loop reads images from a folder, as in Dive into Deep Learning
SAME_STEPS, TOLERANCE = 50, 1e-5


def config_of(case: str) -> TrainConfig:
    preset, changes = CASES[case]
    return presets.load(preset).with_values(SAME | ADAM | changes if preset != "wgan-mnist" else SAME | changes)


@contextmanager
def plain_loop(case: str, config: TrainConfig, dataset: data.Dataset, device: str) -> Iterator[PlainLoop]:
    with tempfile.TemporaryDirectory() as folder:
        yield PlainLoop(config, dataset, torch.device(device), Path(folder) if case in FROM_FILES else None)


def difference(case: str, dataset: data.Dataset, device: str, steps: int = SAME_STEPS) -> float:
    """The largest difference of a loss between the two loops over their first steps, relative to its size above 1.

    Both compute in double precision, with one memory format and without folded images, as training amplifies rounding:
    two orders of one sum make the losses of DCGAN 64 differ by 1e-13 after four steps and 2e-4 after 50. Batches are
    small to save time.
    """
    with (
        double_precision(),
        mock.patch("gan_core.acceleration.ops.memory_format.is_faster", return_value=False),
        mock.patch.object(strided_conv, "_MAX_CHANNELS", 1),
    ):
        if dataset.examples.is_floating_point():
            dataset = replace(dataset, examples=dataset.examples.double())
        config = config_of(case)
        config = config.with_values({"batch_size": min(config.batch_size, 8)})
        with plain_loop(case, config, dataset, device) as plain:
            ours, worst = Trainer(config, device, dataset), 0.0
            for _ in range(steps):
                child_end, record = plain.step(), ours.step()
                for a, b in zip(child_end, (record.loss_d, record.loss_g), strict=True):
                    worst = max(worst, abs(a - b) / max(1.0, abs(a)))
    return worst


@contextmanager
def double_precision() -> Iterator[None]:
    """New floating-point tensors are float64 inside the context."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


class Loop:
    """A loop in its own process. One turn is at least two steps and takes about `seconds`."""

    def __init__(self, case: str, kind: str, device: str, threads: int, seconds: float) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connection, child_end = spawn.Pipe()
        self._process = spawn.Process(target=_loop, args=(child_end, case, kind, device, threads, seconds), daemon=True)
        self._process.start()
        child_end.close()  # so that `recv` raises an error if the process fails

    def turn(self) -> float:
        """Run one turn; returns milliseconds per step."""
        began = time.perf_counter()
        self._connection.send(True)
        steps: int = self._connection.recv()
        return 1000 * (time.perf_counter() - began) / steps

    def close(self) -> None:
        self._connection.close()
        self._process.join()


def _loop(connection: Connection, case: str, kind: str, *rest: Any) -> None:
    """Run turns: the plain loop in the main thread of the process, our loop in another thread."""
    if kind == PLAIN:
        _turns(connection, case, kind, *rest)
    else:
        keep_freed_memory()
        session = threading.Thread(target=_turns, args=(connection, case, kind, *rest))
        session.start()
        session.join()


def _turns(connection: Connection, case: str, kind: str, device: str, threads: int, seconds: float) -> None:
    """Run one turn for each message, until the connection is closed."""
    torch.set_num_threads(threads)
    config = config_of(case)
    dataset = data.load(config)
    steps = 0
    with suppress(EOFError), ExitStack() as until_done:
        if kind == PLAIN:
            plain = until_done.enter_context(plain_loop(case, config, dataset, device))
            step: Callable[[], object] = plain.step
        else:
            step = Trainer(config.with_values(VARIANTS[kind]), device, dataset).step
        while connection.recv():
            steps = steps or _steps_in(step, seconds, device)
            run_steps(step, steps, device)
            connection.send(steps)


def _steps_in(step: Callable[[], object], seconds: float, device: str) -> int:
    run_steps(step, 2, device)  # warm-up
    began = time.perf_counter()
    run_steps(step, 2, device)
    return max(2, round(2 * seconds / (time.perf_counter() - began)))


def run_steps(step: Callable[[], object], steps: int, device: str) -> None:
    """Run the steps and wait until the device has finished them."""
    for _ in range(steps):
        step()
    if device == "cuda":
        torch.cuda.synchronize()


def compare(case: str, variants: list[str], rounds: int, device: str, threads: int, seconds: float) -> list[timing.Row]:
    """A row for each variant: milliseconds a step of both loops, and how many times as fast ours is."""
    with ExitStack() as until_done:
        plain, *ours = (
            until_done.enter_context(closing(Loop(case, kind, device, threads, seconds))) for kind in (PLAIN, *variants)
        )
        for loop in (plain, *ours):
            loop.turn()  # warm-up
        around = [plain.turn()]
        taken: list[list[float]] = [[] for _ in ours]
        for _ in range(rounds):
            for loop, turns in zip(ours, taken, strict=True):
                turns.append(loop.turn())
                around.append(plain.turn())
    rows: list[timing.Row] = []
    before_and_after = [statistics.mean(pair) for pair in pairwise(around)]
    for k, (name, turns) in enumerate(zip(variants, taken, strict=True)):
        ratios = [near / own for near, own in zip(before_and_after[k :: len(ours)], turns, strict=True)]
        rows.append(
            {
                "case": case,
                "ours in": name,
                "plain, ms": statistics.median(around),
                "ours, ms": statistics.median(turns),
                "times as fast": statistics.median(ratios),
                "spread": timing.spread(ratios),
            }
        )
    return rows


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3, help="length of each turn")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows: list[timing.Row] = []
    for case in options.cases.split(","):
        config = config_of(case)
        apart = difference(case, data.load(config), options.device)
        if apart > TOLERANCE:
            raise SystemExit(f"{case}: losses differ by {apart:.1e} within {SAME_STEPS} steps")
        variants = [
            name
            for name in VARIANTS
            if OF_KIND.get(name) in (None, config.dataset.kind)
            and ON_DEVICE.get(name) in (None, options.device)
            and not (name == "channels last" and options.device == "cpu" and is_channels_last(config))  # by itself
            and (VARIANTS[name].get("precision") != "bfloat16" or multiplies_bfloat16(torch.device(options.device)))
        ]
        rows += [
            row | {"losses differ by": f"{apart:.0e}"}
            for row in compare(case, variants, options.rounds, options.device, options.threads, options.seconds)
        ]
    timing.report(options, rows=rows)


if __name__ == "__main__":
    main()
