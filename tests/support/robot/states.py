"""The states in which the robot presses, each reached by hand as a person would, and the walk through all of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from playwright.sync_api import Error, Locator, expect

from gan_core import presets
from tests.support.robot.robot import PAGES, Robot

PATIENCE = 90_000  # milliseconds; the first page waits until torch is imported
LONG = {"max_steps": 1_000_000, "record.frame_every": 50, "record.save_every": 500}
PRESETS: Mapping[str, Mapping[str, object]] = {
    "gaussian-2d": {},
    "ring8": {},
    "mnist-quick": {"generator.width": 8, "discriminator.width": 8},
}
COMPARISON = "optimizers"
SIZES = ((1440, 900), (400, 800))
THEMES = ("light", "dark")


def button(robot: Robot, label: str) -> Locator:
    """The first button whose label starts so."""
    return robot.page.get_by_role("button", name=re.compile(f"^{label}")).first


def open_experiment(robot: Robot, name: str, **values: object) -> None:
    """A new tab on the Train page with this preset, changed."""
    changes = {**PRESETS.get(name, {}), **{key.replace("__", "."): value for key, value in values.items()}}
    robot.open(f"train?{urlencode(presets.load(name).with_values(changes).to_query())}")
    expect(button(robot, "Start")).to_be_visible(timeout=PATIENCE)


def start(robot: Robot, name: str, **values: object) -> None:
    """Start a run of this preset after all others have stopped."""
    stop_all(robot)
    open_experiment(robot, name, **values)
    button(robot, "Start").click()


def stop_all(robot: Robot) -> None:
    """Stop every run of the Train page, whatever the last state has left."""
    robot.open("train")
    for _ in range(20):
        for label in ("Stop", r"[^,]+, step [\d,]+"):
            if button(robot, label).count():
                try:
                    button(robot, label).click(timeout=5000)
                except Error:
                    robot.open("train")
                robot.page.wait_for_timeout(1500)
                break
        else:
            return


def pause_comparisons(robot: Robot) -> None:
    """Pause every comparison that trains, so that it does not slow down the next states."""

    def open_list() -> None:
        robot.open("compare")
        if (earlier := robot.page.get_by_text(re.compile(r"^\d+ earlier$"))).count():
            earlier.click()
            robot.page.wait_for_timeout(500)

    open_list()
    training = robot.page.get_by_test_id("stMain").get_by_text("training now")
    while training.count():
        training.first.locator("xpath=ancestor::*[contains(@class, 'stHorizontalBlock')][1]//button").first.click()
        pause = button(robot, "Pause all")
        expect(pause.or_(button(robot, "Resume all"))).to_be_visible(timeout=PATIENCE)
        if pause.is_visible():  # else its runs were still saving when the list was drawn
            pause.click()
        robot.page.wait_for_timeout(1000)
        open_list()


def nothing(robot: Robot, name: str) -> None:
    stop_all(robot)
    open_experiment(robot, name)


def training(robot: Robot, name: str) -> None:
    start(robot, name, **LONG)
    expect(button(robot, "Pause")).to_be_enabled(timeout=PATIENCE)


def paused(robot: Robot, name: str) -> None:
    training(robot, name)
    robot.page.wait_for_timeout(1000)
    button(robot, "Pause").click()
    expect(button(robot, "Resume")).to_be_enabled(timeout=PATIENCE)


def finished(robot: Robot, name: str) -> None:
    start(robot, name, max_steps=40, record__frame_every=10, record__save_every=20)
    expect(robot.page.get_by_test_id("stProgress").first).to_contain_text("Finished", timeout=PATIENCE)


def failed(robot: Robot, name: str) -> None:
    """A run whose numbers overflow at once."""
    start(robot, "oscillation", optimizer_d__lr=10, optimizer_g__lr=10)
    expect(robot.page.get_by_test_id("stProgress").first).to_contain_text("Failed", timeout=PATIENCE)


def comparing(robot: Robot, name: str, steps: int = 100_000) -> None:
    stop_all(robot)
    robot.open(f"compare?ready={COMPARISON}&steps-{COMPARISON}={steps}&seeds-{COMPARISON}=1")
    button(robot, r"Start \d+ runs").click(timeout=PATIENCE)
    robot.page.wait_for_url(re.compile("comparison="), timeout=PATIENCE)


def compared(robot: Robot, name: str) -> None:
    comparing(robot, name, steps=20)
    expect(robot.page.get_by_text(re.compile("5 of 5 runs done")).first).to_be_visible(timeout=3 * PATIENCE)


STATES: Mapping[str, Callable[[Robot, str], None]] = {
    "nothing": nothing,
    "training": training,
    "paused": paused,
    "finished": finished,
    "failed": failed,
    "comparing": comparing,
    "compared": compared,
}


def walk(
    robot: Robot,
    presses: int | None = None,
    seconds: float | None = None,
    per_page: int = 20,
    after_press: Callable[[], None] = lambda: None,
) -> None:
    """Press in every state, on every page, wide and narrow, light and dark, until `presses` or `seconds` are over.

    Args:
        per_page: presses on a page before the next one.
    """
    end, round_ = time.monotonic() + (seconds or float("inf")), 0

    def over() -> bool:
        return time.monotonic() > end or (presses is not None and robot.count >= presses)

    while not over():
        for index, (state, enter) in enumerate(STATES.items()):
            (width, height), theme = SIZES[(round_ + index) % 2], THEMES[(round_ // 2 + index) % 2]
            robot.page.set_viewport_size({"width": width, "height": height})
            robot.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            robot.state = f"{state}, {width}, {theme}"
            name = list(PRESETS)[(round_ + index) % len(PRESETS)]
            try:
                pause_comparisons(robot)
                enter(robot, name)
            except (Error, AssertionError) as error:
                robot.fault(f"state not reached: {str(error)[:300]}")
                robot.reopen()
                continue
            robot.check()
            for page in (*PAGES[1:], PAGES[0]):
                go(robot, page)
                for _ in range(per_page):
                    if over():
                        return
                    robot.press()
                    after_press()
        round_ += 1


def go(robot: Robot, page: str) -> None:
    """Open a page by its link, or by its address where the links are folded away."""
    try:
        robot.page.get_by_role("link", name=page.capitalize(), exact=True).first.click(timeout=2000)
        robot.page.wait_for_url(re.compile(rf"/{'' if page == 'home' else page}($|\?)"), timeout=10_000)
        robot.page.wait_for_timeout(500)
    except Error:
        robot.open("" if page == "home" else page)


def coverage(robot: Robot) -> list[str]:
    """A line for each state: how many of the controls that were seen were pressed."""
    sums: dict[str, list[int]] = {}
    for (_, state), controls in robot.seen.items():
        total = sums.setdefault(state.split(",")[0], [0, 0])
        total[0] += sum(bool(times) for times in controls.values())
        total[1] += len(controls)
    return [f"{state}: {pressed} of {seen} controls" for state, (pressed, seen) in sums.items()]
