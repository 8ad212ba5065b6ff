"""The server's side of an upload, without a server."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gan_core.runs import RunStore
from gan_core.runs.uploads import UploadStore
from ui import uploading

DRAFT = "a" * 16


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UploadStore:
    monkeypatch.setattr("ui.server.RUNS", tmp_path)
    return UploadStore(RunStore(tmp_path))


def put(chunks: list[bytes | None], token: str = uploading.TOKEN, **query: str) -> tuple[int, str]:
    """Status and text of the answer to a file that arrives in these chunks; None for a connection that breaks."""
    sent: list[Any] = []
    parameters = {"draft": DRAFT, "name": "cat/1.png", "total": "10"} | query
    scope = {
        "type": "http",
        "method": "PUT",
        "path": uploading.path(),
        "query_string": urlencode(parameters).encode(),
        "headers": [(b"x-upload-token", token.encode("latin-1"))],
    }
    ends = [*(chunk is None for chunk in chunks)]
    messages = iter(
        [
            {"type": "http.disconnect"}
            if end
            else {"type": "http.request", "body": chunk, "more_body": i < len(ends) - 1}
            for i, (chunk, end) in enumerate(zip(chunks, ends, strict=True))
        ]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as thread:  # Playwright leaves an event loop running in the thread of the tests
        thread.submit(asyncio.run, uploading.route().handle(scope, receive, send)).result()
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], body.decode()


def test_a_file_arrives_whole(uploads: UploadStore) -> None:
    assert put([b"first ", b"second"]) == (204, "")
    kept = uploads.finish(DRAFT, "pets")
    assert (kept.path / "cat" / "1.png").read_bytes() == b"first second"


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_without_the_token_of_the_page_nothing_is_kept(uploads: UploadStore, token: str) -> None:
    status, told = put([b"content"], token)
    assert (status, "Reload" in told) == (403, True)
    assert not uploads.root.exists()


def test_a_file_over_the_limit_is_refused_and_deleted(uploads: UploadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put([b"content"], name="small.png")
    monkeypatch.setattr(uploading, "most_bytes", lambda: 1_000_000)
    assert put([bytes(600_000), bytes(600_000)], total="1") == (413, "larger than 1 MB")
    assert uploads.finish(DRAFT, "pets").files == 1


def test_a_broken_connection_leaves_no_half_file(uploads: UploadStore) -> None:
    put([b"content"], name="whole.png")
    assert put([b"first half", None])[0] == 400
    assert uploads.finish(DRAFT, "pets").files == 1


@pytest.mark.parametrize("query", [{"draft": ""}, {"draft": "../.."}, {"total": "-1"}, {"total": "x"}, {"name": "/"}])
def test_any_query_gives_an_answer(uploads: UploadStore, query: dict[str, str]) -> None:
    status, told = put([b"content"], **query)
    assert status in (204, 507)
    assert (status == 507) == bool(told)


def test_a_full_library_is_told(uploads: UploadStore, tmp_path: Path) -> None:
    RunStore(tmp_path).limit = 1000
    status, told = put([b"content"], total="2000")
    assert (status, "raise the limit" in told) == (507, True)
