"""A frozen model gives the samples of its trainer, from a stored run or from a session in training."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core import latent
from gan_core.latent import Weights
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session
from tests.latent.models import MODELS, STYLE, frozen
from tests.session.test_session import until
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS, POINTS, VARIANTS, trained


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config = DIGITS.with_values({"ema_decay": 0.9})
    return saved_run(RunStore(tmp_path), config, "mine", save_at=(1, 2, 3))[0]


@pytest.mark.parametrize("name", MODELS)
def test_every_tool_works_with_every_kind_of_model(name: str) -> None:
    trainer = trained(MODELS[name])
    model = Weights.of(trainer).model("it")
    z = latent.draw(model, 3, seed=1)
    samples = model.decode(z)
    assert torch.equal(samples, trainer.generate(3, seed=1))
    assert np.isfinite(model.scores(samples)).all()
    for kind in latent.kinds(model):
        found = latent.directions(model, kind, count=4)
        assert len(found.vectors) == min(4, model.z_size)
    *_, last = latent.invert(model, samples[0], steps=2, restarts=2)
    assert last.done
    assert np.isfinite(last.error)
    if samples.ndim == 4:
        assert np.isfinite(latent.saliency(model, samples)).all()
    else:
        assert np.isfinite(latent.plane(model, 5).points).all()


def test_a_model_does_not_change_while_training_continues() -> None:
    trainer = trained(DIGITS)
    model = Weights.of(trainer).model("it")
    z = latent.draw(model, 2, seed=0)
    before = model.decode(z)
    trainer.step()
    assert torch.equal(model.decode(z), before)
    assert not torch.equal(trainer.generate(2, seed=0), before)


def test_raw_weights_are_not_averaged() -> None:
    trainer = trained(DIGITS.with_values({"ema_decay": 0.9}), 3)
    averaged, raw = (Weights.of(trainer).model("it", raw) for raw in (False, True))
    z = latent.draw(raw, 2, seed=0)
    assert (averaged.weights, raw.weights) == ("ema", "raw")
    assert torch.equal(raw.decode(z), trainer.generate(2, raw=True))
    assert not torch.equal(averaged.decode(z), raw.decode(z))


def test_labels_may_be_one_class_one_per_sample_or_every_class_in_turn() -> None:
    trainer = trained(VARIANTS["conditional digits"])
    model = Weights.of(trainer).model("it")
    z = latent.draw(model, 4, seed=0)
    assert torch.equal(model.decode(z, 7), trainer.generate(4, label=7))
    assert torch.equal(model.decode(z, [0, 1, 2, 3]), model.decode(z))
    assert not torch.equal(model.decode(z, 7), model.decode(z, 2))
    with pytest.raises(ValueError, match="10 classes"):
        model.decode(z, 10)


def test_latents_and_samples_of_the_wrong_size_are_refused() -> None:
    model = frozen(DIGITS)
    with pytest.raises(ValueError, match="latents have size 8, got 9"):
        model.decode(torch.zeros(1, 9))
    with pytest.raises(ValueError, match="shape 1 x 28 x 28, got 3 x 28 x 28"):
        model.scores(torch.zeros(1, 3, 28, 28))


def test_a_score_hardly_depends_on_the_rest_of_the_batch() -> None:
    """D scores a single sample in a batch of other fakes, for the batch statistics."""
    model = frozen(DIGITS, 12)
    samples = model.decode(latent.draw(model, 20, seed=3))
    together = model.scores(samples)
    assert np.allclose([model.scores(one[None])[0] for one in samples], together, atol=1e-4)
    assert np.allclose(model.scores(model.pictures(latent.draw(model, 20, seed=3))), together, atol=0.05)


def test_models_are_thread_safe() -> None:
    model = frozen(VARIANTS["spectral hinge"])
    z = latent.draw(model, 8, seed=0)
    alone = model.decode(z), frozen(VARIANTS["spectral hinge"]).scores(model.decode(z))

    def look(_: int) -> bool:
        torch.set_num_threads(1)
        return torch.equal(model.decode(z), alone[0]) and np.allclose(model.scores(alone[0]), alone[1], atol=1e-5)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(look, range(12)))


def test_every_layer_can_take_its_style_from_another_latent() -> None:
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


def test_truncation_moves_samples_towards_the_mean_picture() -> None:
    model = frozen(STYLE)
    z = latent.draw(model, 6, seed=0)
    spread = [float(model.decode(z, 3, psi=psi).var(dim=0).mean()) for psi in (1.0, 0.5, 0.0)]
    assert spread[0] > spread[1] > spread[2]
    assert spread[2] == pytest.approx(0, abs=1e-10)


# ---- from a run ------------------------------------------------------------------------------------------------------


def test_the_model_of_a_run_needs_only_its_config_and_weights(run: Run) -> None:
    trainer = run.trainer("cpu")
    for step in run.checkpoints():
        for file in (run.path / f"step-{step:07d}").glob("state.*"):
            file.unlink()
    model = run.model()
    assert (model.step, model.name, model.weights) == (3, "mine, step 3", "ema")
    z = latent.draw(model, 4, 0)
    assert torch.equal(model.decode(z), trainer.generate(4))
    earlier = run.model(1)
    assert earlier.step == 1
    assert not np.array_equal(earlier.pictures(z), model.pictures(z))


def test_damaged_weights_and_weights_of_another_network_are_skipped_or_named(run: Run) -> None:
    file = run.path / "step-0000003" / "generator.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert run.model().step == 2
    with pytest.raises(
        RunError, match=r"checkpoint of step 3 of the run .* is missing or damaged .*; choose another step"
    ):
        run.model(3)
    folder = run.path / "step-0000002"
    shutil.copy(folder / "discriminator.safetensors", folder / "generator.safetensors")
    with pytest.raises(RunError, match="is missing or damaged"):
        run.model(2, raw=True)


def test_a_deleted_run_is_one_clear_error(run: Run) -> None:
    model = run.model()
    shutil.rmtree(run.path)
    assert model.pictures(latent.draw(model, 1, 0)).shape == (1, 28, 28, 1)  # the loaded model still works
    with pytest.raises(RunError, match="no readable config"):
        run.model()


def test_a_run_without_checkpoints_or_evaluations_is_one_clear_error(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    with pytest.raises(RunError, match="no complete checkpoint to open"):
        run.model()
    with pytest.raises(RunError, match="has no evaluated checkpoint, so it has no best one"):
        run.model("best")


# ---- from a session --------------------------------------------------------------------------------------------------

ENDLESS = DIGITS.with_values({"max_steps": 100_000_000, "record.save_every": 1_000_000, "record.evaluate_every": 0})


def test_the_model_of_a_session_follows_training_with_one_copy_per_publication() -> None:
    session = Session(ENDLESS, threads=1)
    with pytest.raises(RunError, match="no networks to show: it is ready"):
        session.model()
    session.start()
    try:
        until(session, lambda now: now.step > 2)
        first = session.model()
        assert session.snapshot().version > 0
        until(session, lambda _: session.model().step > first.step)
        session.pause()
        until(session, lambda now: now.status == "paused")
        time.sleep(0.3)
        one = session.model()
        assert session.model() is one
        assert session.model(raw=True) is session.model(raw=True)
    finally:
        session.stop()
        assert session.wait(20)
    z = latent.draw(one, 2, 0)
    assert torch.equal(session.model().decode(z), one.decode(z))  # the session stopped at this step


def test_reading_the_model_of_a_session_does_not_change_training() -> None:
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


def test_a_diverged_session_gives_its_last_good_checkpoint_or_an_error(tmp_path: Path) -> None:
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
