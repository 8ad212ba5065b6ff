"""The speed benchmarks run and return the documented rows. Their times are not tested."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from benchmarks import ceiling, growth, memory, startup, timing
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS


def test_works_alternate_and_the_first_rounds_do_not_count() -> None:
    order: list[str] = []
    taken = timing.in_turns({name: lambda name=name: order.append(name) for name in "ab"}, rounds=3, warm=2)
    assert order == ["a", "b"] * 5
    assert [len(seconds) for seconds in taken.values()] == [3, 3]


def test_a_report_is_a_table_and_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row: timing.Row = {"what": "a step", "ms": 1234.5, "spread, ms": (1.23456, 2.0), "wanted": None}
    timing.report(argparse.Namespace(json=tmp_path / "found.json", rounds=3), steps=[row])
    assert "| what | ms | spread, ms | wanted |" in capsys.readouterr().out
    assert timing.table([row]).splitlines()[-1] == "| a step | 1,234 | 1.23 to 2 |  |"
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["options"] == {"rounds": 3}
    assert found["steps"] == [row | {"spread, ms": [1.23456, 2.0]}]
    assert found["machine"]["cores"] >= 1


def test_the_ceiling_has_the_share_of_each_precision() -> None:
    rows = ceiling.shares("small", DIGITS, rounds=3, side=256)
    assert [row["precision"] for row in rows] == [*ceiling.PRECISIONS]
    assert len({row["GFLOP a step"] for row in rows}) == 1
    for row in rows:
        assert float(row["GFLOP/s"]) == pytest.approx(1000 * float(row["GFLOP a step"]) / float(row["ms a step"]))
        low, high = row["spread, %"]
        assert low <= float(row["share, %"]) <= high


def test_the_arithmetic_of_a_step_is_the_sum_over_its_layers() -> None:
    """G is 2-16-2 and D is 2-16-1. G's step has no gradients of D's weights, and D's step no gradient of its input."""
    g, d = 2 * (2 * 16 + 16 * 2), 2 * (2 * 16 + 16 * 1)  # one example's products forwards; weights' gradients as many
    step_d = g + 2 * (d + d + 2 * 16 * 1)  # real and fake: forwards, gradients of weights, of the hidden layer
    step_g = g + d + d + g + 2 * 16 * 2  # forwards, through D back to its input, G's weights, of its hidden layer
    trainer = Trainer(POINTS, "cpu")
    assert ceiling.flops(trainer.step) == POINTS.batch_size * (step_d + step_g)


def test_the_shares_of_the_profile_add_up_to_the_whole_step() -> None:
    rows = ceiling.where_it_goes("small", DIGITS.with_values({"ema_decay": 0.9}), steps=2)
    spent = {row["spent on"] for row in rows}
    assert spent >= {"matrix products and convolutions", "optimiser", "normalisation", "data", "moving average of G"}
    assert sum(float(row["share, %"]) for row in rows) == pytest.approx(100)


def test_growth_has_the_exponent_between_neighbouring_rows() -> None:
    base = growth.BASE.with_values({"generator.width": 2, "discriminator.width": 2, "batch_size": 4})
    rows = growth.steps("batch", {4: {"batch_size": 4}, 16: {"batch_size": 16}}, rounds=2, base=base)
    assert rows[0]["exponent"] is None
    assert float(rows[1]["ms"]) == pytest.approx(float(rows[0]["ms"]) * 4 ** float(rows[1]["exponent"]))


def test_growth_measures_sessions_that_train_at_the_same_time() -> None:
    rows = growth.sessions((1, 2), seconds=0.8, rounds=1, config=DIGITS)
    assert [row["value"] for row in rows] == [1, 2]
    assert all(float(row["steps/s"]) > 0 for row in rows)


def test_memory_measures_history_in_a_new_process() -> None:
    rows = memory.of_history(50_000)
    assert [row["what"] for row in rows][-1] == "history of 150,000 steps"
    table = 150_000 * 10 * 8 / 1e6  # ten columns of float64
    assert float(rows[-1]["MB"]) - float(rows[0]["MB"]) > 0.8 * table  # some of it lies where loading torch left room


def test_memory_measures_each_session() -> None:
    small = {"generator.width": 4, "discriminator.width": 4, "data.count": 200, "batch_size": 16}
    found = memory.sessions(2, small, steps=3)
    assert len(found) == 3
    assert min(found) > 50


def test_startup_measures_imports_with_and_without_torch() -> None:
    seconds = {row["until"]: float(row["s"]) for row in startup.imports(rounds=1)}
    assert seconds["import gan_core"] < seconds["import torch"] / 4
