"""The speed of a training step as a share of the processor's peak, which is the speed of a large matrix product.

    python -m benchmarks.ceiling                           # an MLP and two DCGANs, float32 and bfloat16
    python -m benchmarks.ceiling --only mlp --profile      # and the time of a step by kind of operation

torch counts the arithmetic of one step. The step and a large matrix product of the same precision are timed
alternately, and the share is the median over the rounds. Freed memory is kept, as on the command line. Run it on an
idle machine: any other load slows two threads.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import mean, median

import torch
from torch import Tensor
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import timing
from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.data.batches import Batches
from gan_core.system.allocator import keep_freed_memory
from gan_core.system.devices import multiplies_bfloat16
from gan_core.system.random_streams import stream
from gan_core.training import ema, optimizers
from gan_core.training.trainer import Trainer

NARROW = {"generator.width": 32, "discriminator.width": 32, "batch_size": 64}
EXPERIMENTS = {
    "mlp": presets.load("mlp-mnist"),
    "dcgan": presets.load("dcgan-mnist").with_values(NARROW),
    "quick": presets.load("mnist-quick"),
}
PRECISIONS = {"float32": torch.float32}
if multiplies_bfloat16(torch.device("cpu")):
    PRECISIONS["bfloat16"] = torch.bfloat16
IN_A_TURN = 5  # steps, or products
BLOCKS = 5  # of steps that are profiled
_SIDE = 1536  # rows of the square matrices: large enough that overhead is negligible

# The group of an operation is the first one with a word of its name. The scopes around it are checked first.
SCOPES = {"Optimizer.": "optimiser", "Adam": "optimiser", "data": "data", "EMA": "moving average of G"}
GROUPS = {
    "matrix products and convolutions": (
        "aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "convolution",
    ),
    "normalisation": ("batch_norm",),
    "activations and losses": (
        "relu", "sigmoid", "tanh", "softplus", "threshold", "clamp_min", "aten::mean", "aten::elu", "aten::silu",
    ),
    "gradient norms": ("vector_norm", "foreach_norm"),
    "copies and changes of precision": ("aten::copy_", "_to_copy", "aten::to", "resolve_conj"),
    "sums over the batch, and of gradients": ("aten::add", "aten::sum"),
}  # fmt: skip
REST = "Python, views, bookkeeping"


def flops(step: Callable[[], object]) -> int:
    """Floating-point operations of matrix products and convolutions in one step, forwards and backwards."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


def large_product(precision: str, side: int = _SIDE) -> Callable[[], Tensor]:
    """A large matrix product."""
    random = stream(0, "benchmark")
    a, b = (torch.empty(side, side).normal_(generator=random).to(PRECISIONS[precision]) for _ in range(2))
    return partial(torch.nn.functional.linear, a, b)


def shares(name: str, config: TrainConfig, rounds: int, side: int = _SIDE) -> list[timing.Row]:
    """A row for each precision; all steps and products are timed alternately."""
    steps = {kind: Trainer(config.with_values({"precision": kind}), "cpu").step for kind in PRECISIONS}
    counted = {kind: flops(step) for kind, step in steps.items()}
    works = {f"step {kind}": _times(step) for kind, step in steps.items()}
    works |= {f"product {kind}": _times(large_product(kind, side)) for kind in PRECISIONS}
    taken = timing.in_turns(works, rounds, warm=3)
    return [_row(name, kind, counted[kind], taken[f"step {kind}"], taken[f"product {kind}"], side) for kind in steps]


def _times(work: Callable[[], object]) -> Callable[[], None]:
    """The work `IN_A_TURN` times, because the first time after another kind of work waits for memory."""

    def turn() -> None:
        for _ in range(IN_A_TURN):
            work()

    return turn


def _row(name: str, kind: str, count: int, step: list[float], large: list[float], side: int) -> timing.Row:
    step, large = ([seconds / IN_A_TURN for seconds in turns] for turns in (step, large))
    reached = [count / seconds / 1e9 for seconds in step]
    ceiling = [2 * side**3 / seconds / 1e9 for seconds in large]
    ratios = [ours / most for ours, most in zip(reached, ceiling, strict=True)]
    return {
        "experiment": name,
        "precision": kind,
        "GFLOP a step": count / 1e9,
        "ms a step": 1000 * median(step),
        "spread, ms": timing.spread(step, 1000),
        "GFLOP/s": median(reached),
        "matrix product, GFLOP/s": median(ceiling),
        "share, %": 100 * median(ratios),
        "spread, %": timing.spread(ratios, 100),
    }


def where_it_goes(name: str, config: TrainConfig, steps: int) -> list[timing.Row]:
    """The time of a step by kind of operation, from torch's profiler.

    Profiling adds some microseconds to each operation. So the time outside all operations, which is Python's, is
    computed from steps without the profiler, which alternate with the profiled ones.
    """
    step, blocks, plain = Trainer(config, "cpu").step, [], []
    for _ in range(BLOCKS):
        plain += timing.in_turns({"": step}, max(1, steps // BLOCKS), warm=3)[""]
        blocks.append(_profiled(step, max(1, steps // BLOCKS)))
    spent = {group: mean(block[group] for block in blocks) for group in set().union(*blocks) - {REST}}
    spent[REST] = max(0.0, mean(plain) - sum(spent.values()))
    whole = sum(spent.values())
    return [
        {
            "experiment": name,
            "precision": config.precision,
            "spent on": group,
            "ms a step": 1000 * seconds,
            "share, %": 100 * seconds / whole,
        }
        for group, seconds in sorted(spent.items(), key=lambda part: -part[1])
    ]


def _profiled(step: Callable[[], object], steps: int) -> Counter[str]:
    """Seconds per step of each group of operations."""
    with _scopes(), profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(steps):
            step()
    spent: Counter[str] = Counter()
    for event in seen.events():
        spent[_group(event)] += event.self_cpu_time_total / steps / 1e6
    return spent


@contextmanager
def _scopes() -> Iterator[None]:
    """Inside the context, Adam, drawing a batch and averaging G's weights have names in the profile."""
    named = (optimizers.Adam, "step", "Adam"), (Batches, "next", "data"), (ema, "blend", "EMA")
    with ExitStack() as undo:
        for owner, function, name in named:
            undo.callback(setattr, owner, function, getattr(owner, function))
            setattr(owner, function, record_function(name)(getattr(owner, function)))
        yield


def _group(event: FunctionEvent) -> str:
    around: FunctionEvent | None = event
    while around is not None:
        for scope, group in SCOPES.items():
            if around.name.startswith(scope):
                return group
        around = around.cpu_parent
    if not event.name.startswith(("aten::", "mkldnn::")):
        return REST
    return next((group for group, words in GROUPS.items() if any(word in event.name for word in words)), REST)


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--only", choices=EXPERIMENTS)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--profile", action="store_true", help="also print the time of a step by kind of operation")
    parser.add_argument("--steps", type=int, default=40, help="number of profiled steps")
    options = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    chosen = {options.only: EXPERIMENTS[options.only]} if options.only else EXPERIMENTS
    tables = {"shares": [row for name, config in chosen.items() for row in shares(name, config, options.rounds)]}
    if options.profile:
        configs = [(name, c.with_values({"precision": kind})) for name, c in chosen.items() for kind in PRECISIONS]
        tables["profile"] = [row for name, c in configs for row in where_it_goes(name, c, options.steps)]
    timing.report(options, **tables)


if __name__ == "__main__":
    main()
