"""The robot finds nothing in some minutes; `python -m benchmarks.robot` runs it for longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import Server
from tests.support.robot.robot import Robot
from tests.support.robot.states import coverage, walk

pytestmark = pytest.mark.browser

SECONDS = 100


@pytest.mark.slow  # it presses for a minute and a half
def test_no_control_breaks_a_page_or_loses_a_run(app: Server, page: Page, tmp_path: Path) -> None:
    robot = Robot(page, app.url, app.log, tmp_path, seed=1, tell=print)
    walk(robot, seconds=SECONDS, per_page=4)
    print("\n".join(coverage(robot)))
    assert not robot.faults
    assert robot.count > 20
