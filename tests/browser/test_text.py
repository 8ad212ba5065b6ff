"""Text from a URL, a run, a file or an error is shown as text, and no foreign page can frame the app."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from gan_core.runs import Metadata, RunStore
from tests.browser.text_app import TEXTS
from tests.conftest import Server
from tests.support.saved_run import saved_run, zipped

pytestmark = pytest.mark.browser
TIMEOUT = 60_000  # milliseconds
MARKUP = "a, img, code, em, strong, del, li, table, h1, blockquote, .katex"


class Foreign(http.server.ThreadingHTTPServer):
    """A web server of somebody else that remembers what it was asked for, and shows an address in a frame."""

    framed = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ForeignPage)
        self.asked: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class ForeignPage(http.server.BaseHTTPRequestHandler):
    server: Foreign

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f'<iframe width="1200" height="900" src="{self.server.framed}"></iframe>'.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    server = Foreign()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def assert_nothing_foreign(page: Page, foreign: Foreign) -> None:
    page.wait_for_timeout(1000)  # for a picture that would be fetched
    assert page.get_by_test_id("stException").count() == 0
    assert page.locator(f'[href*="{foreign.host}"], [src*="{foreign.host}"]').count() == 0
    assert foreign.asked == []


def test_escaped_text_is_shown_as_it_is(serve: Callable[..., Server], page: Page) -> None:
    page.goto(serve("tests/browser/text_app.py").url)
    expect(page.locator(f".st-key-button-{len(TEXTS) - 1} button")).to_be_visible(timeout=TIMEOUT)
    page.wait_for_timeout(2000)  # LaTeX and emoji are loaded later
    for i, text in enumerate(TEXTS):
        wanted = f"begin {text} end".encode("utf-8", "replace").decode().split()
        for element in (f".st-key-text-{i}", f".st-key-button-{i}"):
            assert page.locator(element).inner_text().split() == wanted
            assert page.locator(f"{element} :is({MARKUP})").count() == 0


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/train?{}=1", True),
        ("/train?preset={}", True),
        ("/train?loss.name={}", True),
        ("/train?data.name=folder&data.path=/{}", False),
        ("/latent?run={}", True),
        ("/compare?comparison={}", True),
        ("/compare?runs={}", True),
        ("/runs?run={}", False),
    ],
)
def test_a_link_cannot_show_a_picture_or_a_link(
    app: Server, page: Page, foreign: Foreign, path: str, shown: bool
) -> None:
    attack = f"![x](http://{foreign.host}/a.svg)"
    page.goto(app.url + path.format(quote(attack, safe="")))
    page.get_by_test_id("stAlertContainer").or_(page.get_by_text("No runs yet")).first.wait_for(timeout=TIMEOUT)
    if shown:
        expect(page.get_by_text(f"http://{foreign.host}").first).to_be_visible()
    assert_nothing_foreign(page, foreign)


def test_a_run_cannot_show_a_picture_or_a_link(app: Server, library: Path, page: Page, foreign: Foreign) -> None:
    attack = f"![x](http://{foreign.host}/a.svg) <img src=http://{foreign.host}/b.svg>"
    runs = [saved_run(RunStore(library))[0] for _ in range(2)]
    for run in runs:
        run.write_metadata(Metadata.of(attack[:79], [f"![x](http://{foreign.host}/t.svg)"[:30]], attack))
        run.log("stopped", 2)
    page.goto(f"{app.url}/runs?run={run.id}")
    expect(page.get_by_role("heading", name=f"![x](http://{foreign.host}")).to_be_visible(timeout=TIMEOUT)
    assert_nothing_foreign(page, foreign)
    runs_compared = f"/compare?runs={','.join(run.id for run in runs)}"
    for address, part in ((f"/latent?run={run.id}", "latent-choice"), (runs_compared, "compare-curves")):
        page.goto(app.url + address)
        page.locator(f".st-key-{part}").wait_for(timeout=TIMEOUT)
        assert_nothing_foreign(page, foreign)


def test_the_name_of_a_file_in_an_archive_is_shown_as_text(
    app: Server, page: Page, foreign: Foreign, tmp_path: Path
) -> None:
    archive = tmp_path / "run.zip"
    archive.write_bytes(zipped({f"![x](http://{foreign.host}/a.svg)": b"x"}).getvalue())
    page.goto(f"{app.url}/runs")
    page.get_by_role("button", name="Import").click(timeout=TIMEOUT)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(archive)
    expect(page.get_by_role("alert").filter(has_text=foreign.host)).to_be_visible(timeout=TIMEOUT)
    assert_nothing_foreign(page, foreign)


def test_a_foreign_page_cannot_frame_the_app(app: Server, page: Page, foreign: Foreign) -> None:
    foreign.framed = f"{app.url}/train?preset=ring8"
    page.goto(f"http://{foreign.host}/")
    page.wait_for_timeout(5000)
    frame = page.frames[1]
    assert "chrome-error" in frame.url
    assert frame.get_by_role("button").count() == 0
