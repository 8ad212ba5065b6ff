"""torchvision's sets through torchvision's own classes, on small files of the true formats.

The classes check MD5 sums; each test puts those of the small files in their place, for its own duration.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import socket
import struct
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.data import DataError, Dataset, vision

NAMES = ["mnist", "fashion-mnist", "kmnist", "cifar10", "svhn", "flowers102"]
DIGITS = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}
NOWHERE = "http://127.0.0.1:9/"  # a port that nothing listens on


def load(name: str, **settings: object) -> Dataset:
    values = {"data.name": name, "generator.depth": 1, "discriminator.depth": 1}
    return data.load(TrainConfig().with_values(values | {f"data.{key}": value for key, value in settings.items()}))


@dataclass
class Site:
    """A data set's files as its server holds them, and what they contain."""

    files: dict[str, bytes]
    pictures: NDArray[np.uint8]  # (N, H, W, C)
    labels: list[int]
    place: str  # where in the data folder the files belong

    def put_into(self, folder: Path) -> None:
        """Lay the files where they belong in the data folder."""
        (folder / self.place).mkdir(parents=True, exist_ok=True)
        self.serve_from(folder / self.place)

    def serve_from(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: NDArray[np.generic]) -> bytes:
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes())


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def mat(**arrays: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, arrays)
    return buffer.getvalue()


