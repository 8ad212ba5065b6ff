"""Sessions, runs and models where training happens on a GPU; each of these runs where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gan_core import latent
from gan_core.compare.execution import estimate
from gan_core.data import batches
from gan_core.runs import RunStore
from gan_core.session import Session
from gan_core.training import throughput
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
STEPS = 1500
LONGER = {"max_steps": STEPS, "record.save_every": 500, "record.frame_every": 500, "record.evaluate_every": 1}


def test_sessions_train_beside_each_other_while_somebody_looks() -> None:
    """Each records its steps while the other trains and a third thread computes on the same GPU."""
    sessions = [Session(config.with_values(LONGER), device="cuda") for config in (POINTS, DIGITS)]
    for session in sessions:
        session.start()
    looks = 0
    while any(session.snapshot().live for session in sessions):
        for session in sessions:
            if session.snapshot().status == "training":
                model = session.model()
                assert model.decode(latent.draw(model, 4, seed=0)).isfinite().all()
                looks += 1
            session.wait(0.01)
    ends = [(s.snapshot().status, s.snapshot().step, s.snapshot().error) for s in sessions]
    assert ends == [("finished", STEPS, "")] * 2
    assert looks


def test_a_run_is_recorded_shown_judged_and_resumed(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    session = Session(DIGITS.with_values(LONGER), store, device="cuda", max_steps=600)
    session.start()
    assert session.wait(120)
    now = session.snapshot()
    assert (now.status, now.error, now.step) == ("stopped", "", 600)
    assert now.device == torch.cuda.get_device_name()
    assert now.memory > 0
    assert now.sample_view.samples is not None
    run = store.open(now.run_id)
    assert run.frames()
    assert run.model().decode(torch.zeros(2, DIGITS.latent.dim)).shape == (2, *DIGITS.shape)
    resumed = Session(run.config, store, device="cuda", run=run)
    resumed.start()
    assert resumed.wait(120)
    assert (resumed.snapshot().status, resumed.snapshot().error, resumed.snapshot().step) == ("finished", "", STEPS)
    assert len(resumed.snapshot().history) == STEPS


def test_a_run_goes_on_on_the_other_kind_of_device() -> None:
    """Weights and optimisers as they stood; chance begins anew, for the two draw by different methods."""
    first, then = Trainer(DIGITS, "cuda"), Trainer(DIGITS, "cpu")
    for _ in range(3):
        first.step()
    then.load_state_dict(first.state_dict())
    torch.testing.assert_close(then.generate(4), first.generate(4), rtol=1e-3, atol=1e-3)
    back = Trainer(DIGITS, "cuda")
    back.load_state_dict(then.state_dict())
    assert then.step().values.isfinite().all()
    assert back.step().values.isfinite().all()


def test_data_that_does_not_fit_is_copied_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    config = DIGITS.with_values({"deterministic": True, "condition.name": "embedding", "condition.dim": 4})
    inside = Trainer(config, "cuda")
    monkeypatch.setattr(batches, "free_bytes", lambda device: 0)
    outside = Trainer(config, "cuda")
    for _ in range(20):  # more than an epoch
        assert inside.step().loss_d == outside.step().loss_d


def test_a_model_on_a_gpu_is_looked_into() -> None:
    model = latent.Weights.of(Trainer(DIGITS, "cuda")).model("one of a moment")
    picture = model.decode(latent.draw(model, 1, seed=0))
    assert model.scores(picture).shape == (1,)
    assert latent.saliency(model, picture).shape == (1, 28, 28)
    for kind in latent.DIRECTIONS:
        assert latent.directions(model, kind, 2).vectors.shape == (2, model.z_size)
    *_, last = latent.invert(model, picture[0], steps=20, restarts=2)
    assert last.done
    assert last.error < 0.01


def test_pace_and_memory_are_told_before_a_run() -> None:
    assert throughput.images_per_second(DIGITS, seconds=0.5, device="cuda") > 0
    measured = estimate.measure_here(DIGITS, "cuda")
    assert "error" not in measured
    assert measured["memory"] > 0
