"""The server's side of an upload: a file of pictures goes from the browser straight to the disk.

`st.file_uploader` keeps every file in memory until its tab closes, and loses the folders of a dropped folder.
"""

from __future__ import annotations

import secrets
from typing import BinaryIO

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ui import addresses

TOKEN = secrets.token_urlsafe()  # a page of another site cannot read it, so it cannot upload
_BLOCK = 1 << 20  # bytes that are written at once


def path() -> str:
    """The URL path that files are sent to."""
    return addresses.path("pictures")


def most_bytes() -> int:
    """Bytes that one file may have at most."""
    return int(st.get_option("server.maxUploadSize")) * 1_000_000


def route() -> Route:
    """Receives one file with PUT, and answers with 204, or with a sentence that says why it was refused."""
    return Route(path(), _receive, methods=["PUT"])


async def _receive(request: Request) -> Response:
    if not secrets.compare_digest(request.headers.get("x-upload-token", "").encode(), TOKEN.encode()):
        return PlainTextResponse("The page is out of date. Reload it, then try again", 403)
    from gan_core.runs import RunStore
    from gan_core.runs.uploads import UploadError, UploadStore
    from ui.server import RUNS  # imports torch, as do these

    uploads, query = UploadStore(RunStore(RUNS)), request.query_params
    total = query.get("total", "")
    try:
        size = int(total) if total.isdecimal() else 0
        with uploads.receive(query.get("draft", ""), query.get("name", ""), size) as file:
            await _write(request, file)
    except _TooLargeError:
        return PlainTextResponse(f"larger than {most_bytes() // 1_000_000:,} MB", 413)
    except UploadError as error:
        return PlainTextResponse(str(error), 507)
    except ClientDisconnect:
        return Response(status_code=400)
    return Response(status_code=204)


class _TooLargeError(Exception):
    """A file is larger than `most_bytes`."""


async def _write(request: Request, file: BinaryIO) -> None:
    """Write the body of a request into a file, on a thread, so that the server answers others meanwhile."""
    block, received = bytearray(), 0
    async for chunk in request.stream():
        block += chunk
        received += len(chunk)
        if received > most_bytes():
            raise _TooLargeError
        if len(block) >= _BLOCK:
            await run_in_threadpool(file.write, bytes(block))
            block.clear()
    await run_in_threadpool(file.write, bytes(block))
