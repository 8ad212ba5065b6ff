"""The engine: it chooses a control or a key, presses it, and checks that nothing broke."""

from __future__ import annotations

import random
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import ConsoleMessage, ElementHandle, Error, Page, Request, Response

SCRIPT = Path(__file__).with_name("controls.js").read_text("utf-8")
KEYS = ("s", "n", "d", "g", "e", "Tab", "Shift+Tab", "Enter", "Escape", "Space", "Home", "End", "Backspace")
ARROWS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
TEXTS = (
    "0.0005",
    "0.01",
    "1",
    "3",
    "0",
    "-1",
    "1e9",
    "abc",
    "",
    "<b>x</b>",
    "[a](b) :red[c] $x$",
    "1, 2, 4",
    "Ünïcode 🙂",
)
PAGES = ("home", "train", "latent", "compare", "runs")
LEAVES = re.compile(  # presses that may change the experiment of the Train page
    r"preset|data set|option|start|stop|resume|fork|watch|step|only|use |link|key|go on|train|open|canvas|^a ",
    re.IGNORECASE,
)
EXPECTED_CONSOLE = re.compile("Failed to load resource|WebGL", re.IGNORECASE)  # failed requests are counted apart
RECENT = 4  # the last presses whose effect may come late
ANSWER_SECONDS = 60.0  # in which a page must answer; several times what two busy cores need
CLICK_MS = 1500


@dataclass(frozen=True)
class Fault:
    """Something that must not happen, with what is needed to repeat it."""

    text: str
    seed: int
    press: int
    page: str
    state: str
    presses: tuple[str, ...]  # the last ten, the one that showed the fault last
    screenshot: str = ""

    def __str__(self) -> str:
        place = f"seed {self.seed}, press {self.press}, {self.page}, {self.state}"
        return "\n    ".join([self.text, place, *self.presses, self.screenshot])


