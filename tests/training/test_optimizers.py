"""Optimisers: each of the catalogue is built as its config says, updated without forgetting, saved and restored."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_core.config import OptimizerConfig
from gan_core.config.catalog import OPTIMIZERS, UnknownNameError
from gan_core.training import optimizers

every_optimizer = pytest.mark.parametrize("name", list(OPTIMIZERS))

# What torch's class must be given, under torch's names, by this config's values.
VALUES = {"lr": 0.01, "beta1": 0.4, "beta2": 0.97, "momentum": 0.3, "alpha": 0.95, "rho": 0.8, "weight_decay": 0.05}
ADAM = {"lr": 0.01, "betas": (0.4, 0.97), "weight_decay": 0.05}
TORCH: dict[str, dict[str, Any]] = {
    "adam": ADAM,
    "adamw": ADAM,
    "adamax": ADAM,
    "nadam": ADAM,
    "radam": ADAM,
    "rmsprop": {"lr": 0.01, "alpha": 0.95, "momentum": 0.3, "weight_decay": 0.05},
    "sgd": {"lr": 0.01, "momentum": 0.3, "nesterov": True, "weight_decay": 0.05},
    "adagrad": {"lr": 0.01, "weight_decay": 0.05},
    "adadelta": {"lr": 0.01, "rho": 0.8, "weight_decay": 0.05},
}


def config_of(name: str, **values: Any) -> OptimizerConfig:
    return OptimizerConfig(name=name, **(VALUES | {"nesterov": name == "sgd"} | values))


def fresh() -> nn.Parameter:
    return nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4))


def descend(parameter: nn.Parameter, optimizer: torch.optim.Optimizer, steps: int = 3) -> Tensor:
    """A few steps down |w|^2 / 2; where they lead."""
    for _ in range(steps):
        parameter.grad = parameter.detach().clone()
        optimizer.step()
    return parameter.detach().clone()


@every_optimizer
def test_an_optimiser_steps_as_torchs_own_with_the_configs_values(name: str) -> None:
    ours, theirs = fresh(), fresh()
    optimizer = optimizers.build(config_of(name), [ours])
    reference = OPTIMIZERS[name].load()([theirs], **TORCH[name])
    assert isinstance(optimizer, type(reference))
    torch.testing.assert_close(descend(ours, optimizer), descend(theirs, reference))


@every_optimizer
def test_an_optimiser_at_its_suggested_rate_goes_downhill(name: str) -> None:
    parameter = fresh()
    before = parameter.detach().norm()
    optimizer = optimizers.build(OptimizerConfig(name=name, lr=OPTIMIZERS[name].lr), [parameter])
    assert descend(parameter, optimizer).norm() < before


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "adagrad"])
def test_fused_kernels_are_used_where_torch_has_them(name: str) -> None:
    assert optimizers.build(config_of(name), [fresh()]).param_groups[0]["fused"]


def test_on_other_devices_the_plain_kernels_are_used() -> None:
    parameter = nn.Parameter(torch.zeros(2, device="meta"))
    assert not optimizers.build(config_of("adam"), [parameter]).param_groups[0]["fused"]


@every_optimizer
def test_retuning_to_the_same_rates_changes_nothing(name: str) -> None:
    one, other = fresh(), fresh()
    plain, updated = (optimizers.build(config_of(name), [parameter]) for parameter in (one, other))
    descend(one, plain), descend(other, updated)
    state = copy.deepcopy(updated.state_dict())
    optimizers.update_settings(updated, config_of(name))
    assert as_lists(updated.state_dict()) == as_lists(state)
    assert torch.equal(descend(one, plain), descend(other, updated))


@every_optimizer
def test_retuning_sets_new_rates_and_keeps_the_state(name: str) -> None:
    parameter = fresh()
    optimizer = optimizers.build(config_of(name), [parameter])
    descend(parameter, optimizer)
    state = as_lists(optimizer.state_dict()["state"])
    optimizers.update_settings(optimizer, config_of(name, lr=0.5, beta1=0.1, weight_decay=0.2), lr_factor=0.1)
    group = optimizer.param_groups[0]
    assert group["lr"] == pytest.approx(0.05)
    assert group["weight_decay"] == 0.2
    assert group.get("betas", (0.1, 0.97)) == (0.1, 0.97)
    assert as_lists(optimizer.state_dict()["state"]) == state


@every_optimizer
def test_a_retuned_optimiser_steps_like_one_built_with_the_new_rates(name: str) -> None:
    built, updated = fresh(), fresh()
    new = config_of(name, lr=0.02, weight_decay=0.01)
    reference, optimizer = optimizers.build(new, [built]), optimizers.build(config_of(name), [updated])
    optimizers.update_settings(optimizer, new)
    assert torch.equal(descend(updated, optimizer), descend(built, reference))


@every_optimizer
def test_a_factor_of_zero_stops_the_weights(name: str) -> None:
    parameter = fresh()
    optimizer = optimizers.build(config_of(name), [parameter])
    optimizers.update_settings(optimizer, config_of(name), lr_factor=0.0)
    assert torch.equal(descend(parameter, optimizer), fresh().detach())


@every_optimizer
def test_a_restored_optimiser_goes_on_bit_for_bit(name: str) -> None:
    one, other = fresh(), fresh()
    first = optimizers.build(config_of(name), [one])
    descend(one, first)
    saved = copy.deepcopy(first.state_dict())
    second = optimizers.build(config_of(name), [other])
    with torch.no_grad():
        other.copy_(one)
    second.load_state_dict(saved)
    assert torch.equal(descend(one, first), descend(other, second))


def as_lists(state: Any) -> Any:
    """A nested state with plain lists for tensors, to be compared with `==`."""
    if isinstance(state, Tensor):
        return state.tolist()
    if isinstance(state, dict):
        return {key: as_lists(value) for key, value in state.items()}
    return [as_lists(value) for value in state] if isinstance(state, list) else state


@pytest.mark.parametrize(
    ("name", "momentum", "wanted"),
    [("sgd", 0, 0), ("sgd", 0.9, 1), ("adam", 0, 2), ("rmsprop", 0, 1), ("rmsprop", 0.9, 2), ("adagrad", 0, 1)],
)
def test_the_numbers_remembered_for_each_weight_are_counted(name: str, momentum: float, wanted: int) -> None:
    assert optimizers.tensors_per_weight(OptimizerConfig(name=name, momentum=momentum)) == wanted


def test_an_unknown_optimiser_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean adam"):
        optimizers.build(OptimizerConfig.model_construct(name="adan"), [fresh()])


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_our_adam_is_torchs_bit_for_bit(name: str) -> None:
    """Through a new rate, a parameter without a gradient, and a state that is loaded."""
    chance = torch.Generator().manual_seed(0)
    ours, theirs = ([nn.Parameter(torch.linspace(-1, 1, n)) for n in (3, 12, 1)] for _ in range(2))
    optimizer = optimizers.build(config_of(name), ours)
    reference = OPTIMIZERS[name].load()(theirs, **TORCH[name], fused=True)

    def step(*missing: int) -> None:
        for k, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            drawn = torch.empty_like(mine).normal_(generator=chance)
            mine.grad, other.grad = (None, None) if k in missing else (drawn, drawn.clone())
        optimizer.step()
        reference.step()
        assert all(map(torch.equal, ours, theirs))

    step(1)
    step()
    step(0)
    step()
    optimizers.update_settings(optimizer, config_of(name, lr=0.3))
    reference.param_groups[0]["lr"] = 0.3
    step()
    early = copy.deepcopy(optimizer.state_dict())
    step()
    for each in optimizer, reference:
        each.load_state_dict(copy.deepcopy(early))
    step()
    step()
    kept, theirs_kept = optimizer.state_dict(), reference.state_dict()
    assert kept["param_groups"] == theirs_kept["param_groups"]
    assert all(
        torch.equal(value, theirs_kept["state"][k][part])
        for k, own in kept["state"].items()
        for part, value in own.items()
    )
