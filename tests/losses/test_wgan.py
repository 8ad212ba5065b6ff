"""Clipping and n_critic behave as the WGAN paper says (Arjovsky, Chintala and Bottou, 2017), seen on points."""

from __future__ import annotations

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from torch import Tensor

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.training.trainer import Trainer

WGAN = presets.load("ring8").with_values(
    {
        "loss.name": "wasserstein",
        "penalty.name": "clip",
        "penalty.clip": 0.1,
        "optimizer_d.name": "rmsprop",
        "optimizer_d.lr": 5e-4,
        "optimizer_g.name": "rmsprop",
        "optimizer_g.lr": 5e-4,
        "n_critic": 5,
    }
)


def critic(config: TrainConfig, rounds: int) -> tuple[Trainer, list[float]]:
    """A trainer whose critic alone has been trained, and what it estimated on the way: minus its loss."""
    trainer = Trainer(config, "cpu")
    return trainer, [-trainer.step("d").loss_d for _ in range(rounds)]


def push(trainer: Trainer) -> float:
    """Mean size of the gradient that the generator's loss puts on each fake."""
    fakes: Tensor = trainer.generate(500).requires_grad_()
    loss = trainer.loss.generator(trainer.discriminator(fakes)) * len(fakes)
    return torch.autograd.grad(loss, fakes)[0].norm(dim=1).mean().item()


def test_more_critic_steps_bring_the_estimate_nearer_to_its_end() -> None:
    """Section 3: the critic can, and should, be trained until it is optimal."""
    few, some, many = (critic(WGAN.with_values({"n_critic": n}), 12)[1][-1] for n in (1, 5, 25))
    assert few < 0.5 * some < some < many
    longer = critic(WGAN.with_values({"n_critic": 25}), 40)[1]
    assert longer[-1] == pytest.approx(longer[20], rel=0.1)  # it levels off


def test_a_small_clip_leaves_little_gradient_and_a_large_one_takes_long() -> None:
    """Section 3: a large clip needs many steps to its end, a small one makes gradients vanish."""
    pushes = [push(critic(WGAN.with_values({"penalty.clip": c}), 60)[0]) for c in (0.01, 0.03, 0.1)]
    assert pushes == sorted(pushes)
    assert pushes[2] > 20 * pushes[0]

    def share_of_its_end(clip: float) -> float:
        estimates = critic(WGAN.with_values({"penalty.clip": clip, "n_critic": 1}), 400)[1]
        return estimates[60] / estimates[-1]

    assert share_of_its_end(0.5) < share_of_its_end(0.1)


def test_a_critic_at_its_best_still_pushes_the_fakes_where_a_discriminator_at_its_best_does_not() -> None:
    """Figure 2: the discriminator saturates and the critic does not."""
    plain = WGAN.with_values({"loss.name": "saturating", "penalty.name": "none", "optimizer_d.lr": 2e-3})
    # one far point, which real data never reach
    far = {"generator.init": "normal", "generator.init_std": 0.001}
    of_critic, of_discriminator = (push(critic(config.with_values(far), 300)[0]) for config in (WGAN, plain))
    assert of_critic > 0.1
    assert of_discriminator < 0.1 * of_critic


def test_the_critics_loss_follows_the_distance_of_samples_from_data() -> None:
    """Figure 3: a loss that means something. The distance is the true one, of the best matching of 400 points."""
    trainer = Trainer(WGAN.with_values({"n_critic": 10, "optimizer_g.lr": 3e-5}), "cpu")
    for _ in range(30):
        trainer.step("d")  # the loss speaks once the critic has caught up
    real = trainer.dataset.examples[:400].numpy()
    critic_loss, distances = [], []
    for _ in range(10):
        critic_loss.append(sum(trainer.step().loss_d for _ in range(20)) / 20)
        cost = cdist(real, trainer.generate(400).numpy())
        distances.append(cost[linear_sum_assignment(cost)].mean())
    assert spearmanr(critic_loss, distances).statistic < -0.7
    assert distances[-1] < 0.8 * distances[0]
