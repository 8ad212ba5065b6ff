"""Training goes on in another process exactly as if it had never stopped, whatever the experiment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import ConfigError
from gan_core.runs import RunStore
from gan_core.session import Session
from tests.conftest import ROOT
from tests.support.chance import cases
from tests.support.resumer import outcome
from tests.support.small import DIGITS, POINTS

TINY = DIGITS.with_values(
    {"data.size": 8, "generator.depth": 1, "discriminator.depth": 1, "data.count": 40, "record.evaluate_every": 0}
)
GoOn = Callable[[Path, int], dict[str, Any]]


@st.composite
def experiments(draw: st.DrawFn) -> TrainConfig:
    """Small experiments on points or pictures, with every source of chance and every kind of state in some."""
    on_points = draw(st.booleans())
    values: dict[str, Any] = {
        "seed": draw(st.integers(0, 2**31 - 1)),
        "batch_size": draw(st.integers(2, 24)),
        "latent.dim": draw(st.integers(1, 5)),
        "latent.distribution": draw(st.sampled_from(["normal", "uniform"])),
        "optimizer_g.name": draw(st.sampled_from([*OPTIMIZERS])),
        "optimizer_d.name": draw(st.sampled_from([*OPTIMIZERS])),
        "loss.name": draw(st.sampled_from(["non-saturating", "wasserstein", "hinge", "least-squares", "relativistic"])),
        "penalty.name": draw(st.sampled_from(["none", "clip", "gradient-penalty", "r1", "r1-r2"])),
        "penalty.every": draw(st.integers(1, 3)),
        "n_critic": draw(st.integers(1, 3)),
        "g_steps": draw(st.integers(1, 2)),
        "lr_decay": draw(st.sampled_from(["none", "linear"])),
        "ema_decay": draw(st.sampled_from([0.0, 0.9])),
        "instance_noise": draw(st.sampled_from([0.0, 0.2])),
        "discriminator.dropout": draw(st.sampled_from([0.0, 0.4])),
        "discriminator.spectral": draw(st.booleans()),
        "discriminator.batch_layer": draw(st.sampled_from(["none", "minibatch-stddev", "minibatch-discrimination"])),
        "optimizer_g.lr": 1e-4,
        "optimizer_d.lr": 1e-4,
        "max_steps": 1000,
        "record.frame_every": 1000,
        "record.save_every": 1000,
        "record.log_every": draw(st.integers(1, 2)),
        "record.evaluate_every": 0,
    }
    if on_points:
        values["local_pairs"] = draw(st.integers(0, 1)) if values["batch_size"] >= 4 else 0
    else:
        values["augment.translation"] = draw(st.sampled_from([0.0, 0.125]))
        values["augment.adaptive"] = draw(st.sampled_from([0.0, 0.6]))
        values["condition.name"] = draw(st.sampled_from(["none", "projection"]))
        values["precision"] = draw(st.sampled_from(["float32", "bfloat16"]))
    try:
        return (POINTS if on_points else TINY).with_values(values)
    except ConfigError:
        assume(False)
        raise


@pytest.fixture(scope="module")
def go_on() -> Iterator[GoOn]:
    """Goes on with a run in another process, which has seen nothing of it."""
    command = [sys.executable, "-m", "tests.support.resumer"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(folder: Path, steps: int) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{folder} {steps}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        assert process.stdin is not None
        process.stdin.close()


def trained(config: TrainConfig, folder: str, steps: int) -> Path:
    session = Session(config, RunStore(folder), "cpu", threads=1, max_steps=steps)
    session.start()
    session.wait()
    assert session.snapshot().error == ""
    return Path(folder) / session.snapshot().run_id


@cases(20, 200)
@given(config=experiments(), n=st.integers(1, 5))
def test_twice_as_long_is_the_same_as_stopping_half_way(config: TrainConfig, n: int, go_on: GoOn) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = outcome(RunStore(folder).open(trained(config, folder, 2 * n).name))
        half = trained(config, folder, n)
        assert go_on(half, n) == whole | {"error": ""}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the benchmark forks")
def test_a_kill_at_any_moment_loses_no_more_than_one_checkpoint_interval() -> None:
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", "10"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith("10 of 10 kills")
