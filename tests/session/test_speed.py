"""The speed limit of a session: its waits, what ends them, and what it leaves as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_core.runs import RunStore
from gan_core.session import Session
from gan_core.session.snapshot import Snapshot
from tests.session.test_session import ENDLESS, POINTS, curves, finished
from tests.session.test_session import until as until_within

WAIT = 300  # seconds between two steps of a slow session
SOON = 60  # seconds that a command may take on a busy machine, much less than `WAIT`


def until(session: Session, true: Callable[[Snapshot], object]) -> Snapshot:
    return until_within(session, true, SOON)


def slow_session(**settings: object) -> Session:
    """A session that waits after its first step."""
    session = Session(ENDLESS, device="cpu", threads=1, **settings)  # type: ignore[arg-type]
    session.set_speed(1 / WAIT)
    session.start()
    until(session, lambda now: now.step == 1)
    return session


def end(session: Session) -> float:
    """Stop the session. Returns the seconds that it takes."""
    began = time.monotonic()
    session.stop()
    assert session.wait(WAIT)
    return time.monotonic() - began


def test_training_keeps_to_the_limit_until_it_is_lifted() -> None:
    session = Session(ENDLESS, device="cpu", threads=1)
    session.set_speed(2)
    assert session.snapshot().speed == 2
    session.start()
    first = until(session, lambda now: now.step >= 2).step
    began = time.monotonic()
    last = until(session, lambda now: now.step >= first + 3).step
    assert time.monotonic() - began > (last - first - 1) / 2 * 0.9  # a snapshot may be seen late
    session.set_speed(None)
    assert session.snapshot().speed is None
    until(session, lambda now: now.step > last + 4 * SOON)  # twice as many as the limit allows in this time
    end(session)


@pytest.mark.parametrize(
    ("command", "arrived"),
    [
        (lambda session: session.pause(), lambda now: now.status == "paused"),
        (lambda session: session.step(2), lambda now: now.step == 3),
        (lambda session: session.set_speed(None), lambda now: now.step > 5),
        (lambda session: session.set_speed(50), lambda now: now.step > 5),
    ],
    ids=["pause", "step", "full speed", "faster"],
)
def test_a_command_ends_the_wait_at_once(
    command: Callable[[Session], None], arrived: Callable[[Snapshot], object]
) -> None:
    session = slow_session()
    command(session)
    until(session, arrived)
    end(session)


def test_a_changed_setting_is_written_during_a_wait(tmp_path: Path) -> None:
    session = slow_session(store=RunStore(tmp_path))
    session.update({"optimizer_g.lr": 1e-4})
    (run,) = RunStore(tmp_path).list()
    deadline = time.monotonic() + SOON
    while "changed" not in [event["kind"] for event in RunStore(tmp_path).open(run.id).events()]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    end(session)


def test_stop_ends_the_wait_and_saves(tmp_path: Path) -> None:
    session = slow_session(store=RunStore(tmp_path))
    assert end(session) < SOON
    (run,) = RunStore(tmp_path).list()
    assert (run.status, RunStore(tmp_path).open(run.id).checkpoints()) == ("stopped", [1])


def test_the_weights_are_copied_during_a_wait() -> None:
    session = slow_session()
    began = time.monotonic()
    assert session.model(timeout=SOON).name.endswith("step 1")
    assert time.monotonic() - began < SOON
    end(session)


def test_waits_are_not_training_time() -> None:
    session = Session(ENDLESS, device="cpu", threads=1)
    session.set_speed(1)
    session.start()
    until(session, lambda now: now.step == 1)
    began = time.monotonic()
    now = until(session, lambda now: now.step >= 4)
    assert now.seconds < 0.5 * (time.monotonic() - began)
    assert now.steps_per_second > 2
    assert now.slowdown == now.steps_per_second
    assert now.seconds_left == pytest.approx(now.total_steps - now.step)
    end(session)


def test_a_slow_run_shows_the_samples_of_each_step() -> None:
    session = Session(ENDLESS, device="cpu", threads=1)
    session.set_speed(2)
    session.start()
    for step in (3, 4):
        assert until(session, lambda now, step=step: now.step >= step).sample_view.step == step
    end(session)


def test_the_limit_changes_no_number() -> None:
    session = Session(POINTS, device="cpu", threads=1, max_steps=20)
    session.set_speed(100)
    session.start()
    assert session.wait(WAIT)
    assert curves(session.snapshot()) == [column[:20] for column in curves(finished(POINTS))]


def test_a_slow_run_resumes_to_the_bit(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = finished(POINTS, store=store, max_steps=45)
    second = Session(POINTS, device="cpu", threads=1, run=store.open(first.run_id))
    second.set_speed(50)
    second.start()
    assert second.wait(WAIT)
    assert np.array_equal(curves(second.snapshot()), curves(finished(POINTS)))


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), "fast", True])
def test_a_speed_that_is_no_positive_number_is_refused(speed: object) -> None:
    with pytest.raises(ValueError, match="steps_per_second must be a number above 0"):
        Session(POINTS).set_speed(speed)  # type: ignore[arg-type]


def test_a_tiny_speed_waits_without_an_error() -> None:
    session = Session(ENDLESS, device="cpu", threads=1)
    session.set_speed(5e-324)
    session.start()
    until(session, lambda now: now.step == 1)
    session.set_speed(None)
    until(session, lambda now: now.step > 5)
    end(session)
