"""Small comparisons for the tests, and functions that compare their runs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors.torch import load_file

from gan_core import compare
from gan_core.compare import Axis, Comparison, Resources, Study, StudyStore
from gan_core.config import TrainConfig
from gan_core.runs import Run, RunStore
from gan_core.session import Session
from tests.support.small import POINTS


def plan(steps: int = 60, **fields: Any) -> Comparison:
    axis = Axis.of("optimizer_d.lr", [1e-4, 1e-3])
    return compare.comparison(
        **{"title": "Rates", "base": POINTS, "axes": [axis], "seeds": [0], "steps": steps, "judgements": 2, **fields}
    )


def ended_study(plan: Comparison, folder: Path) -> Study:
    """A study of this plan that has ended, in a library in `folder`."""
    study = StudyStore(folder).create(plan)
    assert compare.start(study, Resources(workers=2)).wait(240)
    return study


def rows(run: Run) -> list[list[str]]:
    """The rows of metrics.csv without the seconds."""
    with (run.path / "metrics.csv").open(newline="") as file:
        table = list(csv.reader(file))
    clock = table[0].index("seconds")
    return [row[:clock] + row[clock + 1 :] for row in table]


def same(one: Run, other: Run) -> bool:
    """Whether two runs have the same curves, evaluations and final weights, bit for bit."""
    step = one.checkpoints()[-1]
    weights = [
        {name: load_file(run.path / f"step-{step:07d}" / f"{name}.safetensors") for name in ("generator", "ema")}
        for run in (one, other)
    ]
    same_weights = all(torch.equal(weights[0][n][k], weights[1][n][k]) for n in weights[0] for k in weights[0][n])
    evaluated = [[(row.step, row.value("js")) for row in run.evaluations()] for run in (one, other)]
    return same_weights and rows(one) == rows(other) and evaluated[0] == evaluated[1]


def trained_alone(config: TrainConfig, folder: Path) -> Run:
    """The run of this config in an ordinary session of this process."""
    session = Session(config, RunStore(folder), "cpu", threads=1)
    session.start()
    assert session.wait(120)
    return RunStore(folder).open(session.snapshot().run_id)


def statuses(study: Study) -> list[str]:
    return [trial.status for trial in study.trial_statuses()]


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if "gan_core.compare.execution.worker" in child.cmdline()]
