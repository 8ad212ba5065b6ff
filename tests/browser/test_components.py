"""The components in Chromium: they update without flicker, keep the user's changes, and send clicks and strokes."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Server
from ui import theme

pytestmark = pytest.mark.browser
SECONDS = 5

# Counts over `seconds`: removed chart containers, blank or faded frames, different pictures, and updates.
WATCH = """async (seconds) => {
  const inside = (node, name) => node.querySelector?.(name) || node.matches?.(name);
  const seen = { removed: 0, blank: 0, faded: 0, frames: 0, pictures: new Set(), updates: 0 };
  const observer = new MutationObserver((changes) => {
    for (const { removedNodes } of changes) {
      for (const node of removedNodes) seen.removed += inside(node, ".live-chart, .main-svg, .stBidiComponent") ? 1 : 0;
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
  const grid = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .map((host) => host.shadowRoot.querySelector(".grid canvas")).find(Boolean);
  const count = () => Number(/updates (\\d+)/.exec(document.body.innerText)[1]);
  const began = { at: performance.now(), updates: count() };
  await new Promise((done) => {
    const look = (now) => {
      const side = Math.round(grid.width / 8);
      const pixels = grid.getContext("2d").getImageData(side, side, side, side).data;
      const opaque = pixels.filter((value, i) => i % 4 === 3 && value > 0).length;
      seen.blank += opaque < 0.5 * side * side ? 1 : 0;
      seen.pictures.add(pixels.reduce((sum, value, i) => (sum * 31 + value) % 2147483647, 0));
      seen.faded += [...document.querySelectorAll("[data-stale]")].some((e) => getComputedStyle(e).opacity < 1) ? 1 : 0;
      seen.frames += 1;
      if (now - began.at < seconds * 1000) requestAnimationFrame(look);
      else done();
    };
    requestAnimationFrame(look);
  });
  observer.disconnect();
  const rate = (count() - began.updates) / ((performance.now() - began.at) / 1000);
  return { ...seen, pictures: seen.pictures.size, rate };
}"""


@pytest.fixture(scope="module")
def address(serve: Callable[..., Server]) -> str:
    return serve("tests/browser/components_app.py").url


@pytest.fixture
def app(page: Page, address: str) -> Page:
    """The page of all components with its charts drawn; `page.errors` collects errors of its scripts."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(address)
    expect(chart(page, "Loss").locator(".main-svg").first).to_be_visible()
    expect(chart(page, "points on D's surface").locator(".main-svg").first).to_be_attached()
    page.errors = errors  # type: ignore[attr-defined]
    return page


def chart(page: Page, description: str) -> Locator:
    """The chart whose description for screen readers contains this text."""
    return page.locator(".live-chart").filter(has=page.locator(f'.plot[aria-label*="{description}"]'))


def layout_of(found: Locator, name: str) -> Any:
    return found.locator(".plot").evaluate(f"plot => plot._fullLayout.{name}")


def after_an_update(page: Page) -> None:
    """Wait for two updates, so that at least one of them started after this call."""
    status = page.get_by_text(re.compile(r"updates \d+"))
    now = int(re.search(r"updates (\d+)", status.inner_text()).group(1))  # type: ignore[union-attr]
    expect(status).to_have_text(re.compile(rf"updates ({now + 2}|{now + 3}|{now + 4})"))


def drag(page: Page, box: Any, start: tuple[float, float], *others: tuple[float, float]) -> None:
    """Drag through positions given as shares of the box."""
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, *others)]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def test_a_live_page_updates_twice_a_second_without_flicker(app: Page) -> None:
    windows = []
    while len(windows) < 3 and max([0, *windows]) < 1.8:  # another process may slow some windows
        seen = app.evaluate(WATCH, SECONDS)
        assert seen["removed"] == 0
        assert seen["blank"] == 0
        assert seen["faded"] == 0
        assert seen["pictures"] >= SECONDS / 2  # the pictures changed
        windows.append(seen["rate"])
    assert max(windows) >= 1.8, windows
    assert app.errors == []  # type: ignore[attr-defined]


def test_a_zoom_stays_until_it_is_reset(app: Page) -> None:
    norms = chart(app, "Gradient norm")
    reset = norms.get_by_text("Reset zoom")
    expect(reset).to_be_hidden()
    drag(app, norms.locator(".nsewdrag").bounding_box(), (0.2, 0.2), (0.6, 0.8))
    expect(reset).to_be_visible()
    zoomed = layout_of(norms, "xaxis.range")
    after_an_update(app)
    assert layout_of(norms, "xaxis.range") == zoomed
    reset.click()
    after_an_update(app)
    expect(reset).to_be_hidden()
    assert layout_of(norms, "xaxis.autorange")


def test_another_unit_of_the_x_axis_resets_a_zoom(app: Page) -> None:
    losses = chart(app, "Loss")
    drag(app, losses.locator(".nsewdrag").bounding_box(), (0.2, 0.2), (0.6, 0.8))
    app.get_by_text("epoch", exact=True).first.click()
    after_an_update(app)
    assert layout_of(losses, "xaxis.title.text") == "epoch"
    assert layout_of(losses, "xaxis.autorange")


def test_a_hidden_layer_stays_hidden(app: Page) -> None:
    layers = chart(app, "points on D's surface")
    real = layers.get_by_role("button", name="real")
    real.click()
    after_an_update(app)
    expect(real).to_have_attribute("aria-pressed", "false")
    shown = layers.locator(".plot").evaluate("plot => plot._fullData.filter(t => t.visible === true).map(t => t.name)")
    assert "real" not in shown
    assert "generated" in shown
    real.press("Enter")
    expect(real).to_have_attribute("aria-pressed", "true")


def test_a_click_on_a_curve_moves_the_cursor_of_every_chart(app: Page) -> None:
    app.get_by_text("seconds", exact=True).click()
    after_an_update(app)
    chart(app, "Loss").locator(".nsewdrag").click(position={"x": 200, "y": 60})
    expect(app.get_by_text(re.compile(r"cursor \d"))).to_be_visible()
    step = float(re.search(r"cursor ([\d.]+)", app.get_by_text("cursor").inner_text()).group(1))  # type: ignore[union-attr]
    assert step == int(step) > 0
    after_an_update(app)
    for description in ("Loss", "Score", "Gradient norm"):
        assert step / 62 in [pytest.approx(shape["x0"]) for shape in layout_of(chart(app, description), "shapes")]


def test_a_picture_shows_its_score_and_is_picked_with_a_click_or_the_enter_key(app: Page) -> None:
    canvas = app.get_by_role("img", name="64 generated samples, mean D(x)")
    box = canvas.bounding_box()
    assert box
    canvas.hover(position={"x": box["width"] * 2.5 / 8, "y": box["height"] * 1.5 / 8})
    expect(app.get_by_text(re.compile(r"^#11, D\(x\) [01]\.?\d*"))).to_be_visible()
    app.mouse.down()
    app.mouse.up()
    expect(app.get_by_text("index 10")).to_be_visible()
    app.get_by_role("group", name="generated samples").focus()
    app.keyboard.press("ArrowRight")
    app.keyboard.press("Enter")
    expect(app.get_by_text("index 11")).to_be_visible()


def test_the_pictures_have_square_pixels(app: Page) -> None:
    canvas = app.get_by_role("img", name="64 generated samples")
    runs = canvas.evaluate("""canvas => {
      const side = canvas.width / 8, row = canvas.getContext("2d").getImageData(0, side / 2, side, 1).data;
      const inner = [...Array(Math.floor(side)).keys()].map((x) => row[4 * x]).slice(2, -5);
      return inner.reduce((all, value, i) => {
        if (i && value === inner[i - 1]) all[all.length - 1]++; else all.push(1);
        return all;
      }, []);
    }""")
    assert {run % 2 for run in runs} == {0}


def test_strokes_become_points_and_can_be_undone_and_cleared(app: Page) -> None:
    pad = app.get_by_role("img", name="Drawing of")
    pad.scroll_into_view_if_needed()
    count = app.get_by_text(re.compile(r"^\d+ points, last"))
    drag(app, pad.bounding_box(), (0.25, 0.25), (0.75, 0.25), (0.75, 0.75))
    expect(count).to_have_text(re.compile(r"^5[01] points, last \(1\.5\d*, -1\.[45]\d*\)"))
    drag(app, pad.bounding_box(), (0.1, 0.9), (0.9, 0.9))
    expect(count).to_have_text(re.compile("^9[0-2] points"))
    app.get_by_role("button", name="Undo").click()
    expect(count).to_have_text(re.compile("^5[01] points"))
    app.get_by_role("button", name="Clear").click()
    expect(count).to_have_text(re.compile("^0 points"))


def test_a_drawing_of_any_length_has_at_most_400_points(app: Page) -> None:
    pad = app.get_by_role("img", name="Drawing of")
    pad.scroll_into_view_if_needed()
    zigzag = [(0.1 + 0.8 * (i % 2), 0.05 + 0.9 * i / 12) for i in range(13)]
    drag(app, pad.bounding_box(), *zigzag)
    expect(app.get_by_text(re.compile(r"^(39\d|400) points, last"))).to_be_visible()


def test_the_keyboard_draws_on_the_pad(app: Page) -> None:
    app.get_by_role("img", name="Drawing of").focus()
    for key in [" ", *["ArrowRight"] * 10, " "]:
        app.keyboard.press(key)
    expect(app.get_by_text(re.compile(r"^1[23] points, last \(1\.4\d*, 0"))).to_be_visible()
    app.keyboard.press("Backspace")
    expect(app.get_by_text(re.compile("^0 points"))).to_be_visible()


def test_a_touch_scrolls_the_page_and_does_not_zoom_a_chart(browser: Any, address: str) -> None:
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(address)
    losses = chart(page, "Loss")
    expect(losses.locator(".main-svg").first).to_be_attached()
    assert layout_of(losses, "dragmode") is False
    touch = losses.locator(".nsewdrag").evaluate("e => getComputedStyle(e).touchAction")
    assert touch == "pan-x pan-y"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_roles_have_their_colours_and_nothing_overflows(browser: Any, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address)
    losses = chart(page, "Loss")
    expect(losses.locator(".main-svg").first).to_be_attached()
    palette = theme.DARK if scheme == "dark" else theme.LIGHT
    colours = losses.locator(".plot").evaluate("plot => plot._fullData.map(trace => trace.line.color)")
    assert {palette.discriminator, palette.generator} <= set(colours)
    for width in (1440, 400):
        page.set_viewport_size({"width": width, "height": 900})
        after_an_update(page)
        wide = page.evaluate("[...document.querySelectorAll('.live-chart, .stBidiComponent')].map(e => e.scrollWidth)")
        assert max(wide) <= width
        assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()


def test_a_chart_follows_the_width_of_its_column(app: Page) -> None:
    losses = chart(app, "Loss")
    wide = layout_of(losses, "width")
    app.set_viewport_size({"width": 1000, "height": 900})
    time.sleep(0.5)
    assert layout_of(losses, "width") == losses.locator(".plot").evaluate("plot => plot.clientWidth") < wide


def test_another_host_name_for_this_machine_is_refused(address: str) -> None:
    """A foreign page whose host name resolves to 127.0.0.1 (DNS rebinding) cannot connect to a session."""
    port = int(address.rsplit(":", 1)[1])
    assert _handshake(port, f"localhost:{port}") == 101
    assert _handshake(port, f"evil.example:{port}") == 403


def _handshake(port: int, host: str) -> int:
    """The HTTP status of a WebSocket handshake with this host name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "Host": host,
        "Origin": f"http://{host}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    connection.request("GET", "/_stcore/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status
