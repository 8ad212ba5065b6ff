"""A compiled step trains as the eager one does, and says so before it costs anything."""

from __future__ import annotations

import copy
import shutil
import time
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks import ceiling
from gan_core import compiled, presets
from gan_core.compare import probe
from gan_core.config import COMPILABLE, ConfigError, TrainConfig
from gan_core.session import Session
from gan_core.speed import SpeedError, measure
from gan_core.trainer import FIGURES, Trainer

RING8, GAUSSIAN = (presets.load(name).with_values({"compile": True}) for name in ("ring8", "gaussian-2d"))
LOSSES = [FIGURES.index(name) for name in ("loss_d", "loss_g")]
EAGER = {"compile": False}

compiling = pytest.mark.slow  # a C++ compiler runs for each kernel of a step that it has not met yet


class Pair:
    """A compiled and an eager trainer that stand at the same step."""

    def __init__(self, config: TrainConfig) -> None:
        self.compiled, self.eager = Trainer(config, "cpu"), Trainer(config.with_values(EAGER), "cpu")
        self.begin = copy.deepcopy(self.eager.state_dict())
        self.compilings: list[bool] = []
        self.compiled.recordings.tell = self.compilings.append  # type: ignore[union-attr]

    def stand_at(self, state: dict[str, Any]) -> None:
        for trainer in (self.compiled, self.eager):
            trainer.load_state_dict(copy.deepcopy(state))

    def update(self, values: dict[str, Any]) -> None:
        for trainer in (self.compiled, self.eager):
            trainer.update(trainer.config.with_values(values))

    def agree(self, steps: int) -> bool:
        """Whether losses and gradients are the same up to rounding, in so many steps that both begin at one state.

        Left alone the two drift apart, as any two that differ by a rounding do: a GAN is a game at a knife's edge.
        """
        for _ in range(steps):
            self.compiled.load_state_dict(copy.deepcopy(self.eager.state_dict()))
            for ours, theirs, limit in zip(*map(traces, (self.compiled, self.eager)), (1e-5, 1e-4, 1e-4), strict=True):
                if (ours - theirs).norm() > limit * theirs.norm():
                    return False
        return True


def traces(trainer: Trainer) -> list[Tensor]:
    """What a step leaves: the losses, D's gradient, G's gradient."""
    losses, networks = trainer.step().figures[LOSSES], (trainer.discriminator, trainer.generator)
    return [losses, *(torch.cat([p.grad.flatten() for p in net.parameters()]) for net in networks)]


def history(trainer: Trainer, steps: int) -> list[list[float]]:
    return [trainer.step().figures.tolist() for _ in range(steps)]


@pytest.fixture(scope="module")
def ring8() -> Pair:
    return Pair(RING8)


@pytest.fixture
def fresh(ring8: Pair) -> Pair:
    """The pair at its first step, under the preset's settings."""
    for trainer in (ring8.compiled, ring8.eager):
        trainer.update(RING8 if trainer is ring8.compiled else RING8.with_values(EAGER))
    ring8.stand_at(ring8.begin)
    return ring8


@compiling
def test_the_losses_of_ring8_under_r1_are_the_eager_ones(fresh: Pair) -> None:
    assert fresh.agree(50)
    assert fresh.compilings == [False, True] * 2  # D's part, then G's, once


@compiling
def test_r1_shares_passes_with_the_loss(fresh: Pair) -> None:
    """Of sixteen products of 256 x 128 by 128 x 128 four are spared: forwards, backwards, two layers' gradients."""
    fresh.compiled.step()  # compiles
    assert ceiling.flops(fresh.compiled.step) == 12 * 2 * 256 * 128 * 128  # thinner ones are none any more


@compiling
def test_a_checkpoint_goes_on_in_the_other_step(fresh: Pair) -> None:
    for first, other in ((fresh.eager, fresh.compiled), (fresh.compiled, fresh.eager)):
        history(first, 5)
        other.load_state_dict(copy.deepcopy(first.state_dict()))
        for ours, theirs in zip(history(first, 10), history(other, 10), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-3)


@compiling
def test_a_resumed_compiled_run_goes_on_bit_for_bit(fresh: Pair) -> None:
    history(fresh.compiled, 5)
    state = copy.deepcopy(fresh.compiled.state_dict())
    rest = history(fresh.compiled, 5)
    fresh.compiled.load_state_dict(state)
    assert history(fresh.compiled, 5) == rest


@compiling
def test_a_rate_changes_without_compiling_anew(fresh: Pair) -> None:
    history(fresh.compiled, 1)
    fresh.compilings.clear()
    fresh.stand_at(fresh.begin)
    plain = history(fresh.compiled, 10)
    fresh.stand_at(fresh.begin)
    fresh.update({"optimizer_d.lr": 0.004, "lr_decay": "linear"})
    assert history(fresh.compiled, 10)[1] != pytest.approx(plain[1], rel=1e-3)
    assert fresh.agree(10)
    assert fresh.compilings == []