@dataclass
class Robot:
    """Presses controls of the app in one tab.

    Args:
        page: a new tab.
        url: where the app is served.
        log: the log of its server, or None.
        out: where screenshots go.
        tell: called with each fault, and with each press.
    """

    page: Page
    url: str
    log: Path | None
    out: Path
    seed: int = 0
    state: str = ""
    count: int = 0
    tell: Callable[[str], None] = lambda text: None
    faults: list[Fault] = field(default_factory=list)
    seen: dict[tuple[str, str], dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    _recent: deque[str] = field(default_factory=lambda: deque(maxlen=10))
    _heard: list[str] = field(default_factory=list)
    _missing: list[str] = field(default_factory=list)  # paths of pictures that the server no longer had
    _read: int = 0  # bytes of the log

    def __post_init__(self) -> None:
        page = self.page
        page.add_init_script(SCRIPT)
        page.set_default_timeout(ANSWER_SECONDS * 1000)
        page.on("pageerror", lambda error: self._heard.append(f"error of the page: {error}"))
        page.on("console", self._console)
        page.on("requestfailed", self._request_failed)
        page.on("response", self._response)
        page.on("dialog", lambda dialog: dialog.accept())

    # ---- what the browser reports ------------------------------------------------------------------------------------

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED_CONSOLE.search(message.text):
            self._heard.append(f"console: {message.text[:300]}")

    def _request_failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # as by leaving the page
            self._heard.append(f"failed request: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if response.status < 400 or "/_stcore/" in path[1:]:  # Streamlit tries each part of a page's path
            return
        if path.startswith("/media/"):
            self._missing.append(path)
        else:
            self._heard.append(f"failed request: {response.url} {response.status}")

    # ---- pressing ----------------------------------------------------------------------------------------------------

    def press(self) -> None:
        """One press of a control or a key; a fault is kept in `faults`."""
        self.count += 1
        rng = random.Random(f"{self.seed}/{self.count}")
        before = self.training()
        self._recent.append(f"{self.count}: {self.where()}: ")
        try:
            self._press(rng)
        except Error as error:  # the control has gone, or something covers it
            self._note(f" (missed: {str(error).splitlines()[0][:60]})")
            self._try(lambda: self.page.keyboard.press("Escape"))
        self.tell(self._recent[-1])
        self.check(before)

    def _note(self, text: str) -> None:
        self._recent[-1] += text

    def _press(self, rng: random.Random) -> None:
        if rng.random() < 0.12:
            self._press_key(rng)
            return
        controls: list[dict[str, Any]] = self.page.evaluate("robot.controls()")
        coverage = self.seen[self.where(), self.state]
        names = [f"{control['kind']} {control['name']}" for control in controls]
        for name in names:
            coverage.setdefault(name, 0)
        layer = [i for i, control in enumerate(controls) if control["layer"]]
        offered = layer if layer and rng.random() < 0.7 else range(len(controls))
        allowed = [i for i in offered if not controls[i]["away"]]
        if not allowed:
            self._press_key(rng)
            return
        fresh = [i for i in allowed if not coverage[names[i]]]
        chosen = rng.choice(fresh or allowed)
        coverage[names[chosen]] += 1
        self._note(names[chosen])
        element = self.page.evaluate_handle("i => robot.elements[i]", chosen).as_element()
        if element is not None:
            self._operate(element, controls[chosen]["kind"], rng)

    def _press_key(self, rng: random.Random) -> None:
        key = rng.choice((*KEYS, *ARROWS, "back", "reload"))
        self._note(f"key {key}")
        if key == "back":
            self.page.go_back()
        elif key == "reload":
            self.page.reload()
        else:
            self.page.keyboard.press(key)

    def _operate(self, element: ElementHandle, kind: str, rng: random.Random) -> None:
        if kind == "file":
            element.set_input_files({"name": "run.zip", "mimeType": "application/zip", "buffer": b"no zip"})
        elif kind in ("text", "number", "textarea", "combobox") and rng.random() < 0.8:
            self._type(element, kind, rng)
        elif kind in ("slider", "range"):
            element.focus()
            for _ in range(rng.randint(1, 4)):
                self.page.keyboard.press(rng.choice(("ArrowLeft", "ArrowRight", "Home", "End")))
        elif kind in ("canvas", "img", "rect"):
            self._draw(element, rng)
        elif kind in ("radio", "checkbox", "switch"):
            element.evaluate("node => (node.closest('label') ?? node).click()")
        else:
            element.click(timeout=CLICK_MS)

    def _type(self, element: ElementHandle, kind: str, rng: random.Random) -> None:
        element.click(timeout=CLICK_MS)
        if kind == "combobox":
            for _ in range(rng.randint(0, 5)):
                self.page.keyboard.press("ArrowDown")
            self.page.keyboard.press(rng.choice(("Enter", "Enter", "Escape")))
            return
        text = rng.choice(TEXTS if kind != "number" else ("1", "7", "64", "0", "-3", "1e9", ""))
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text) if text else self.page.keyboard.press("Delete")
        self.page.keyboard.press(rng.choice(("Enter", "Tab", "ControlOrMeta+Enter")))

    def _draw(self, element: ElementHandle, rng: random.Random) -> None:
        element.scroll_into_view_if_needed(timeout=CLICK_MS)
        box = element.bounding_box()
        if box is None:
            return
        places = [(box["x"] + rng.random() * box["width"], box["y"] + rng.random() * box["height"]) for _ in range(2)]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        if rng.random() < 0.5:
            self.page.mouse.move(*places[1], steps=4)
        self.page.mouse.up()

    # ---- checking ----------------------------------------------------------------------------------------------------

    def check(self, before: str = "") -> None:
        """Look for each kind of fault after a press. `before`: the session that the page showed in training."""
        if not self._settle():
            self.fault("the page does not answer")
            self.reopen()
            return
        found = self._try(lambda: self.page.evaluate("robot.exceptions.splice(0)")) or []
        for text in [*(f"exception box: {box}" for box in found), *self._heard, *self._new_tracebacks()]:
            self.fault(text)
        self._heard.clear()
        for path in self._missing:  # the pictures of a page that was left may be gone, those of the present one not
            if self._try(self.page.locator(f"img[src*='{path}']").count):
                self.fault(f"a picture of the page is missing: {path}")
        self._missing.clear()
        wanted = any(LEAVES.search(press.split(": ", 2)[-1]) for press in [*self._recent][-RECENT:])
        if before and self.where() == "train" and not wanted and (after := self.session()) != before:
            self.fault(f"lost run: the page left session {before} for {after or 'none'}")

    def _settle(self) -> bool:
        """Whether the page has answered: its script has ended, or has run again, as on a page that refreshes itself."""
        deadline = time.monotonic() + ANSWER_SECONDS
        self._try(lambda: self.page.wait_for_timeout(120))
        runs = self._try(lambda: self.page.evaluate("robot.runs")) or 0
        while time.monotonic() < deadline:
            now = self._try(lambda: self.page.evaluate("[robot.running(), robot.runs]"))
            if now is not None and (not now[0] or now[1] > runs):
                return True
            self._try(lambda: self.page.wait_for_timeout(50))
        return False

    def _new_tracebacks(self) -> list[str]:
        if self.log is None:
            return []
        with self.log.open("rb") as file:
            file.seek(self._read)
            text = file.read().decode("utf-8", "replace")
            self._read = file.tell()
        text = re.sub(r"\x1b\[[\d;]*m", "", text)
        return (
            [f"traceback of the server: {text[-1500:]}"]
            if "Traceback" in text or re.search(r"^\w+(Error|Exception)\b", text, re.M)
            else []
        )

    def fault(self, text: str) -> None:
        """Keep a fault with a picture of the page."""
        file = self.out / f"fault-{self.seed}-{self.count}-{len(self.faults)}.png"
        shot = str(file) if self._try(lambda: self.page.screenshot(path=file, timeout=5000)) else ""
        self.faults.append(Fault(text, self.seed, self.count, self.where(), self.state, tuple(self._recent), shot))
        self.tell(str(self.faults[-1]))

    # ---- the page ----------------------------------------------------------------------------------------------------

    def where(self) -> str:
        """The name of the page that is open."""
        return urlsplit(self.page.url).path.strip("/") or "home"

    def session(self) -> str:
        """The session that the URL names, or ""."""
        return parse_qs(urlsplit(self.page.url).query).get("session", [""])[0]

    def training(self) -> str:
        """The session that the Train page shows in training or paused, or ""."""
        stop = self.page.get_by_role("button", name=re.compile("^Stop"))
        return self.session() if self.where() == "train" and self._try(stop.count) else ""

    def open(self, address: str) -> None:
        """Open an address of the app and wait until it is drawn."""
        self.page.goto(f"{self.url}/{address}")
        self.page.get_by_test_id("stMainBlockContainer").wait_for()
        self._settle()

    def reopen(self) -> None:
        """Load the page again, after it has stopped answering."""
        self._try(lambda: self.page.goto("about:blank"))
        self._try(lambda: self.open(""))

    def _try(self, action: Callable[[], Any]) -> Any:
        """The result of an action on a page that may be reloading; None if it fails."""
        try:
            return action()
        except Error:
            return None