def noise(n: int, side: int, channels: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def digits_site(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    kind = DIGITS[name]
    pictures, labels = noise(12, 28, 1), [i % 10 for i in range(12)]
    images, targets = idx(pictures[..., 0]), idx(np.array(labels, np.uint8))
    files = {file: images if "images" in file else targets for file, _ in kind.resources}
    monkeypatch.setattr(kind, "resources", [(file, md5(content)) for file, content in files.items()])
    monkeypatch.setattr(kind, "mirrors", [url])
    return Site(files, pictures, labels, f"{kind.__name__}/raw")


def cifar_site(url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    pictures, labels = noise(10, 32, 3), list(range(10))
    flat = pictures.transpose(0, 3, 1, 2).reshape(10, -1)
    parts = {
        f"data_batch_{i + 1}": {"data": flat[2 * i : 2 * i + 2], "labels": labels[2 * i : 2 * i + 2]} for i in range(5)
    }
    parts |= {"test_batch": {"data": flat[:1], "labels": [0]}, "batches.meta": {"label_names": ["x"] * 10}}
    packed = {name: pickle.dumps(part) for name, part in parts.items()}
    archive = tar({f"cifar-10-batches-py/{name}": content for name, content in packed.items()})
    sums = [[name, md5(content)] for name, content in packed.items()]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", sums[5:6])
    monkeypatch.setitem(datasets.CIFAR10.meta, "md5", sums[6][1])
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(archive))
    monkeypatch.setattr(datasets.CIFAR10, "url", url + datasets.CIFAR10.filename)
    return Site({datasets.CIFAR10.filename: archive}, pictures, labels, "")


def svhn_site(url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    pictures, labels = noise(11, 32, 3), [*range(1, 10), 0, 0]
    stored = np.array([label or 10 for label in labels], np.uint8)[:, None]  # the file calls a zero 10
    content = mat(X=pictures.transpose(1, 2, 3, 0), y=stored)
    monkeypatch.setitem(datasets.SVHN.split_list, "train", [url + "train_32x32.mat", "train_32x32.mat", md5(content)])
    return Site({"train_32x32.mat": content}, pictures, labels, "")


def flowers_site(url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    colours = np.arange(0, 250, 25, dtype=np.uint8)
    pictures = np.broadcast_to(colours[:, None, None, None], (10, 64, 64, 3))
    jpegs = {}
    for i, picture in enumerate(pictures):
        buffer = io.BytesIO()
        Image.fromarray(picture).resize((80, 100)).save(buffer, "JPEG", quality=95)
        jpegs[f"jpg/image_{i + 1:05d}.jpg"] = buffer.getvalue()
    labels = [i * 10 for i in range(10)]
    number = np.arange(1, 11)
    files = {
        "102flowers.tgz": tar(jpegs),
        "imagelabels.mat": mat(labels=np.array(labels) + 1),
        "setid.mat": mat(trnid=number[:4], valid=number[4:7], tstid=number[7:]),
    }
    sums = {
        key: (name, md5(content))
        for key, (name, content) in zip(("image", "label", "setid"), files.items(), strict=True)
    }
    monkeypatch.setattr(datasets.Flowers102, "_file_dict", sums)
    monkeypatch.setattr(datasets.Flowers102, "_download_url_prefix", url)
    return Site(files, pictures, labels, "flowers-102")


def site_of(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    if name in DIGITS:
        return digits_site(name, url, monkeypatch)
    return {"cifar10": cifar_site, "svhn": svhn_site, "flowers102": flowers_site}[name](url, monkeypatch)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder."""
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    data.forget()
    yield tmp_path / "data"
    data.forget()


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
    """Whether the data set holds the site's pictures with their labels, in whatever order."""
    assert dataset.labels is not None
    assert dataset.labels.dtype == torch.int64
    assert dataset.examples.dtype == torch.uint8
    got = dataset.examples.permute(0, 2, 3, 1).numpy().astype(int)
    for picture, label in zip(got, dataset.labels.tolist(), strict=True):
        distances = [np.abs(picture - other).max() for other in site.pictures]
        if min(distances) > tolerance or site.labels[int(np.argmin(distances))] != label:
            return False
    return len(dataset) == len(site.pictures)


# ---- loading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_files_put_there_by_hand_are_enough(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    site.put_into(folder)
    dataset = load(name)
    assert same(dataset, site, tolerance=2 if name == "flowers102" else 0)  # JPEG is not exact
    assert dataset.credit
    assert len(dataset.classes) == (102 if name == "flowers102" else 10)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_downloaded_once(
    name: str, folder: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = server
    site = site_of(name, url, monkeypatch)
    site.serve_from(served)
    told: list[tuple[float, str]] = []
    settings = {"data.name": name, "generator.depth": 1, "discriminator.depth": 1}
    config = TrainConfig().with_values(settings)
    assert same(data.load(config, lambda done, text: told.append((done, text))), site, tolerance=2)
    downloads = [done for done, text in told if text.startswith("Downloading ")]
    assert len(downloads) >= len(site.files)
    assert downloads == sorted(downloads)
    assert downloads[-1] == 1.0
    assert not list(folder.rglob("*.part"))
    for file in served.iterdir():
        file.unlink()
    data.forget()
    assert same(load(name), site, tolerance=2)


def test_pictures_are_resized_and_coloured_as_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mnist", "cifar10", "flowers102"):
        site_of(name, NOWHERE, monkeypatch).put_into(folder)
        for channels in (1, 3):
            examples = load(name, size=16, channels=channels).examples
            assert examples.shape[1:] == (channels, 16, 16)
            assert examples.is_contiguous()


def test_flowers_take_part_with_all_their_splits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("flowers102", NOWHERE, monkeypatch).put_into(folder)
    flowers = load("flowers102")
    assert len(flowers) == 10
    assert flowers.labels is not None
    assert flowers.classes[int(flowers.labels.min())] == "pink primrose"


def test_count_takes_a_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cifar10", "flowers102"):
        site_of(name, NOWHERE, monkeypatch).put_into(folder)
        assert len(load(name, count=4)) == 4
        assert load(name, count=99).notes == ("Asked for 99 examples; there are 10, and all are used",)


def test_the_second_server_is_asked_where_the_first_fails(
    server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = server
    site = site_of("mnist", url, monkeypatch)
    site.serve_from(served)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [NOWHERE, url])
    assert same(load("mnist"), site)


# ---- trouble --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_without_a_network_it_says_which_files_belong_where(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    with pytest.raises(DataError) as caught:
        load(name)
    says = str(caught.value)
    assert "could not be downloaded (127.0.0.1: Connection refused)" in says
    assert f"fetch these files from {NOWHERE} and put them into {folder / site.place}: {', '.join(site.files)}." in says
    assert "choose mnist-5k or sprites, which need no network" in says
    site.put_into(folder)
    assert same(load(name), site, tolerance=2)  # as it said


def test_the_true_addresses_and_checksums_are_torchvisions() -> None:
    """What a user offline is told to fetch, for each set."""
    for name, loader in (("svhn", vision.svhn), ("flowers102", vision.flowers102), ("cifar10", vision.cifar10)):
        for source in loader.sources():
            assert source.urls[0].startswith("http"), name
            assert len(source.md5) == 32
    assert [Path(source.path).name for source in vision.kmnist.sources()] == [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ]
    assert len(vision.mnist.sources()[0].urls) > 1


def test_a_silent_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site_of("svhn", f"http://127.0.0.1:{silent.getsockname()[1]}/", monkeypatch)
        started = time.monotonic()
        with pytest.raises(DataError, match="timed out"):
            load("svhn")
        assert time.monotonic() - started < 3


def test_a_file_that_is_not_there_or_not_right_is_not_kept(
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
            return (pytest.fail, ("a foreign pickle was opened",))

    site_of("cifar10", NOWHERE, monkeypatch).put_into(folder)
    load("cifar10")
    data.forget()
    (folder / datasets.CIFAR10.filename).unlink()
    (folder / "cifar-10-batches-py" / "data_batch_1").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError, match="could not be downloaded"):
        load("cifar10")


def test_damaged_files_are_called_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("mnist", NOWHERE, monkeypatch).put_into(folder)
    load("mnist")
    data.forget()
    unpacked = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    unpacked.write_bytes(unpacked.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"MNIST in .*raw are damaged .*: delete them and start again"):
        load("mnist")


def test_flowers_without_some_of_their_pictures_are_damaged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("flowers102", NOWHERE, monkeypatch).put_into(folder)
    load("flowers102")
    data.forget()
    (folder / "flowers-102" / "jpg" / "image_00003.jpg").unlink()
    with pytest.raises(DataError, match="pictures missing: 1"):
        load("flowers102")


def test_a_folder_that_cannot_be_made_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of("svhn", NOWHERE, monkeypatch)
    folder.write_text("in the way")
    with pytest.raises(DataError, match=f"SVHN cannot be stored in {folder}"):
        load("svhn")
