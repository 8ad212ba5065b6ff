"""Algorithm 1 does what it says, with the same numbers every time."""

from __future__ import annotations

import copy
import math
import threading

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_core.config import TrainConfig
from gan_core.models.modes import batch_statistics
from gan_core.training.step_record import VALUES, StepRecord
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS, VARIANTS

every_variant = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)


def history(trainer: Trainer, steps: int) -> list[list[float]]:
    return [trainer.step().values.tolist() for _ in range(steps)]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    networks = (trainer.generator, trainer.discriminator, trainer.ema or trainer.generator)
    return {f"{i}.{k}": v.clone() for i, net in enumerate(networks) for k, v in net.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@every_variant
def test_a_config_gives_the_same_history_every_time(config: TrainConfig) -> None:
    first, second = Trainer(config, "cpu"), Trainer(config, "cpu")
    assert history(first, 6) == history(second, 6)
    assert same(weights(first), weights(second))


@every_variant
def test_a_resumed_trainer_goes_on_bit_for_bit(config: TrainConfig) -> None:
    whole = Trainer(config, "cpu")
    history(whole, 5)
    state = copy.deepcopy(whole.state_dict())
    rest = history(whole, 6)

    resumed = Trainer(config, "cpu")
    resumed.load_state_dict(state)
    assert (resumed.steps, resumed.images) == (5, whole.images * 5 // 11)
    assert history(resumed, 6) == rest
    assert same(weights(resumed), weights(whole))


def test_another_seed_gives_another_history() -> None:
    assert history(Trainer(POINTS, "cpu"), 3) != history(Trainer(POINTS.with_values({"seed": 1}), "cpu"), 3)


@every_variant
def test_training_leaves_the_global_generator_alone(config: TrainConfig) -> None:
    before = torch.get_rng_state()
    trainer = Trainer(config, "cpu")
    trainer.step()
    trainer.generate(4)
    assert torch.equal(torch.get_rng_state(), before)


def test_looking_at_samples_changes_nothing_that_training_does() -> None:
    undisturbed, watched = Trainer(DIGITS, "cpu"), Trainer(DIGITS, "cpu")
    for _ in range(4):
        undisturbed.step()
        watched.step()
        watched.generate(8)
        watched.generate(8, raw=True)
    assert same(weights(undisturbed), weights(watched))


@pytest.mark.parametrize(("which", "still"), [("d", "generator"), ("g", "discriminator")])
def test_a_step_of_one_network_leaves_the_other_as_it_was(which: str, still: str) -> None:
    trainer = Trainer(POINTS.with_values({"generator.norm": "none", "discriminator.norm": "none"}), "cpu")
    moving = trainer.discriminator if which == "d" else trainer.generator
    still_before = copy.deepcopy(getattr(trainer, still).state_dict())
    moving_before = copy.deepcopy(moving.state_dict())
    trainer.step(which)  # type: ignore[arg-type]
    assert same(getattr(trainer, still).state_dict(), still_before)
    assert not same(moving.state_dict(), moving_before)


def test_figures_of_a_network_that_has_not_moved_yet_are_nan() -> None:
    record = Trainer(POINTS, "cpu").step("d")
    assert math.isfinite(record.loss_d)
    assert math.isnan(record.loss_g)


def test_a_round_takes_k_batches_of_real_data() -> None:
    trainer = Trainer(POINTS.with_values({"n_critic": 5}), "cpu")
    assert trainer.step().images == 5 * POINTS.batch_size


def test_g_learns_on_the_fakes_that_d_has_just_seen_when_asked_to() -> None:
    trainer = Trainer(POINTS.with_values({"reuse_fakes": True}), "cpu")
    before = trainer.rngs.noise_g.get_state()
    trainer.step()
    assert torch.equal(trainer.rngs.noise_g.get_state(), before)


def test_optimisers_differ_in_nothing_but_the_update() -> None:
    """Same initial weights, same data, same noise: the first losses agree to the bit."""
    losses = {
        Trainer(POINTS.with_values({"optimizer_d.name": name, "optimizer_g.name": name}), "cpu").step("d").loss_d
        for name in ("adam", "sgd", "rmsprop", "adadelta")
    }
    assert len(losses) == 1


def test_linear_decay_lets_the_rates_fall_to_nothing() -> None:
    trainer = Trainer(POINTS.with_values({"lr_decay": "linear", "max_steps": 10}), "cpu")
    rates = []
    for _ in range(10):
        trainer.step()
        rates.append(trainer.optimizer_g.param_groups[0]["lr"])
    assert rates == pytest.approx([POINTS.optimizer_g.lr * (10 - i) / 10 for i in range(10)])


def test_a_live_change_keeps_the_optimisers_memory() -> None:
    trainer = Trainer(POINTS, "cpu")
    trainer.step()
    memory = trainer.optimizer_g.state_dict()["state"][0]["exp_avg"].clone()
    trainer.update(POINTS.with_values({"optimizer_g.lr": 0.01}))
    assert trainer.optimizer_g.param_groups[0]["lr"] == 0.01
    assert torch.equal(trainer.optimizer_g.state_dict()["state"][0]["exp_avg"], memory)


def test_samples_come_in_the_range_of_pictures() -> None:
    samples = Trainer(DIGITS, "cpu").generate(5, seed=3)
    assert samples.shape == (5, 1, 28, 28)
    assert samples.dtype == torch.float32
    assert 0 <= samples.min() <= samples.max() <= 1


def test_a_seed_of_samples_names_the_same_latents_at_every_step() -> None:
    trainer = Trainer(POINTS, "cpu")
    first = trainer.generate(4, seed=7)
    assert torch.equal(trainer.generate(4, seed=7), first)
    assert not torch.equal(trainer.generate(4, seed=8), first)


def test_every_example_is_seen_once_in_an_epoch() -> None:
    trainer = Trainer(POINTS.with_values({"data.count": 50, "batch_size": 30}), "cpu")
    seen = torch.cat([trainer.batches.next()[0] for _ in range(5)])  # 150 examples: three epochs
    assert torch.equal(seen.unique(dim=0), trainer.dataset.examples.unique(dim=0))
    counts = seen.unique(dim=0, return_counts=True)[1]
    assert (counts == 3).all()


def test_records_name_the_figures_in_the_trainers_order() -> None:
    record = StepRecord(1, 0.0, 1, torch.arange(len(VALUES), dtype=torch.float32))
    assert [getattr(record, name) for name in VALUES] == list(range(len(VALUES)))


def test_a_step_of_neither_network_is_refused() -> None:
    with pytest.raises(ValueError, match='cannot step "generator"'):
        Trainer(POINTS, "cpu").step("generator")  # type: ignore[arg-type]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@every_variant
def test_cuda_trains_and_resumes_like_the_cpu(config: TrainConfig) -> None:
    whole = Trainer(config.with_values({"deterministic": True}), "cuda")
    history(whole, 3)
    state = copy.deepcopy(whole.state_dict())
    rest = history(whole, 3)
    resumed = Trainer(config.with_values({"deterministic": True}), "cuda")
    resumed.load_state_dict(state)
    assert history(resumed, 3) == rest


def test_d_judges_what_is_shown_by_the_batch_itself_and_learns_nothing_from_it() -> None:
    trainer = Trainer(DIGITS, "cpu")
    for _ in range(3):
        trainer.step()
    real, _ = trainer.batches.next()
    in_training = copy.deepcopy(trainer.discriminator)(real)
    before = copy.deepcopy(trainer.discriminator.state_dict())
    with batch_statistics(trainer.discriminator), torch.no_grad():
        assert torch.allclose(trainer.discriminator(real), in_training, atol=1e-5)
    assert same(trainer.discriminator.state_dict(), before)
    assert all(module.training for module in trainer.discriminator.modules())


def test_a_lazy_penalty_is_paid_at_each_nth_step_of_d() -> None:
    lazy = POINTS.with_values({"penalty.name": "r1", "penalty.every": 3, "penalty.weight": 100})
    without = POINTS.with_values({"penalty.name": "none"})
    paid = []
    for step in range(6):
        pair = [Trainer(config, "cpu") for config in (lazy, without)]
        for _ in range(step):
            pair[1].step("d")
        pair[0].load_state_dict(copy.deepcopy(pair[1].state_dict()))
        first, second = (trainer.step("d").grad_norm_d for trainer in pair)
        paid.append(first != second)
    assert paid == [True, False, False, True, False, False]


def test_bfloat16_is_repeatable_beside_another_thread_that_casts(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch clears one cache of cast weights for all threads; gradients of a weight used twice depended on that."""
    monkeypatch.setattr("gan_core.training.recorded_objective.multiplies_bfloat16", lambda device: True)
    config = VARIANTS["spectral hinge"]
    alone, beside, over = Trainer(config, "cpu"), Trainer(config, "cpu"), threading.Event()

    def cast() -> None:
        while not over.is_set():
            with torch.autocast("cpu", enabled=False):
                pass

    values = [alone.step().values for _ in range(12)]
    other = threading.Thread(target=cast)
    other.start()
    try:
        assert all(torch.equal(beside.step().values, expected) for expected in values)
    finally:
        over.set()
        other.join()


@pytest.mark.parametrize("reuse", [False, True])
def test_a_relativistic_loss_of_g_reads_the_logits_of_real_samples(reuse: bool) -> None:
    """One step of each network in plain PyTorch, with SGD, without noise and dropout."""
    config = POINTS.with_values(
        {"loss.name": "relativistic", "reuse_fakes": reuse, "instance_noise": 0}
        | {"generator.norm": "none", "discriminator.dropout": 0}
        | {f"optimizer_{role}.{key}": value for role in "gd" for key, value in (("name", "sgd"), ("lr", 0.1))}
    )
    trainer, plain = Trainer(config, "cpu"), Trainer(config, "cpu")
    g, d = plain.generator, plain.discriminator
    record = trainer.step()

    real, _ = plain.batches.next()
    z = plain.latents(config.batch_size, plain.rngs.noise_d)
    loss_d = softplus(-(d(real) - d(g(z).detach()))).mean()
    step_down(loss_d, d, 0.1)
    if not reuse:
        real, _ = plain.batches.next()
        z = plain.latents(config.batch_size, plain.rngs.noise_g)
    loss_g = softplus(-(d(g(z)) - d(real))).mean()
    step_down(loss_g, g, 0.1)
    assert (record.loss_d, record.loss_g) == pytest.approx((loss_d.item(), loss_g.item()), rel=1e-5)
    for found, wanted in ((trainer.generator, g), (trainer.discriminator, d)):
        torch.testing.assert_close(found.state_dict(), wanted.state_dict(), rtol=1e-5, atol=1e-6)


def step_down(loss: Tensor, network: torch.nn.Module, lr: float) -> None:
    parameters = list(network.parameters())
    with torch.no_grad():
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter -= lr * gradient
