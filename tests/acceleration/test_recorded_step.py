"""A recorded step is the eager one, bit for bit: on a CPU by its list of operations, on CUDA as torch records it.

For CUDA's way a stand-in does the step again on a CPU, so that all around it is tested everywhere.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from gan_core.acceleration import cuda_graph
from gan_core.acceleration.cuda_graph import CudaGraph
from gan_core.config import ConfigError, TrainConfig
from gan_core.training import recorded_objective
from gan_core.training.trainer import Trainer
from tests.support.recorded import eager, values
from tests.support.small import DIGITS, POINTS, VARIANTS

STEADY = POINTS.with_values({"instance_noise": 0, "penalty.name": "r1", "penalty.every": 3, "n_critic": 2})


@pytest.fixture(params=["cpu", "cpu as cuda", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A device whose steps are recorded, in its own way or in CUDA's."""
    name: str = request.param
    if name == "cpu as cuda":
        recorded_step, cuda = recorded_objective.recorded_step, torch.device("cuda")
        monkeypatch.setattr(
            recorded_objective, "recorded_step", lambda config, _, *rest: recorded_step(config, cuda, *rest)
        )
        monkeypatch.setattr(cuda_graph, "record", rerun)
    elif name == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return name.split()[0]


def rerun(
    function: Callable[[], Any], modules: Sequence[nn.Module], rngs: Sequence[torch.Generator]
) -> tuple[Any, Callable[[], object]]:
    """Like `cuda_graph.record`, without CUDA: every replay overwrites the same outputs."""
    before = copy.deepcopy([module.state_dict() for module in modules]), [rng.get_state() for rng in rngs]
    outputs = function()
    for module, state in zip(modules, before[0], strict=True):
        module.load_state_dict(state)
    for rng, rng_state in zip(rngs, before[1], strict=True):
        rng.set_state(rng_state)

    def replay() -> None:
        fresh = function()
        for old, new in zip([outputs.values, *outputs.gradients], [fresh.values, *fresh.gradients], strict=True):
            if old is not None:
                old.copy_(new)

    return outputs, replay


def pair(config: TrainConfig, device: str) -> tuple[Trainer, Trainer]:
    """A recorded trainer and an eager one, at their first step; on CUDA with kernels whose sums can be repeated."""
    config = config.with_values({"deterministic": True, "precision": config.precision})
    return Trainer(config, device), eager(config, device)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_a_recorded_step_is_the_eager_one(config: TrainConfig, device: str) -> None:
    recorded, usual = pair(config, device)
    assert recorded.recorded_step is not None
    assert values(recorded, 6) == values(usual, 6)
    ours, theirs = (trainer.generator.state_dict() for trainer in (recorded, usual))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_fakes_that_are_left_to_chance_are_not_made_twice(device: str) -> None:
    chancy = DIGITS.with_values({"reuse_fakes": True, "generator.dropout": 0.2})
    assert pair(chancy, device)[0].recorded_step is None
    assert pair(chancy.with_values({"reuse_fakes": False}), device)[0].recorded_step is not None


def test_settings_may_change_while_it_trains(device: str) -> None:
    recorded, usual = pair(STEADY, device)
    changes: tuple[dict[str, Any], ...] = (
        {"optimizer_d.lr": 0.01, "lr_decay": "linear"},
        {"loss.name": "hinge", "penalty.name": "gradient-penalty", "penalty.every": 1},
        {"instance_noise": 0.2},
        {"instance_noise": 0.0, "loss.name": "least-squares"},
    )
    for change in changes:
        for trainer in (recorded, usual):
            trainer.update(trainer.config.with_values(change))
        assert values(recorded, 5) == values(usual, 5)


def test_a_checkpoint_of_recorded_steps_goes_on_as_if_nothing_had_been(device: str) -> None:
    recorded, usual = pair(STEADY, device)
    values(recorded, 4)
    state = copy.deepcopy(recorded.state_dict())
    rest = values(recorded, 5)
    for trainer in (usual, recorded):  # the second with its graphs at hand
        trainer.load_state_dict(copy.deepcopy(state))
        assert values(trainer, 5) == rest


def test_each_kind_of_step_is_recorded_once(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, _ = pair(STEADY, device)
    way: Any = type(recorded.recorded_step)
    kinds, record = [], way._record
    monkeypatch.setattr(way, "_record", lambda *parts: (kinds.append(parts), record(*parts))[1])
    values(recorded, 9)
    assert len(kinds) == 3  # D's with the penalty, D's without, G's


def test_what_cannot_be_recorded_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore of it")

    monkeypatch.setattr(
        recorded_objective, "recorded_step", lambda config, device, *rest: CudaGraph(rest[0], rest[1].on_device)
    )
    monkeypatch.setattr(cuda_graph, "record", refuse)
    with pytest.raises(ConfigError, match=r"^cuda_graph: .* \(operation not .* capturing\); set cuda_graph to false$"):
        Trainer(DIGITS, "cpu").step()
