"""Wrong values for the public names: one sentence as a `ValueError` (or `RunError`), and no endless loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_core import RunStore, Session, TrainConfig, Trainer, losses, models, presets
from gan_core.compare import Resources
from gan_core.data import Dataset
from gan_core.data.batches import Batches
from gan_core.runs import RunError
from gan_core.session.pool import SessionPool
from tests.support.small import DIGITS, POINTS

CLASSES = DIGITS.with_values({"condition.name": "projection"})
NOT_COUNTS = (0, -1, 1.5, math.nan, math.inf, "many", [], True)
NOT_NAMES = (None, 5, 1.5, "", "abacus", "../x", [])


def dataset(examples: torch.Tensor, labels: torch.Tensor | None = None) -> Dataset:
    return Dataset(examples, labels, (), "")


def digits(labels: torch.Tensor | None) -> Dataset:
    return dataset(torch.zeros(6, 1, 28, 28, dtype=torch.uint8), labels)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {
        "points": Trainer(POINTS, "cpu"),
        "classes": Trainer(CLASSES, "cpu"),
        "session": Session(POINTS, None, "cpu"),
        "store": RunStore(tmp_path_factory.mktemp("runs")),
    }


CALLS: dict[str, tuple[Callable[[Any, Any], object], tuple[Any, ...]]] = {
    # a call of the objects and a wrong value, and its wrong values
    "presets.load": (lambda o, x: presets.load(x), NOT_NAMES),
    "losses.get": (lambda o, x: losses.get(x), NOT_NAMES),
    "losses.get combine": (lambda o, x: losses.get("hinge", x), ("average", None, 0, [])),
    "losses.get label_smoothing": (lambda o, x: losses.get("hinge", "sum", x), (-0.1, 0.5, 2, math.nan, None, "x")),
    "models.build": (lambda o, x: models.build(x), (None, {}, "mlp-mnist")),
    "with_values": (
        lambda o, x: POINTS.with_values(x),
        (None, 5, [], {1: 2}, {None: 1}, {"": 1}, {"lr": 1}, {"seed": -1}, {"seed": math.nan}, {"seed": None},
         {"optimizer_g.lr": 0}, {"optimizer_g.lr": math.nan}, {"batch_size": 0}, {"data": {}}, {"seed.x": 1}),
    ),
    "from_json": (lambda o, x: TrainConfig.from_json(x), (None, 5, "", "null", "[]", "{", '{"x": 1}', b"\xff", [])),
    "from_query": (lambda o, x: TrainConfig.from_query(x), (None, 5, [], {"x": "1"}, {"seed": "NaN"}, {"seed": "-1"})),
    "Trainer config": (lambda o, x: Trainer(x, "cpu"), (None, {}, "mlp-mnist")),
    "Trainer device": (lambda o, x: Trainer(POINTS, x), (None, 0, "", "abacus", "cuda:99", "meta")),
    "Trainer dataset": (
        lambda o, x: Trainer(POINTS, "cpu", x),
        (5, [], dataset(torch.empty(0, 2)), dataset(torch.zeros(6, 3)), digits(None),
         dataset(torch.full((6, 2), math.nan)), dataset(torch.zeros(6, 2), torch.zeros(5, dtype=torch.int64))),
    ),
    "Trainer labels": (
        lambda o, x: Trainer(CLASSES, "cpu", digits(x)),
        (None, torch.zeros(5, dtype=torch.int64), torch.full((6,), 99), torch.full((6,), -1)),
    ),
    "Trainer.step": (lambda o, x: o["points"].step(x), ("generator", "", None, 1, [])),
    "Trainer.generate n": (lambda o, x: o["points"].generate(x), (*NOT_COUNTS, None)),
    "Trainer.generate seed": (lambda o, x: o["points"].generate(4, x), (-1, 1.5, math.nan, "x", None, [], True)),
    "Trainer.generate label": (lambda o, x: o["classes"].generate(4, label=x), (-1, 10, 1.5, math.nan, "x", [])),
    "Trainer.generate without classes": (lambda o, x: o["points"].generate(4, label=x), (0, 3)),
    "Trainer.decode": (lambda o, x: o["points"].decode(x), (torch.zeros(3, 7), torch.zeros(2))),
    "Trainer.load_state_dict": (lambda o, x: o["points"].load_state_dict(x), (None, {}, {"generator": {}})),
    "Session config": (lambda o, x: Session(x), (None, {}, "mlp-mnist")),
    "Session device": (lambda o, x: Session(POINTS, None, x), (None, "abacus", "cuda:99")),
    "Session threads": (lambda o, x: Session(POINTS, threads=x), NOT_COUNTS),
    "Session max_steps": (lambda o, x: Session(POINTS, max_steps=x), NOT_COUNTS),
    "Session max_seconds": (lambda o, x: Session(POINTS, max_seconds=x), (0, -1, math.nan, math.inf, "x", [], True)),
    "Session.step n": (lambda o, x: o["session"].step(x), (*NOT_COUNTS, None)),
    "Session.step which": (lambda o, x: o["session"].step(1, x), ("generator", "", None, 1)),
    "Session.update": (
        lambda o, x: o["session"].update(x),
        (None, 5, [], {1: 2}, {"lr": 1}, {"optimizer_g.lr": math.nan}, {"optimizer_g.lr": -1}, {"seed": 3}),
    ),
    "RunStore.open": (lambda o, x: o["store"].open(x), (None, 5, "", ".", "..", "/", "a/b", "abacus", [])),
    "SessionPool slots": (lambda o, x: SessionPool(o["store"], x), (-1, 1.5, math.nan, "x")),
    "Resources workers": (lambda o, x: Resources(workers=x), NOT_COUNTS),
}  # fmt: skip
WRONG = [(name, value) for name, (_, values) in CALLS.items() for value in values]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}: {value!r:.40}" for name, value in WRONG])
def test_a_wrong_value_is_refused_in_one_sentence(name: str, value: Any, objects: dict[str, Any]) -> None:
    with pytest.raises((ValueError, RunError)) as caught:
        CALLS[name][0](objects, value)
    message = str(caught.value)
    assert message
    assert len(message.splitlines()) == 1


def test_no_wrong_value_started_the_session(objects: dict[str, Any]) -> None:
    assert objects["session"].snapshot().status == "ready"


def test_numbers_of_numpy_are_whole_numbers() -> None:
    trainer = Trainer(POINTS, "cpu")
    assert torch.equal(trainer.generate(np.int64(4), np.int32(7)), trainer.generate(4, 7))


def test_batches_need_an_example() -> None:
    rng = torch.Generator()
    with pytest.raises(ValueError, match="empty"):
        Batches(torch.empty(0, 2), None, 4, "linear", rng, torch.device("cpu"))


def test_a_wrong_limit_of_a_resumed_run_is_refused(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    with pytest.raises(ValueError, match="max_steps must be a whole number of at least 1, not -3"):
        Session(POINTS, run=run, max_steps=-3)
