"""Small files in the formats of torchvision's data sets, with torchvision's URLs and checksums replaced for a test."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

NAMES = ["mnist", "fashion-mnist", "kmnist", "cifar10", "svhn", "flowers102"]
DIGITS = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}
NOWHERE = "http://127.0.0.1:9/"  # a port without a server


@dataclass
class Site:
    """A data set's files as its server holds them, and what they contain."""

    files: dict[str, bytes]
    pictures: NDArray[np.uint8]  # (N, H, W, C)
    labels: list[int]
    place: str  # the files' folder in the data folder

    def put_into(self, folder: Path) -> None:
        """Write the files into their place in the data folder."""
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
    stored = np.array([label or 10 for label in labels], np.uint8)[:, None]  # the file stores the digit 0 as 10
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
