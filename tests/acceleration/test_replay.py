"""A step done by its list of operations is the eager one, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from gan_core import losses
from gan_core.acceleration.replay import Replay
from gan_core.acceleration.trace import Trace
from gan_core.config import TrainConfig
from gan_core.config.catalog import DISCRIMINATORS, GENERATORS, LOSSES, OPTIMIZERS, PENALTIES
from gan_core.losses.adversarial import NonSaturating
from gan_core.training.trainer import Trainer, Which
from tests.support.recorded import eager, values
from tests.support.small import DIGITS, POINTS, VARIANTS

STEADY = POINTS.with_values({"instance_noise": 0, "penalty.name": "r1", "penalty.every": 3, "n_critic": 2})


def assert_alike(config: TrainConfig, steps: int = 6) -> None:
    """Train both ways: values, weights, statistics, and all that the optimisers and generators remember."""
    recorded, usual = Trainer(config, "cpu"), eager(config)
    assert isinstance(recorded.recorded_step, Replay)
    assert values(recorded, steps) == values(usual, steps)
    torch.testing.assert_close(recorded.state_dict(), usual.state_dict(), rtol=0, atol=0, equal_nan=True)


# ---- it is the eager step --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_it_is_the_eager_step(config: TrainConfig) -> None:
    assert_alike(config)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", sorted({*GENERATORS, *DISCRIMINATORS}))
def test_it_is_for_every_family(family: str, precision: str) -> None:
    names = {
        f"{role}.name": family
        for role, known in (("generator", GENERATORS), ("discriminator", DISCRIMINATORS))
        if family in known
    }
    assert_alike(
        DIGITS.with_values({"precision": precision, "penalty.name": "r1", "penalty.every": 2, **names}), steps=3
    )


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_it_is_for_every_loss_and_penalty(loss: str, penalty: str) -> None:
    assert_alike(POINTS.with_values({"loss.name": loss, "penalty.name": penalty}), steps=3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_takes_its_gradients(optimizer: str) -> None:
    decay = {"weight_decay": 0.1} if "weight_decay" in OPTIMIZERS[optimizer].reads else {}
    settings = {"name": optimizer, "lr": 1e-3, **decay}
    assert_alike(STEADY.with_values({f"optimizer_{role}.{name}": v for role in "gd" for name, v in settings.items()}))


# ---- what is recorded ------------------------------------------------------------------------------------------------


SHARING = DIGITS.with_values({"reuse_fakes": True, "penalty.name": "r1", "penalty.every": 2})


@pytest.mark.parametrize("g", [name for name in GENERATORS if name != "style"])  # which draws noise
def test_gs_step_goes_on_from_the_fakes_of_ds(g: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = SHARING.with_values({"generator.name": g, "precision": "bfloat16"})
    assert_alike(config)
    trainer = Trainer(config, "cpu")
    values(trainer, 3)  # D's with the penalty and G's, D's without, and the first list
    made = []
    forward = type(trainer.generator).forward
    monkeypatch.setattr(type(trainer.generator), "forward", lambda *z: (made.append(z), forward(*z))[1])
    values(trainer, 3)
    assert not made


@pytest.mark.parametrize("order", [("d", "both", "g", "both", "both", "both"), ("g", "d", "d", "both", "both")])
def test_steps_of_one_network_may_come_in_between(order: tuple[Which, ...]) -> None:
    recorded, usual = Trainer(SHARING, "cpu"), eager(SHARING)
    for which in order:
        ours, theirs = recorded.step(which), usual.step(which)
        assert str(ours.values.tolist()) == str(theirs.values.tolist())


def test_of_several_batches_of_fakes_gs_step_goes_on_from_the_last() -> None:
    assert_alike(SHARING.with_values({"n_critic": 3}))


def test_fakes_that_are_left_to_chance_are_not_made_twice() -> None:
    for change in ({"generator.dropout": 0.2}, {"generator.name": "style"}):
        assert Trainer(SHARING.with_values(change), "cpu").recorded_step is None


class Suspicious(NonSaturating):
    """A loss that goes another way from time to time, by what it sees."""

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        loss = super().generator(fake_logits)
        return 2 * loss if loss.item() > 0.7 else loss


def test_a_loss_that_asks_for_a_number_is_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "get", lambda *_: Suspicious())
    assert_alike(STEADY, steps=20)


# ---- the trace -------------------------------------------------------------------------------------------------------


def again(trace: Trace, *results: Tensor) -> Callable[..., list[Tensor]]:
    trace.end(results)
    function = trace.function()
    return lambda *inputs: function(*inputs)[0]


def test_what_was_there_before_is_the_same_each_time() -> None:
    before, x = torch.tensor([2.0, 3.0]), torch.zeros(2)
    with Trace([x]) as trace:
        made = x * before + torch.ones(2)
    assert again(trace, made)(torch.ones(2))[0].tolist() == [3, 4]


def test_chance_goes_on_where_it_stands() -> None:
    generator = torch.Generator().manual_seed(1)
    with Trace([generator]) as trace:
        first = torch.rand(3, generator=generator)
    listed = again(trace, first)
    drawn = first, *listed(generator), *listed(generator)
    generator.manual_seed(1)
    assert all(torch.equal(one, torch.rand(3, generator=generator)) for one in drawn)


def test_what_changes_in_place_changes_each_time() -> None:
    count, parts = torch.zeros(2), torch.ones(4)
    with Trace([count, parts]) as trace:
        count += parts.split(2)[1]
    listed = again(trace, count)
    listed(count, parts)
    listed(count, parts)
    assert count.tolist() == [3, 3]


@pytest.mark.parametrize("read_later", [False, True])
def test_a_gradient_takes_the_place_of_one_that_nobody_reads_any_more(read_later: bool) -> None:
    weight, x = torch.randn(4, 4), torch.randn(3, 4, requires_grad=True)
    with Trace([x, weight]) as trace:
        bent = leaky_relu(x, 0.2)
        made = torch.autograd.grad((bent @ weight).sum(), (x, bent) if read_later else (x,))
    listed = again(trace, *made)
    in_place = [node for node in trace._graph.nodes if "grad_input" in node.kwargs]
    assert bool(in_place) is not read_later
    assert all(torch.equal(one, other) for one, other in zip(listed(x.detach(), weight), made, strict=True))
