"""SGAN: local pairs train independently; the global pair trains against all of them without affecting them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from gan_core import losses, models
from gan_core.config import PenaltyConfig, TrainConfig
from gan_core.losses import penalties
from gan_core.models.modes import evaluating
from gan_core.models.sgan import Discriminators, Generators, penalized_discriminator
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS

CONFIG = POINTS.with_values(
    {"local_pairs": 2, "batch_size": 12, "discriminator.dropout": 0, "discriminator.norm": "none"}
)


def built(config: TrainConfig = CONFIG) -> tuple[Generators, Discriminators]:
    generator, discriminator = models.build(config)
    assert isinstance(generator, Generators)
    assert isinstance(discriminator, Discriminators)
    return generator, discriminator


def batch(seed: int, n: int = 12) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def slopes(loss: Tensor, network: nn.Module) -> list[Tensor]:
    """Gradients of `loss` by the network's weights; zeros where it does not depend on one."""
    weights = list(network.parameters())
    found = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(w) if slope is None else slope for w, slope in zip(weights, found, strict=True)]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-6) for a, b in zip(one, other, strict=True))


LOSS = losses.get("least-squares")
PLACES = (slice(0, 4), slice(4, 8), slice(8, 12))  # of a batch of 12: the shown pair's part, then each local pair's


def test_the_loss_of_d_trains_d_i_on_its_own_pair_and_d_0_on_local_samples() -> None:
    g, d = built()
    real, fake = batch(1), g(batch(2)).detach()
    loss = LOSS.discriminator(d(real), d(fake))

    logits = 3 * 2 * 4  # three kinds of scores, 4 samples each, for each of 2 local pairs
    assert d(real).shape == (logits,)
    for network, place in zip(d.local, PLACES[1:], strict=True):
        own = (LOSS.real(network(real[place])).sum() + LOSS.fake(network(fake[place])).sum()) / logits
        assert same(slopes(loss, network), slopes(own, network))
    theirs = (LOSS.real(d.shown(real[4:])).sum() + LOSS.fake(d.shown(fake[4:])).sum()) / logits
    assert same(slopes(loss, d.shown), slopes(theirs, d.shown))
    assert any(slope.any() for slope in slopes(loss, d.shown))


def test_a_messenger_gets_the_gradients_of_the_global_samples_instead_of_d_i() -> None:
    g, d = built()
    real, fake = batch(1), g(batch(2)).detach()
    first = LOSS.real(torch.cat([n(real[:4]) for n in d.local])).sum()
    first = first + LOSS.fake(torch.cat([n(fake[:4]) for n in d.local])).sum()  # offsets are 0: the logits of D_i
    learnt = slopes(LOSS.discriminator(d(real), d(fake)), d.messengers)
    expected = [slope for network in d.local for slope in slopes(first / (3 * 2 * 4), network)]
    assert same(learnt, expected)
    assert any(slope.any() for slope in learnt)


def test_the_loss_of_g_trains_g_0_against_every_d_i_and_g_i_against_its_own_d() -> None:
    g, d = built()
    z = batch(3)
    logits = d(g(z))
    loss = LOSS.generator(logits)

    through_all = sum(LOSS.generator_loss(network(g.shown(z[:4]))).sum() for network in d.local) / len(logits)
    assert isinstance(through_all, Tensor)
    assert same(slopes(loss, g.shown), slopes(through_all, g.shown))
    for generator, network, place in zip(g.local, d.local, PLACES[1:], strict=True):
        own = LOSS.generator_loss(network(generator(z[place]))).sum() / len(logits)
        assert same(slopes(loss, generator), slopes(own, generator))
        assert any(slope.any() for slope in slopes(loss, generator))


def test_each_generator_makes_its_part_of_a_batch() -> None:
    g, _ = built()
    z = batch(4)
    parts = [network(z[place]) for network, place in zip((g.shown, *g.local), PLACES, strict=True)]
    assert torch.equal(g(z), torch.cat(parts))


def test_only_the_global_pair_runs_in_evaluation() -> None:
    g, d = built()
    x = batch(5, n=7)
    with evaluating(g, d):
        assert torch.equal(g(x), g.shown(x))
        assert torch.equal(d(x), d.shown(x))


def test_the_global_pair_has_the_initial_weights_of_a_single_pair() -> None:
    alone = models.build(CONFIG.with_values({"local_pairs": 0}))
    for pairs, network in zip(built(), alone, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(pairs.shown.parameters(), network.parameters(), strict=True))
        for local in pairs.local:
            first, other = (next(net.parameters()) for net in (local, network))
            assert not torch.equal(first, other)


@pytest.mark.parametrize("name", ["gradient-penalty", "r1"])
def test_a_penalty_applies_to_every_d_on_its_part_of_the_batch(name: str) -> None:
    """`forward` detaches the samples of D_0, so a penalty on it would not reach D_0."""
    _, d = built()
    penalty = penalties.get(PenaltyConfig(name=name))
    term = penalty.term(penalized_discriminator(d), batch(1), batch(2), penalty.draw(batch(1), torch.Generator()))
    assert term is not None
    for network in (d.shown, *d.local):
        assert any(slope.any() for slope in slopes(term, network))
    assert penalized_discriminator(d)(batch(6)).shape == (12,)
    assert penalized_discriminator(d.shown) is d.shown


def test_labels_are_split_like_their_samples() -> None:
    values = {"local_pairs": 1, "condition.name": "projection", "generator.norm": "none", "discriminator.norm": "none"}
    g, d = built(DIGITS.with_values(values))
    z, y = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 2, 3, 4])
    samples = torch.cat((g.shown(z[:2], y[:2]), g.local[0](z[2:], y[2:])))
    torch.testing.assert_close(g(z, y), samples)
    scores = (d.local[0](samples[2:], y[2:]), d.local[0](samples[:2], y[:2]), d.shown(samples[2:], y[2:]))
    torch.testing.assert_close(d(samples, y), torch.cat(scores))


def test_a_step_trains_every_network_of_every_pair() -> None:
    trainer = Trainer(CONFIG, "cpu")
    assert isinstance(trainer.generator, Generators)
    assert isinstance(trainer.discriminator, Discriminators)
    networks = [net for pair in (trainer.generator, trainer.discriminator) for net in (pair.shown, *pair.local)]
    before = copy.deepcopy(networks)
    trainer.step()
    for old, new in zip(before, networks, strict=True):
        assert not all(torch.equal(a, b) for a, b in zip(old.parameters(), new.parameters(), strict=True))
