"""Single samples and single steps on the Train page: a click enlarges a sample, and Step plays the diagram."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from gan_core.config import TrainConfig
from gan_core.runs import RunStore
from gan_core.training.history import COLUMNS
from tests.browser import test_train as on_train
from tests.browser.test_train import DIGITS, PATIENCE, RING, button, pause, start, step_of
from tests.support.waiting import until

pytestmark = pytest.mark.browser
train = on_train.train  # its fixture

# The gray values of a single 28 x 28 picture of a grid with a rim of 4 pixels.
VALUES = """canvas => {
  const side = canvas.width - 11, at = (i) => Math.floor(4 + (i + 0.5) * side / 28);
  const context = canvas.getContext("2d");
  return [...Array(784).keys()].map((i) => context.getImageData(at(i % 28), at(Math.floor(i / 28)), 1, 1).data[0]);
}"""


def values(where: Page | Locator, label: str) -> np.ndarray:
    return np.array(where.get_by_role("img", name=re.compile(label)).evaluate(VALUES))


def click_sample(page: Page, label: str, index: int, columns: int) -> None:
    canvas = page.get_by_role("img", name=re.compile(label))
    box = canvas.bounding_box()
    assert box is not None
    side = box["width"] / columns
    canvas.click(position={"x": (index % columns + 0.4) * side, "y": (index // columns + 0.4) * side})


def dialog(page: Page, title: str) -> Locator:
    found = page.get_by_role("dialog").filter(has_text=title)
    expect(found).to_be_visible(timeout=PATIENCE)
    return found


def test_a_clicked_sample_is_enlarged_and_opens_in_latent(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    start(page, 25)
    click_sample(page, "generated samples", 10, 8)
    opened = dialog(page, "Generated image 11, step")
    title = opened.get_by_role("heading").first.inner_text()
    expect(opened.get_by_text(re.compile(r"^D .*: D\(x\) [01]\.\d\d\.$"))).to_be_visible()
    expect(opened.get_by_role("img", name=re.compile("nearest real image"))).to_be_visible(timeout=2 * PATIENCE)
    expect(opened.get_by_text("Latent shows the same latent at the newest step")).to_be_visible()
    before = step_of(page)
    until(lambda: step_of(page) > before + 5)
    assert opened.get_by_role("heading").first.inner_text() == title  # the page goes on behind it
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    pause(page)

    page.get_by_role("group", name="generated samples").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    opened = dialog(page, "Generated image 12, step")
    large = values(opened, "enlarged picture")
    link = opened.get_by_role("link", name="Open in Latent")
    expect(link).to_be_visible()
    expect(opened.get_by_text("Latent shows the same latent")).to_have_count(0)
    link.click()
    expect(page.get_by_role("img", name=re.compile("current picture"))).to_be_visible(timeout=PATIENCE)
    assert np.abs(values(page, "current picture") - large).max() <= 1  # a batch of another size rounds differently

    page.go_back()
    expect(button(page, "Resume")).to_be_visible(timeout=PATIENCE)
    click_sample(page, "real examples", 3, 16)
    opened = dialog(page, "Real example 4, step")
    expect(opened.get_by_text(re.compile(r"^D .*: D\(x\) [01]\.\d\d\.$"))).to_be_visible()
    expect(opened.get_by_role("link")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="real examples")).to_be_focused()
    line = page.get_by_role("slider", name="Time line of samples")
    line.focus()
    line.press("Home")
    expect(page.get_by_text("Generated at step 0:")).to_be_visible(timeout=PATIENCE)
    click_sample(page, "generated samples", 0, 8)
    opened = dialog(page, "Generated image 1, step 0")
    expect(opened.get_by_text("D's scores are not kept with earlier pictures")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)


def stages_played(page: Page, label: str) -> list[int]:
    """Press a button, and return the numbers of the stages that the diagram plays, in order."""
    page.evaluate("""() => {
      window.played = [];
      const mark = () => {
        const items = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
          .flatMap((host) => [...host.shadowRoot.querySelectorAll(".live-game li button")]);
        const at = items.findIndex((item) => item.hasAttribute("aria-current"));
        if (at !== window.played.at(-1)) window.played.push(at);
      };
      clearInterval(window.marking);
      window.marking = setInterval(mark, 100);
    }""")
    button(page, label).click()
    played: list[int] = until(
        lambda: page.evaluate("window.played.at(-1) === -1 && window.played.length > 2 && played")
    )
    return [stage for stage in played if stage >= 0]


def stage(page: Page, number: int) -> Locator:
    return page.locator(".live-game li").nth(number - 1)


@pytest.mark.parametrize(("config", "kind"), [(DIGITS, "images"), (RING, "points")], ids=["images", "points"])
def test_a_step_plays_in_the_diagram_with_its_own_numbers(
    train: Callable[[TrainConfig], Page], library: Path, config: TrainConfig, kind: str
) -> None:
    page = train(config)
    assert stages_played(page, "Step") == [0, 1, 2, 3, 4, 5]
    (run_id,) = parse_qs(urlsplit(page.url).query)["run"]
    row = dict(zip(COLUMNS, RunStore(library).open(run_id).metrics()[-1], strict=True))
    expect(stage(page, 3)).to_contain_text(
        f"D scores real and fake {kind}. Mean: D(x) {row['d_real']:.2f} for real ones, D(G(z)) {row['d_fake']:.2f}"
    )
    expect(stage(page, 4)).to_contain_text(f"D’s loss is {row['loss_d']:.2f}.")
    expect(stage(page, 6)).to_contain_text(f"G’s loss is {row['loss_g']:.2f}.")
    drawing = page.locator(".live-game svg")
    expect(drawing).to_contain_text(f"G’s loss {row['loss_g']:.2f}")
    expect(drawing).to_contain_text(f"real {row['d_real']:.2f}")
    stage(page, 6).click()
    expect(drawing.locator("text.state")).to_have_text(["learns", "frozen"])
    if kind == "points":
        assert stages_played(page, "Only G") == [5, 0, 1]  # first the one that was clicked
        expect(page.locator(".live-game")).to_contain_text("Step 2")
    button(page, "Resume").click()
    expect(page.locator(".live-game")).to_be_hidden(timeout=PATIENCE)
    pause(page)
    expect(page.get_by_text("Press Step to watch one step")).to_be_visible()
