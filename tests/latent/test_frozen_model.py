"""A frozen model gives what the trainer gave, from a run on disk or from a session that goes on training."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gan_core import latent, presets
from gan_core.config import TrainConfig
from gan_core.latent import DIRECTIONS, Model, Weights
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS, VARIANTS

STYLE = presets.load("style-mnist").with_values(
    {"data.count": 200, "latent.dim": 8, "generator.width": 4, "discriminator.width": 4, "condition.name": "projection"}
)
KINDS = VARIANTS | {
    "style": STYLE,
    "transformer": DIGITS.with_values({"generator.name": "transgan", "discriminator.name": "transgan"}),
    "residual": DIGITS.with_values({"generator.name": "resnet", "discriminator.name": "resnet"}),
    "z of 1": DIGITS.with_values({"latent.dim": 1}),
    "z of 512": DIGITS.with_values({"latent.dim": 512}),
    "points, z of 512": POINTS.with_values({"latent.dim": 512}),
}


def trained(config: TrainConfig, steps: int = 2) -> Trainer:
    trainer = Trainer(config, "cpu")
    for _ in range(steps):
        trainer.step()
    return trainer


def frozen(config: TrainConfig, steps: int = 2) -> Model:
    return Weights.of(trained(config, steps)).model("it")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = RunStore(tmp_path).create(DIGITS.with_values({"ema_decay": 0.9}), name="mine")
    trainer = Trainer(run.config, "cpu")
    for _ in range(3):
        trainer.step()
        run.save(trainer, keep=3)
    return run


# ---- what it gives ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_model_can_be_looked_at_in_every_way(name: str) -> None:
    trainer = trained(KINDS[name])
    model = Weights.of(trainer).model("it")
    z = latent.draw(model, 3, seed=1)
    samples = model.decode(z)
    assert torch.equal(samples, trainer.generate(3, seed=1))
    assert np.isfinite(model.scores(samples)).all()
    for kind in DIRECTIONS:
        found = latent.directions(model, kind, count=4)
        assert len(found.vectors) == min(4, model.z_size)
        assert latent.strip(model, z[0], found.vectors[0], n=3).shape[0] == 3
    *_, last = latent.invert(model, samples[0], steps=2, restarts=2)
    assert last.done
    assert np.isfinite(last.error)
    if samples.ndim == 4:
        assert np.isfinite(latent.saliency(model, samples)).all()
    else:
        assert np.isfinite(latent.plane(model, 5).points).all()


def test_a_model_stays_as_it_is_while_training_goes_on() -> None:
    trainer = trained(DIGITS)
    model = Weights.of(trainer).model("it")
    z = latent.draw(model, 2, seed=0)
    before = model.decode(z)
    trainer.step()
    assert torch.equal(model.decode(z), before)
    assert not torch.equal(trainer.generate(2, seed=0), before)


def test_raw_weights_are_those_of_g_and_not_their_average() -> None:
    trainer = trained(DIGITS.with_values({"ema_decay": 0.9}), 3)
    averaged, raw = (Weights.of(trainer).model("it", raw) for raw in (False, True))
    z = latent.draw(raw, 2, seed=0)
    assert (averaged.weights, raw.weights) == ("ema", "raw")
    assert torch.equal(raw.decode(z), trainer.generate(2, raw=True))
    assert not torch.equal(averaged.decode(z), raw.decode(z))


def test_the_class_of_a_sample_is_one_for_all_or_one_for_each_or_every_class_in_turn() -> None:
    trainer = trained(VARIANTS["conditional digits"])
    model = Weights.of(trainer).model("it")
    z = latent.draw(model, 4, seed=0)
    assert torch.equal(model.decode(z, 7), trainer.generate(4, label=7))
    assert torch.equal(model.decode(z, [0, 1, 2, 3]), model.decode(z))
    assert not torch.equal(model.decode(z, 7), model.decode(z, 2))
    with pytest.raises(ValueError, match="10 classes"):
        model.decode(z, 10)


def test_latents_and_samples_of_another_size_are_refused_in_a_sentence() -> None:
    model = frozen(DIGITS)
    with pytest.raises(ValueError, match="latents have size 8, got 9"):
        model.decode(torch.zeros(1, 9))
    with pytest.raises(ValueError, match="shape 1 x 28 x 28, got 3 x 28 x 28"):
        model.scores(torch.zeros(1, 3, 28, 28))


def test_a_score_hardly_depends_on_what_else_is_scored() -> None:
    """A batch of one has no statistics of its own; D judges it among other fakes."""
    model = frozen(DIGITS, 12)
    samples = model.decode(latent.draw(model, 20, seed=3))
    together = model.scores(samples)
    assert np.allclose([model.scores(one[None])[0] for one in samples], together, atol=1e-4)
    assert np.allclose(model.scores(model.pictures(latent.draw(model, 20, seed=3))), together, atol=0.05)


def test_many_threads_may_look_at_once() -> None:
    model = frozen(VARIANTS["spectral hinge"])
    z = latent.draw(model, 8, seed=0)
    alone = model.decode(z), frozen(VARIANTS["spectral hinge"]).scores(model.decode(z))

    def look(_: int) -> bool:
        torch.set_num_threads(1)
        return torch.equal(model.decode(z), alone[0]) and np.allclose(model.scores(alone[0]), alone[1], atol=1e-5)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(look, range(12)))


# ---- style -----------------------------------------------------------------------------------------------------------


def test_a_layer_takes_its_style_from_the_latent_it_is_given() -> None:
    model = frozen(STYLE)
    z, other = latent.draw(model, 2, seed=0)
    assert model.layers == 5
    own, theirs = model.decode(z[None], 3), model.decode(other[None], 3)
    assert torch.allclose(model.decode(z[None], 3, styles=[other] * 5), theirs)
    assert torch.equal(model.decode(z[None], 3, styles=[None] * 5), own)
    coarse, fine = ([other if (k < 2) == first else None for k in range(5)] for first in (True, False))
    mixed = model.decode(z[None], 3, styles=coarse), model.decode(z[None], 3, styles=fine)
    assert all((one - two).abs().max() > 1e-4 for one in mixed for two in (own, theirs))
    with pytest.raises(ValueError, match="5 style layers, got 2 styles"):
        model.decode(z[None], 3, styles=[None, other])


def test_psi_pulls_every_sample_to_the_mean_picture() -> None:
    model = frozen(STYLE)
    z = latent.draw(model, 6, seed=0)
    spread = [float(model.decode(z, 3, psi=psi).var(dim=0).mean()) for psi in (1.0, 0.5, 0.0)]
    assert spread[0] > spread[1] > spread[2]
    assert spread[2] == pytest.approx(0, abs=1e-10)


# ---- directions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("name", ["digits", "conditional digits", "style", "lazy R1"])
def test_directions_are_orthonormal_and_the_strongest_comes_first(kind: str, name: str) -> None:
    model = frozen(KINDS[name])
    found = latent.directions(model, kind, count=1000)
    assert found.vectors.shape == (model.z_size, model.z_size)
    assert torch.allclose(found.vectors @ found.vectors.T, torch.eye(model.z_size), atol=1e-5)
    assert (found.strength.diff() <= 0).all()
    assert latent.directions(model, kind, count=1000).vectors.data_ptr() == found.vectors.data_ptr()  # found once


@pytest.mark.parametrize("name", ["digits", "conditional digits", "points"])
def test_sefa_is_the_singular_value_decomposition_of_the_first_layers_weights(name: str) -> None:
    model = frozen(KINDS[name])
    first = next(module for module in model.generator.layers.modules() if isinstance(module, nn.Linear))
    _, values, vectors = np.linalg.svd(first.weight[:, : model.z_size].numpy())  # the class's numbers left out
    found = latent.directions(model, "sefa", count=4)
    assert np.allclose(found.strength, values[:4], rtol=1e-4)
    cosines = np.abs((found.vectors.numpy() * vectors[: len(found.vectors)]).sum(1))
    assert np.allclose(cosines, 1, atol=1e-3)


def test_principal_directions_are_those_in_which_the_first_layer_moves_most() -> None:
    """Measured apart: the response to steps along each direction, over many latents."""
    model = frozen(VARIANTS["conditional digits"], 12)
    found = latent.directions(model, "pca", count=model.z_size)
    z, y = latent.draw(model, 4000, seed=9), torch.arange(4000) % 10
    layer = next(model.generator.layers.children())

    def moved(direction: torch.Tensor) -> float:
        ends = [layer(model.generator.inputs(z + sign * 0.5 * direction, y)).flatten(1) for sign in (1, -1)]
        return float((ends[0] - ends[1]).mean(0).norm())

    measured = [moved(direction) for direction in found.vectors]
    assert np.allclose(measured, found.strength, rtol=0.1)
    assert measured[0] > measured[-1]


def test_directions_do_not_depend_on_the_class() -> None:
    """G is told the class behind z: nothing of it may leak into a direction of z."""
    config = VARIANTS["conditional digits"]
    trainer = trained(config)
    before = latent.directions(Weights.of(trainer).model("it"), "sefa", 8)
    with torch.no_grad():
        trainer.generator.embedding.weight.mul_(100)  # type: ignore[union-attr,operator]
    after = latent.directions(Weights.of(trainer).model("it"), "sefa", 8)
    assert torch.equal(before.vectors, after.vectors)


def test_an_unknown_kind_of_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="choose from pca, sefa, raw"):
        latent.directions(frozen(POINTS), "ica")


# ---- D's eye, films, planes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["smoothgrad", "gradient x input"])
def test_the_discriminators_eye_is_where_its_logit_changes(kind: str) -> None:
    """A D that sees the left half only has eyes for nothing else."""
    trainer = trained(DIGITS)
    first = next(module for module in trainer.discriminator.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_pre_hook(lambda module, x: (x[0] * (torch.arange(28) < 14),))
    model = Weights.of(trainer).model("it")
    found = next(module for module in model.discriminator.modules() if isinstance(module, nn.Conv2d))
    found.register_forward_pre_hook(lambda module, x: (x[0] * (torch.arange(28) < 14),))
    heat = latent.saliency(model, model.decode(latent.draw(model, 2, 0)), kind=kind)  # type: ignore[arg-type]
    assert heat.shape == (2, 28, 28)
    assert heat.min() >= 0
    assert heat.max() == 1
    assert heat[..., 14:].max() == 0


def test_the_same_latent_gives_a_picture_at_every_checkpoint(run: Run) -> None:
    z = latent.draw(run.model(), 1, seed=0)[0]
    pictures = [run.model(step).pictures(z[None]) for step in run.checkpoints()]
    assert [picture.shape for picture in pictures] == [(1, 28, 28, 1)] * 3
    assert not np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize(("size", "side"), [(1, 0), (2, 7), (5, 0)])
def test_a_plane_links_each_latent_with_the_point_it_goes_to(size: int, side: int) -> None:
    model = frozen(POINTS.with_values({"latent.dim": size}))
    plane = latent.plane(model, 7)
    assert (plane.latents.shape, plane.points.shape, plane.side) == ((49, 2), (49, 2), side)
    assert np.allclose(plane.points[10], model.pictures(plane.z[10:11])[0], atol=1e-6)
    assert np.array_equal(plane.latents[:, : min(size, 2)], plane.z[:, :2].numpy())
    if side:
        assert (np.diff(plane.latents[:7, 0]) > 0).all()  # a row goes from left to right, the rows upwards
        assert plane.latents[-1, 1] > plane.latents[0, 1]


# ---- from a run ------------------------------------------------------------------------------------------------------


def test_a_runs_model_needs_only_its_config_and_weights(run: Run) -> None:
    trainer = run.trainer("cpu")
    for step in run.checkpoints():
        for file in (run.path / f"step-{step:07d}").glob("state.*"):
            file.unlink()
    model = run.model()
    assert (model.step, model.name, model.weights) == (3, "mine, step 3", "ema")
    assert torch.equal(model.decode(latent.draw(model, 4, 0)), trainer.generate(4))
    assert run.model(2).step == 2


def test_a_checkpoint_cut_in_half_is_passed_over_or_named(run: Run) -> None:
    file = run.path / "step-0000003" / "generator.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert run.model().step == 2
    with pytest.raises(
        RunError, match=r"checkpoint of step 3 of the run .* is missing or damaged .*; choose another step"
    ):
        run.model(3)


def test_a_run_deleted_meanwhile_is_a_sentence_and_no_traceback(run: Run) -> None:
    model = run.model()
    shutil.rmtree(run.path)
    assert model.pictures(latent.draw(model, 1, 0)).shape == (1, 28, 28, 1)  # what is in memory still works
    with pytest.raises(RunError, match="no readable config"):
        run.model()


def test_a_run_without_checkpoints_and_one_never_judged_say_so(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    with pytest.raises(RunError, match="no complete checkpoint to open"):
        run.model()
    with pytest.raises(RunError, match="none is the best"):
        run.model("best")


def test_weights_of_another_network_are_damage(run: Run) -> None:
    run.write_config(run.config.with_values({"generator.width": 8}))
    with pytest.raises(RunError, match="is missing or damaged"):
        run.model(3)


# ---- from a session --------------------------------------------------------------------------------------------------

ENDLESS = DIGITS.with_values({"max_steps": 100_000_000, "record.save_every": 1_000_000, "record.evaluate_every": 0})


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_session_shows_ever_newer_weights_at_a_copy_for_each_publication() -> None:
    session = Session(ENDLESS, threads=1)
    with pytest.raises(RunError, match="no networks to show: it is ready"):
        session.model()
    session.start()
    try:
        until(lambda: session.snapshot().step > 2)
        first = session.model()
        assert session.snapshot().version > 0
        until(lambda: session.model().step > first.step)
        session.pause()
        until(lambda: session.snapshot().status == "paused")
        time.sleep(0.3)
        one = session.model()
        assert session.model() is one
        assert session.model(raw=True) is session.model(raw=True)
    finally:
        session.stop()
        assert session.wait(20)
    z = latent.draw(one, 2, 0)
    assert torch.equal(session.model().decode(z), one.decode(z))  # it ended where it stood


def test_looking_at_a_session_changes_nothing_in_it() -> None:
    config = DIGITS.with_values({"max_steps": 30})
    looked_at, alone = (Session(config, device="cpu", threads=1) for _ in range(2))
    for session in (looked_at, alone):
        session.start()
        while not session.wait(0.01):
            if session is looked_at and session.snapshot().step:
                session.model()
    assert looked_at.snapshot().history.loss_g.tolist() == alone.snapshot().history.loss_g.tolist()
    z = latent.draw(looked_at.model(), 2, 0)
    assert torch.equal(looked_at.model().decode(z), alone.model().decode(z))


def test_a_session_that_diverged_shows_its_last_good_checkpoint_or_says_that_there_is_none(tmp_path: Path) -> None:
    wild = {"optimizer_d.name": "sgd", "optimizer_d.lr": 10, "loss.name": "least-squares", "max_steps": 100_000}
    config = POINTS.with_values({**wild, "record.save_every": 1})
    for store in (RunStore(tmp_path), None):
        session = Session(config, store, threads=1)
        session.start()
        assert session.wait(20)
        assert session.snapshot().status == "failed"
        if store is None:
            with pytest.raises(RunError, match="no networks to show: it is failed"):
                session.model()
        else:
            model = session.model()
            assert 0 < model.step < session.snapshot().step
            assert np.isfinite(model.pictures(latent.draw(model, 4, 0))).all()
