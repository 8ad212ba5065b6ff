"""The data folder and the arrays cached in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_core.data import store


@pytest.mark.parametrize(
    ("own", "caches", "expected"),
    [
        ("/data/gan", "/caches", "/data/gan"),
        (None, "/caches", "/caches/gan-playground"),
        (None, None, "/home/ada/.cache/gan-playground"),
    ],
)
def test_the_data_folder_follows_the_environment(
    own: str | None, caches: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for name, value in (("GAN_PLAYGROUND_DATA", own), ("XDG_CACHE_HOME", caches)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert store.folder() == Path(expected)


class Builder:
    """Builds an array, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> store.Arrays:
        self.calls += 1
        return {"x": np.arange(1000, dtype=np.uint8)}


def test_an_array_is_built_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path / "new"))
    build = Builder()
    for _ in range(2):
        assert (store.cached("thing", build)["x"] == np.arange(1000, dtype=np.uint8)).all()
    assert build.calls == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["thing.npz"]


@pytest.mark.parametrize("fault", ["empty", "cut", "garbage", "flipped"])
def test_a_damaged_cache_is_built_again(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    build = Builder()
    store.cached("thing", build)
    path = tmp_path / "thing.npz"
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    path.write_bytes({"empty": b"", "cut": whole[:middle], "garbage": b"hello" * 99, "flipped": flipped}[fault])
    assert (store.cached("thing", build)["x"] == np.arange(1000, dtype=np.uint8)).all()
    assert build.calls == 2
    store.cached("thing", build)
    assert build.calls == 2


def test_a_cache_that_holds_a_pickle_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    np.savez(tmp_path / "thing.npz", x=np.array([{"evil": 1}], dtype=object))
    assert store.cached("thing", Builder())["x"].dtype == np.uint8


def test_without_a_writable_folder_arrays_are_built_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path / "file" / "below"))
    assert len(store.cached("thing", Builder())["x"]) == 1000
