"""A trainer's state comes apart into tensors and JSON, and together again to the bit."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import torch

from gan_core.runs import state_tree
from gan_core.runs.checkpoint import NETWORKS
from gan_core.training.trainer import Trainer
from tests.support.small import VARIANTS


def leaves(value: object) -> Iterator[torch.Tensor]:
    """Every tensor in a nest."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)


@pytest.mark.parametrize("name", ["points", "momentum and decay", "conditional digits"])
def test_a_state_comes_back_from_tensors_and_json_as_it_was(name: str) -> None:
    trainer = Trainer(VARIANTS[name], "cpu")
    trainer.step()
    state = {key: value for key, value in trainer.state_dict().items() if key not in NETWORKS}
    tensors, rest = state_tree.split(state)
    again = state_tree.join(tensors, json.loads(json.dumps(rest)))
    assert str(again) == str(state)
    assert all(torch.equal(tensor, other) for tensor, other in zip(*map(leaves, (state, again)), strict=True))


@pytest.mark.parametrize(
    "rest", [{"tensor": "no such"}, {"dict": [[1]]}, {"tuple": 3}, {"code": "x"}, {}, {"a": 1, "b": 2}]
)
def test_a_state_that_was_not_written_here_is_refused(rest: object) -> None:
    with pytest.raises(ValueError, match="not the state of a checkpoint"):
        state_tree.join({}, rest)
