"""A user without a home folder or an entry in the password file, and an installation that cannot be written."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gan_core.data import store
from gan_core.system import folders
from tests.conftest import ROOT, Server

UNKNOWN = 12345  # a user id without an entry in the password file


def test_a_home_folder_that_cannot_be_written_is_replaced_by_a_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GAN_PLAYGROUND_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert store.folder() == tmp_path / "home" / ".cache" / "gan-playground"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))  # not even root can make a folder in it
    assert store.folder().name.startswith("gan-playground")
    assert store.folder().parent == Path(tempfile.gettempdir())
    assert store.folder() == store.folder()


def test_a_temporary_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"gan-playground-{os.getuid()}").write_text("in the way")
    folders._temporary_folder.cache_clear()
    assert folders._temporary_folder().is_dir()
    folders._temporary_folder.cache_clear()


def as_unknown_user(*command: str, folder: Path = ROOT, home: str | None = None) -> dict[str, object]:
    """Arguments of `subprocess` for a user without an entry, who can read every file and write none of ours."""
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    ids = (f"--reuid={UNKNOWN}", f"--regid={UNKNOWN}", "--clear-groups")
    reads = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    environment |= {"HOME": home} if home else {}
    return {"args": ["setpriv", *ids, *reads, *command], "env": environment, "cwd": folder}


@pytest.fixture
def own() -> Iterator[Path]:
    """A folder of the unknown user."""
    if not hasattr(os, "getuid") or os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv, to become another user")
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, UNKNOWN, UNKNOWN)
    yield folder
    for left in (folder, f"/tmp/gan-playground-{UNKNOWN}"):
        shutil.rmtree(left, ignore_errors=True)


def test_an_unknown_user_without_a_home_folder_trains_and_exports(own: Path) -> None:
    python = sys.executable, "-m", "gan_core"
    train = "train", "--preset", "gaussian-2d", "--steps", "2", "--runs", str(own)
    trained = subprocess.run(**as_unknown_user(*python, *train), capture_output=True, text=True)  # type: ignore[call-overload]
    assert trained.returncode == 0, trained.stderr
    export = "export", trained.stdout.splitlines()[-1], "--as", "onnx", "-o", str(own / "g.onnx")
    exported = subprocess.run(**as_unknown_user(*python, *export), capture_output=True, text=True)  # type: ignore[call-overload]
    assert exported.returncode == 0, exported.stderr
    assert (own / "g.onnx").stat().st_size > 0
    assert not (ROOT / "~").exists()


@pytest.mark.browser
def test_an_unknown_user_trains_in_a_read_only_installation(own: Path, page: Page, tmp_path: Path) -> None:
    for name in ("gan_core", "ui", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    serve = sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", port
    server = Server.__new__(Server)
    server.url, server.log = f"http://localhost:{port}", tmp_path / "log.txt"
    with server.log.open("wb") as log:
        server.process = subprocess.Popen(**as_unknown_user(*serve, folder=tmp_path, home="/"), stdout=log, stderr=log)  # type: ignore[call-overload]
    try:
        page.goto(f"{server.wait().url}/train?preset=gaussian-2d")
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".live-chart .main-svg").first).to_be_visible(timeout=60_000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_text("Training").first).to_be_visible(timeout=60_000)
        assert [*Path(f"/tmp/gan-playground-{UNKNOWN}/runs").iterdir()]
    finally:
        server.stop()
