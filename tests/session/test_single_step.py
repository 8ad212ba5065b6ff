"""What a session tells about a step that was taken alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_core.session.session import Session
from gan_core.session.single_step import SingleStep, StepWatcher
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS, VARIANTS
from tests.support.waiting import until


def taken(session: Session, which: str, step: int) -> SingleStep:
    session.step(1, which)  # type: ignore[arg-type]
    found = until(lambda: (now := session.snapshot()).step == step and now.status == "paused" and now.single_step)
    assert isinstance(found, SingleStep)
    return found


def test_a_step_taken_alone_is_told_with_its_values_until_training_goes_on() -> None:
    session = Session(DIGITS, None, "cpu")
    try:
        both = taken(session, "both", 1)
        assert both.d is not None
        assert both.g is not None
        assert both.d.fakes.shape == both.d.real.shape == both.g.fakes.shape == (9, 28, 28, 1)
        assert both.d.z.shape == (8,)
        assert not np.array_equal(both.d.z, both.g.z)
        history = session.snapshot().history
        assert (both.d.loss, both.g.loss) == (history.loss_d[-1], history.loss_g[-1])
        assert (both.score_real, both.score_fake) == (history.d_real[-1], history.d_fake[-1])
        only_d, only_g = taken(session, "d", 2), taken(session, "g", 3)
        assert only_d.g is None
        assert only_g.d is None
        session.start()
        until(lambda: session.snapshot().step > 3)
        assert session.snapshot().single_step is None
    finally:
        session.stop()
        assert session.wait(60)


@pytest.mark.parametrize("name", ["points", "R3GAN", "bfloat16", "critic"])
def test_watching_a_step_changes_nothing_in_it(name: str) -> None:
    config = VARIANTS[name]
    alone, watched = Trainer(config, "cpu"), Trainer(config, "cpu")
    for _ in range(3):
        watcher = StepWatcher(config)
        record, seen = alone.step(), watcher.result(watched.step(watch=watcher))
        assert seen.step == record.step
    for one, other in zip(alone.generator.parameters(), watched.generator.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_fakes_are_those_that_g_makes_before_its_update() -> None:
    config = POINTS.with_values({"generator.norm": "none"})  # so that a sample does not depend on its batch
    trainer = Trainer(config, "cpu")
    trainer.step()
    for which in ("d", "g"):
        before = [value.clone() for value in trainer.generator.parameters()]
        watcher = StepWatcher(config)
        step = watcher.result(trainer.step(which, watcher))  # type: ignore[arg-type]
        part = step.d or step.g
        assert part is not None
        after = [value.detach().clone() for value in trainer.generator.parameters()]
        with torch.no_grad():
            for parameter, value in zip(trainer.generator.parameters(), before, strict=True):
                parameter.copy_(value)
            expected = trainer.generator(torch.from_numpy(part.z)[None])[0]
            for parameter, value in zip(trainer.generator.parameters(), after, strict=True):
                parameter.copy_(value)
        assert np.allclose(part.fakes[0], expected, atol=1e-6)


def test_a_run_of_one_step_a_second_tells_each_step() -> None:
    session = Session(DIGITS, None, "cpu")
    session.set_speed(1.0)
    session.start()
    try:
        step = until(lambda: (now := session.snapshot()).status == "training" and now.single_step)
        assert isinstance(step, SingleStep)
        assert step.step == session.snapshot().step
    finally:
        session.stop()
        assert session.wait(60)
