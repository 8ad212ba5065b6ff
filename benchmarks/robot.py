"""A robot that presses everything, in every state of the app.

    python -m benchmarks.robot --presses 2000
    python -m benchmarks.robot --seed 3 --until 157      # as far as a reported fault
    python -m benchmarks.robot --app ../other-clone      # another version of the app
    python -m benchmarks.robot --changes 100             # settings changed within seconds of Start

It starts a server with an empty library and prints each fault with its seed, its page, its state and the last ten
presses; pictures are in OUT. What is on a page depends on the time too, so a repetition may differ. Exits with status 1
if there was a fault.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

from playwright.sync_api import expect

from benchmarks import browser
from tests.conftest import ROOT
from tests.support.robot import states
from tests.support.robot.robot import Robot

CHANGED = ("ring8", "gaussian-2d", "mnist-quick", "ring8-collapse", "oscillation")
AGAIN = re.compile("Start again|Fork")  # remedies that begin another run


def change_settings(robot: Robot, times: int) -> int:
    """Change a rate or press a remedy within five seconds of Start, `times` times; the number of lost runs."""
    lost, number, rng = 0, 0, Random(robot.seed)
    while robot.count < times:
        states.start(robot, CHANGED[number % len(CHANGED)], **states.LONG)
        expect(states.button(robot, "Pause")).to_be_enabled(timeout=states.PATIENCE)
        end, number = time.monotonic() + 5, number + 1
        robot.page.wait_for_timeout(rng.uniform(0, 1500))
        while time.monotonic() < end and robot.count < times:
            robot.count += 1
            remedy = robot.page.locator("[class*=st-key-remedy-] button:enabled").filter(has_not_text=AGAIN)
            if remedy.count() and rng.random() < 0.5:
                remedy.first.click()
            else:
                rate = robot.page.get_by_role("textbox", name=re.compile("^[DG] learning rate")).nth(rng.choice((0, 1)))
                rate.fill(f"{rng.uniform(1e-4, 1e-2):.4f}")
                rate.press("Enter")
            robot.page.wait_for_timeout(rng.uniform(100, 1000))
        robot.page.wait_for_timeout(1500)
        robot.tell(f"{robot.count} changes in {number} runs")
        if not robot.training():
            lost += 1
            robot.fault("the run was lost")
    return lost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", "--until", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--changes", type=int, help="instead: change this many settings soon after Start")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--app", type=Path, default=ROOT, help="folder of the app")
    parser.add_argument("--out", type=Path, default=Path("robot"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        browser.served(Path(folder), options.app) as server,
        browser.tab() as page,
    ):
        robot = Robot(page, server.url, server.log, options.out, options.seed, tell=partial(print, flush=True))
        if options.changes:
            print(f"{change_settings(robot, options.changes)} runs lost after {robot.count} changes")
        else:
            states.walk(robot, options.presses, options.seconds)
            print(f"{robot.count} presses")
    print("\n".join([f"{len(robot.faults)} faults", *states.coverage(robot)]))
    return 1 if robot.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
