"""The data sets of torchvision, loaded from small files in their formats, whose MD5 sums replace torchvision's."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.data import DataError, Dataset, vision
from tests.support.vision_sites import NAMES, NOWHERE, Site, site_of


def load(name: str, progress: data.Progress | None = None, **settings: object) -> Dataset:
    values = {"data.name": name, "generator.depth": 1, "discriminator.depth": 1}
    values |= {f"data.{key}": value for key, value in settings.items()}
    return data.load(TrainConfig().with_values(values), progress)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address on this machine that serves its files."""
    served = tmp_path / "served"
    served.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield served, f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()


def same(dataset: Dataset, site: Site, tolerance: int = 0) -> bool:
    """Whether the data set holds the site's pictures with their labels, in any order."""
    assert dataset.labels is not None
    assert dataset.labels.dtype == torch.int64
    assert dataset.examples.dtype == torch.uint8
    pictures = dataset.examples.permute(0, 2, 3, 1).numpy().astype(int)
    for picture, label in zip(pictures, dataset.labels.tolist(), strict=True):
        distances = [np.abs(picture - other).max() for other in site.pictures]
        if min(distances) > tolerance or site.labels[int(np.argmin(distances))] != label:
            return False
    return len(dataset) == len(site.pictures)


def online(name: str, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site of a data set, whose files the server of the tests offers."""
    served, url = server
    site = site_of(name, url, monkeypatch)
    site.serve_from(served)
    return site


# ---- loading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_files_put_into_the_folder_by_hand_are_loaded(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    site.put_into(folder)
    dataset = load(name)
    assert same(dataset, site, tolerance=2 if name == "flowers102" else 0)  # JPEG is not exact
    assert dataset.credit
    assert len(dataset.classes) == (102 if name == "flowers102" else 10)
    assert name != "flowers102" or dataset.classes[min(site.labels)] == "pink primrose"


@pytest.mark.parametrize("name", NAMES)
def test_files_are_downloaded_once(
    name: str, folder: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = online(name, server, monkeypatch)
    reported: list[tuple[float, str]] = []
    assert same(load(name, lambda done, text: reported.append((done, text))), site, tolerance=2)
    downloads = [done for done, text in reported if text.startswith("Downloading ")]
    assert len(downloads) >= len(site.files)
    assert downloads == sorted(downloads)
    assert downloads[-1] == 1.0
    assert not list(folder.rglob("*.part"))
    for file in server[0].iterdir():
        file.unlink()
    data.forget()
    assert same(load(name), site, tolerance=2)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_without_leave_to_download_only_files_of_this_machine_are_read(
    name: str, folder: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = online(name, server, monkeypatch)
    config = TrainConfig().with_values({"data.name": name, "generator.depth": 1, "discriminator.depth": 1})
    with pytest.raises(DataError, match="is not on this machine"):
        data.load(config, download=False)
    assert not folder.exists()
    site.put_into(folder)
    assert same(data.load(config, download=False), site)


def test_pictures_get_the_size_and_channels_of_the_config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mnist", "cifar10", "flowers102"):
        site_of(name, NOWHERE, monkeypatch).put_into(folder)
        for channels in (1, 3):
            examples = load(name, size=16, channels=channels).examples
            assert examples.shape[1:] == (channels, 16, 16)
            assert examples.is_contiguous()


def test_a_count_takes_a_part_of_the_examples(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cifar10", "flowers102"):
        site_of(name, NOWHERE, monkeypatch).put_into(folder)
        assert len(load(name, count=4)) == 4
        assert load(name, count=99).notes == ("Asked for 99 examples; there are 10, and all are used",)


def test_the_second_server_is_used_when_the_first_fails(
    server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = server
    site = site_of("mnist", url, monkeypatch)
    site.serve_from(served)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [NOWHERE, url])
    assert same(load("mnist"), site)


# ---- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_without_a_network_the_error_names_the_files_and_their_folder(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    with pytest.raises(DataError) as caught:
        load(name)
    text = str(caught.value)
    assert "could not be downloaded (127.0.0.1: Connection refused)" in text
    assert f"fetch these files from {NOWHERE} and put them into {folder / site.place}: {', '.join(site.files)}." in text
    assert "choose mnist-5k or sprites, which need no network" in text
    site.put_into(folder)
    assert same(load(name), site, tolerance=2)


def test_the_urls_and_checksums_are_those_of_torchvision() -> None:
    for name, loader in (("svhn", vision.svhn), ("flowers102", vision.flowers102), ("cifar10", vision.cifar10)):
        for file in loader.files():
            assert file.urls[0].startswith("http"), name
            assert len(file.md5) == 32
    assert [Path(file.path).name for file in vision.kmnist.files()] == [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ]
    assert len(vision.mnist.files()[0].urls) > 1


def test_a_server_that_does_not_answer_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site_of("svhn", f"http://127.0.0.1:{silent.getsockname()[1]}/", monkeypatch)
        started = time.monotonic()
        with pytest.raises(DataError, match="timed out"):
            load("svhn")
        assert time.monotonic() - started < 3


def test_a_missing_or_wrong_download_leaves_no_file(
    folder: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = server
    site_of("svhn", url, monkeypatch)
    with pytest.raises(DataError, match=r"127\.0\.0\.1: .*not found"):
        load("svhn")
    (served / "train_32x32.mat").write_text("<html>please log in to this network</html>")
    with pytest.raises(DataError, match=r"127\.0\.0\.1: the downloaded file has another checksum"):
        load("svhn")
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == []


def test_a_pickle_with_another_checksum_is_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("the pickle was opened",))

    site_of("cifar10", NOWHERE, monkeypatch).put_into(folder)
    load("cifar10")
    data.forget()
    (folder / datasets.CIFAR10.filename).unlink()
    (folder / "cifar-10-batches-py" / "data_batch_1").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError, match="could not be downloaded"):
        load("cifar10")


def test_damaged_files_are_an_error_that_names_their_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("mnist", NOWHERE, monkeypatch).put_into(folder)
    load("mnist")
    data.forget()
    unpacked = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    unpacked.write_bytes(unpacked.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"MNIST in .*raw are damaged .*: delete them and start again"):
        load("mnist")


def test_missing_pictures_of_flowers_are_counted_in_the_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("flowers102", NOWHERE, monkeypatch).put_into(folder)
    load("flowers102")
    data.forget()
    (folder / "flowers-102" / "jpg" / "image_00003.jpg").unlink()
    with pytest.raises(DataError, match="pictures missing: 1"):
        load("flowers102")


def test_a_data_folder_that_cannot_be_created_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("svhn", NOWHERE, monkeypatch)
    folder.write_text("in the way")
    with pytest.raises(DataError, match=f"SVHN cannot be stored in {folder}"):
        load("svhn")
