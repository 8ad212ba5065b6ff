"""A pool trains a few sessions at once; the others wait in a queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.runs import RunStore
from gan_core.session import Session
from gan_core.session.pool import SessionPool
from gan_core.session.training_slots import TrainingSlots, waiting_text
from tests.session.test_session import ENDLESS, until


@pytest.fixture
def pool(tmp_path: Path) -> SessionPool:
    return SessionPool(RunStore(tmp_path), slots=1)


def started(pool: SessionPool, n: int) -> list[Session]:
    """`n` sessions, of which the first trains and the others wait."""
    sessions = []
    for _ in range(n):
        session = pool.get(pool.open(ENDLESS))
        assert session is not None
        session.start()
        sessions.append(session)
        until(session, lambda now: now.status in ("training", "waiting") and (now.step or now.activity))
    return sessions


def test_the_queue_moves_up_when_a_member_leaves() -> None:
    slots = TrainingSlots(2)
    assert [slots.request(member) for member in "abcd"] == [0, 0, 1, 2]
    slots.release("a")
    slots.release("z")
    assert [slots.request(member) for member in "bcd"] == [0, 0, 1]


@pytest.mark.parametrize(
    ("position", "ordinal"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_the_waiting_text_gives_the_position(position: int, ordinal: str) -> None:
    assert waiting_text(position) == f"waiting for its turn, {ordinal} in line"


def test_sessions_wait_for_a_slot(pool: SessionPool) -> None:
    first, second, third = started(pool, 3)
    assert second.snapshot().activity == "waiting for its turn, 1st in line"
    assert third.snapshot().activity == "waiting for its turn, 2nd in line"
    assert (second.snapshot().step, third.snapshot().step) == (0, 0)
    first.stop()
    until(second, lambda now: now.step > 3)
    until(third, lambda now: now.activity == "waiting for its turn, 1st in line")
    pool.close()
    assert all(session.wait(10) for session in (first, second, third))


def test_a_paused_session_frees_its_slot_and_queues_on_resume(pool: SessionPool) -> None:
    first, second = started(pool, 2)
    first.pause()
    until(second, lambda now: now.step > 3)
    first.resume()
    until(first, lambda now: now.status == "waiting")
    second.pause()
    step = first.snapshot().step
    until(first, lambda now: now.step > step)
    pool.close()


def test_a_waiting_session_can_pause_step_and_stop(pool: SessionPool) -> None:
    _, second = started(pool, 2)
    second.pause()
    until(second, lambda now: now.status == "paused")
    second.step(2)
    until(second, lambda now: now.step == 2)
    second.resume()
    until(second, lambda now: now.status == "waiting")
    second.stop()
    assert second.wait(10)
    assert second.snapshot().status == "stopped"
    pool.close()