@compiling
def test_another_loss_and_penalty_are_compiled_when_they_come(fresh: Pair) -> None:
    """Two steps of D a round, its penalty's chance, two steps of G: the eager numbers all the same.

    Not a critic's: the gradient of its last bias is 0 but for rounding, of which Adam would make whole steps.
    """
    fresh.update({"loss.name": "least-squares", "penalty.name": "gradient-penalty", "n_critic": 2, "g_steps": 2})
    fresh.compilings.clear()
    assert fresh.agree(5)
    assert fresh.compilings == [False, True] * 2


@compiling
def test_runs_of_one_config_keep_their_numbers_apart(fresh: Pair) -> None:
    """They share machine code, and nothing that it writes to."""
    alone, other = history(fresh.compiled, 5), Trainer(RING8.with_values({"seed": 1}), "cpu")
    fresh.stand_at(fresh.begin)
    beside = []
    for _ in range(5):
        beside += history(fresh.compiled, 1)
        other.step()
    assert beside == alone


@compiling
def test_two_sessions_compile_at_once_and_say_so(fresh: Pair) -> None:
    del fresh  # what both share is compiled by now
    threads = torch.get_num_threads()  # of which the kernels know
    sessions = [Session(config, device="cpu", threads=threads, max_steps=20) for config in (GAUSSIAN, RING8)]
    begin = before = time.monotonic()
    for session in sessions:
        session.start()
    told, ended = dict.fromkeys(sessions, 0.0), dict.fromkeys(sessions, 0.0)  # seconds
    while not all(ended.values()) and before < begin + 120:
        time.sleep(0.005)
        now = time.monotonic()
        for session in sessions:
            told[session] += (session.snapshot().activity == compiled.ACTIVITY) * (now - before)
            ended[session] = ended[session] or (not session.snapshot().live) * (now - begin)
        before = now
    for session in sessions:
        last = session.snapshot()
        assert (last.status, last.step, last.error) == ("stopped", 20, "")
        assert told[session] > 0.5
        assert last.seconds < ended[session] - told[session] + 2  # compiling is not training


@compiling
def test_gaussian_2d_goes_on_from_an_eager_checkpoint() -> None:
    """From the start it would not do: there some gradients are 0 but for rounding, which Adam makes whole steps of."""
    pair = Pair(GAUSSIAN)
    history(pair.eager, 20)
    pair.stand_at(pair.eager.state_dict())
    assert pair.agree(50)


# ---- what cannot be had --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", COMPILABLE)
def test_what_cannot_be_compiled_is_refused_in_a_sentence(key: str) -> None:
    other = {
        "generator.norm": "batch", "discriminator.norm": "batch", "precision": "bfloat16", "local_pairs": 2,
        "generator.name": "dcgan", "discriminator.name": "dcgan", "discriminator.head": "gaussian-mixture",
        "discriminator.batch_layer": "minibatch-discrimination", "condition.name": "projection",
    }.get(key, True if COMPILABLE[key] is False else 0.1)  # fmt: skip
    config = presets.load("mlp-mnist").with_values(COMPILABLE | {"generator.output": "tanh"})
    refusal = rf"^compile: a compiled step needs {key} \S+, not \S+; change it, or set compile to false$"
    with pytest.raises(ConfigError, match=refusal):
        config.with_values({key: other}).with_values({"compile": True})


def test_without_a_compiler_the_session_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    session = Session(RING8, device="cpu")
    session.start()
    assert session.wait(30)
    now = session.snapshot()
    assert now.status == "failed"
    assert now.error.startswith("compile: a compiled step needs a C++ compiler, and none of g++, c++, clang++ is here")
    with pytest.raises(ConfigError, match=r"needs a C\+\+ compiler"):
        Trainer(RING8, "cpu").step()


def test_a_compiler_that_fails_is_named_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/bin/false")
    with pytest.raises(ConfigError, match=r"^compile: the training step cannot be compiled .*set compile to false$"):
        Trainer(RING8, "cpu").step()


def test_a_quick_measurement_of_speed_does_not_compile() -> None:
    with pytest.raises(SpeedError, match="Compiling takes longer"):
        measure(RING8, device="cpu")


@compiling
def test_a_comparison_counts_the_compiling_of_each_run_to_its_time() -> None:
    eager, ours = (probe.measure(config, "cpu") for config in (GAUSSIAN.with_values(EAGER), GAUSSIAN))
    assert ours["start"] > eager["start"] + 1  # seconds
    assert ours["step"] < eager["step"]
