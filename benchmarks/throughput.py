"""Steps a second of six runs side by side in worker processes, against the same runs one after another on all cores.

    python -m benchmarks.throughput                      # ring8 and an MLP on digits; a few minutes on two cores
    python -m benchmarks.throughput --only ring8 --steps 4000
    python -m benchmarks.throughput --threads 1          # each run alone has one thread, as in the app on two cores

The two are measured alternately, because the speed of a shared core changes: each measurement side by side is compared
with the mean of those before and after it, and the ratio is the median. Only the training time that each run records
counts, without start-up and evaluation. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from gan_core import compare, presets
from gan_core.compare import Axis, Comparison, Job, Resources, StudyStore
from gan_core.runs import RunStore
from gan_core.session import Session

EXPERIMENTS = {"ring8": ("ring8", 3000), "mlp": ("mlp-mnist", 400)}  # preset, and steps of each run


def plan(preset: str, steps: int) -> Comparison:
    """Six runs: two rates, three seeds."""
    axis = Axis.of("optimizer_d.lr", [1e-4, 2e-4])
    return compare.comparison(base=presets.load(preset), axes=[axis], seeds=[0, 1, 2], steps=steps, judgements=1)


def side_by_side(comparison: Comparison, workers: int) -> float:
    """Steps per second of all workers together."""
    with tempfile.TemporaryDirectory() as folder:
        study = StudyStore(folder).create(comparison)
        compare.start(study, Resources(workers=workers, device="cpu")).wait()
        return workers * mean(trial.step / trial.seconds for trial in study.trial_statuses())


def one_after_another(comparison: Comparison, threads: int) -> float:
    """Steps per second of one run on all cores."""
    return mean(_alone(comparison.jobs(), threads))


def _alone(jobs: tuple[Job, ...], threads: int) -> Iterator[float]:
    for job in jobs[:2]:
        config = job.config.with_values({"record.judge_every": 0, "record.evaluate_every": 0})
        with tempfile.TemporaryDirectory() as folder:
            session = Session(config, RunStore(Path(folder)), device="cpu", threads=threads)
            session.start()
            session.wait()
            yield session.snapshot().step / session.snapshot().seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=EXPERIMENTS, help="one of the experiments")
    parser.add_argument("--steps", type=int, help="of each run")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of one run alone")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| experiment | one after another, steps/s | side by side, steps/s | ratio | each |\n|---|---|---|---|---|")
    for name in [options.only] if options.only else EXPERIMENTS:
        preset, steps = EXPERIMENTS[name]
        comparison = plan(preset, options.steps or steps)
        alone, together = [one_after_another(comparison, options.threads)], list[float]()
        for _ in range(options.rounds):
            together.append(side_by_side(comparison, options.workers))
            alone.append(one_after_another(comparison, options.threads))
        ratios = [both / mean(around) for both, around in zip(together, pairwise(alone), strict=True)]
        each = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
        print(f"| {name} | {median(alone):.1f} | {median(together):.1f} | {median(ratios):.2f} | {each} |", flush=True)


if __name__ == "__main__":
    main()
