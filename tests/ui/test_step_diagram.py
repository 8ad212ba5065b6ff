"""What the diagram of a step shows for a snapshot."""

from __future__ import annotations

import numpy as np

from gan_core.session.session import Session
from gan_core.session.single_step import NetworkStep, SingleStep
from gan_core.session.snapshot import SampleView, Snapshot
from tests.support.small import DIGITS, POINTS
from tests.support.waiting import until
from ui.components.game import GameStep
from ui.train import step_diagram

IMAGES = np.zeros((9, 28, 28, 1), np.uint8)
D = NetworkStep(np.zeros(8), IMAGES, IMAGES, 1.386, 0.25)
G = NetworkStep(np.ones(8), IMAGES, np.empty(0), 0.693, 0.5)


def texts(shown: GameStep) -> list[str]:
    return [text for _, text in shown.stages]


def test_a_step_of_both_networks_is_told_in_the_order_of_algorithm_1() -> None:
    config = DIGITS.with_values({"n_critic": 3})
    step = SingleStep(7, 16, D, G, 0.61, 0.4)
    shown = step_diagram.shown(Snapshot(config, status="paused", single_step=step))
    assert [name for name, _ in shown.stages] == ["draw", "fakes", "score", "learn-d", "again", "learn-g"]
    assert "Draw 16 random inputs z." in texts(shown)
    assert any("D(x) 0.61" in text and "D(G(z)) 0.40" in text for text in texts(shown))
    assert any("D’s loss is 1.39" in text and "3 times" in text for text in texts(shown))
    assert shown.losses == {"d": 1.386, "g": 0.693}
    assert set(shown.pictures) == {"fakeD", "real", "fakeG"}


def test_a_network_that_was_not_trained_has_no_stage() -> None:
    step = SingleStep(7, 16, None, G, 0.61, 0.4)
    shown = step_diagram.shown(Snapshot(DIGITS, status="paused", single_step=step))
    assert [name for name, _ in shown.stages] == ["again", "learn-g"]
    assert "new z" in texts(shown)[0]


def test_a_paused_run_without_a_single_step_shows_its_samples_and_a_hint() -> None:
    view = SampleView(np.zeros((16, 28, 28, 1), np.uint8), real=np.ones((16, 28, 28, 1), np.uint8))
    shown = step_diagram.shown(Snapshot(DIGITS, status="paused", sample_view=view))
    assert not shown.stages
    assert "Press Step" in shown.hint
    assert len(shown.pictures["real"]) == 9


def test_points_are_drawn_as_shares_of_the_plane() -> None:
    session = Session(POINTS, None, "cpu")
    session.step(1)
    until(lambda: session.snapshot().single_step)
    session.stop()
    assert session.wait(60)
    points = step_diagram.shown(session.snapshot()).pictures["real"]
    assert points.shape == (16, 2)
    assert points.min() >= 0
    assert points.max() <= 1
