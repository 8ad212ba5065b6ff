"""The state of a trainer, split into tensors and JSON and joined again, is the same bit for bit."""

from __future__ import annotations

import json

import pytest
import torch

from gan_core.runs import state_tree
from gan_core.runs.checkpoint import NETWORKS
from gan_core.training.trainer import Trainer
from tests.support.small import VARIANTS


@pytest.mark.parametrize("name", ["points", "momentum and decay", "conditional digits"])
def test_a_state_survives_a_round_trip_through_tensors_and_json(name: str) -> None:
    trainer = Trainer(VARIANTS[name], "cpu")
    trainer.step()
    state = {key: value for key, value in trainer.state_dict().items() if key not in NETWORKS}
    tensors, rest = state_tree.split(state)
    again = state_tree.join(tensors, json.loads(json.dumps(rest)))
    assert str(again) == str(state)
    found, _ = state_tree.split(again)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[key], tensors[key]) for key in tensors)


@pytest.mark.parametrize(
    "rest", [{"tensor": "no such"}, {"dict": [[1]]}, {"tuple": 3}, {"code": "x"}, {}, {"a": 1, "b": 2}]
)
def test_json_that_split_did_not_write_is_refused(rest: object) -> None:
    with pytest.raises(ValueError, match="not the state of a checkpoint"):
        state_tree.join({}, rest)
