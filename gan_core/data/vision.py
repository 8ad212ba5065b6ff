"""torchvision's data sets, downloaded once into the data folder, and unpacked and read by torchvision."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import torch
from filelock import FileLock
from torch import Tensor
from torchvision import datasets
from torchvision.datasets import mnist as mnist_files
from torchvision.datasets.utils import check_integrity, extract_archive

from gan_core.config import TrainConfig
from gan_core.data import DataError, Dataset, Progress, images, store

_TIMEOUT = 10  # seconds without an answer from the server


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set: its path in the data folder, its URLs and its MD5 sum, and what it is unpacked to."""

    path: str
    urls: tuple[str, ...]
    md5: str
    unpacked: str = ""  # a file that replaces this one

    def state(self, root: Path) -> Literal["whole", "missing", "wrong"]:
        """Whether the file in the data folder has the right checksum; the unpacked file, which has none, is trusted."""
        if check_integrity(str(root / self.path), self.md5) or (self.unpacked and (root / self.unpacked).exists()):
            return "whole"
        return "wrong" if (root / self.path).exists() else "missing"


@dataclass(frozen=True)
class VisionSet:
    """A loader of one of torchvision's data sets.

    torchvision's own download prints its progress and has no timeout. So this class downloads the files, from
    torchvision's URLs and with its checksums, to the paths where torchvision looks for them.
    """

    files: Callable[[], tuple[RemoteFile, ...]]
    open: Callable[[str, bool], Any]  # (root, unpack) -> torchvision's data set; RuntimeError if it is missing
    read: Callable[[TrainConfig, Any, Progress], Dataset]
    parts: Callable[[], tuple[RemoteFile, ...]] = lambda: ()  # unpacked files with a checksum

    def __call__(self, config: TrainConfig, progress: Progress) -> Dataset:
        """Raises `DataError` if the files cannot be downloaded, or are damaged."""
        label, root = config.dataset.label, store.folder()
        folder = root / Path(self.files()[0].path).parent
        try:
            opened = self._opened(config, root, progress)
        except _DownloadError as error:
            site = self.files()[0].urls[0].rpartition("/")[0]
            needed = [file for file in self.files() if file.state(root) != "whole"]
            wrong = [file.path for file in (*needed, *self.parts()) if file.state(root) == "wrong"]
            found = (
                f"In {root}, {', '.join(wrong)} has the wrong checksum, so it is damaged or another file: delete it. "
            )
            raise DataError(
                f"{found if wrong else ''}{label} is not on this machine and could not be downloaded ({error}). Go "
                f"online and start again, or fetch these files from {site}/ and put them into {folder}: "
                f"{', '.join(Path(file.path).name for file in needed)}. Or choose mnist-5k or sprites, "
                f"which need no network"
            ) from error
        except OSError as error:
            raise DataError(f"{label} cannot be stored in {folder}: {error}") from error
        except (RuntimeError, AssertionError, ValueError, EOFError) as error:
            raise DataError(
                f"The files of {label} in {folder} are damaged ({error}): delete them and start again"
            ) from error
        return self.read(config, opened, progress)

    def is_here(self) -> bool:
        """Whether it can be read without a download."""
        root = store.folder()
        if all(check_integrity(str(root / file.path), file.md5) for file in self.files()):
            return True
        try:
            self.open(str(root), False)
        except RuntimeError:
            return False
        except Exception:  # damaged, which loading explains
            return True
        return True

    def _opened(self, config: TrainConfig, root: Path, progress: Progress) -> Any:
        with suppress(RuntimeError):
            return self.open(str(root), False)
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{config.data.name}.lock"):  # other processes may download the same files
            self._fetch(root, progress)
            progress(1.0, f"Unpacking {config.dataset.label}")
            return self.open(str(root), True)

    def _fetch(self, root: Path, progress: Progress) -> None:
        files = self.files()
        for i, file in enumerate(files):

            def part(fraction: float, text: str, before: int = i) -> None:
                progress((before + fraction) / len(files), text)

            if file.state(root) != "whole":
                (root / file.path).parent.mkdir(parents=True, exist_ok=True)
                _download(file, root / file.path, part)


class _DownloadError(Exception):
    """No server sent the right file. The message gives the error of each."""


def _download(file: RemoteFile, path: Path, progress: Progress) -> None:
    failures = []
    draft = path.with_name(path.name + ".part")
    for url in file.urls:
        try:
            for done, total in _chunks(url, draft):
                progress(done / total, f"Downloading {path.name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB")
            if not check_integrity(str(draft), file.md5):
                raise HTTPException("the downloaded file has another checksum")
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            failures.append(f"{urlsplit(url).hostname}: {getattr(reason, 'strerror', None) or reason}")
        else:
            os.replace(draft, path)
            return
        finally:
            draft.unlink(missing_ok=True)
    raise _DownloadError("; ".join(failures))


def _chunks(url: str, path: Path) -> Iterator[tuple[int, int]]:
    """Download `url` to `path`. Yields the bytes received and the bytes in total, which are at least 1."""
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as response, path.open("wb") as file:
        total = max(1, int(response.headers.get("Content-Length", 0)))
        done = 0
        while chunk := response.read(1 << 18):
            file.write(chunk)
            done += len(chunk)
            yield done, max(total, done)


# ---- the data sets --------------------------------------------------------------------------------------------------


def _digits(kind: type[datasets.MNIST]) -> VisionSet:
    """MNIST, or a data set in its file format."""

    raw = f"{kind.__name__}/raw"

    def files() -> tuple[RemoteFile, ...]:
        return tuple(
            RemoteFile(
                f"{raw}/{name}", tuple(mirror + name for mirror in kind.mirrors), md5, f"{raw}/{Path(name).stem}"
            )
            for name, md5 in kind.resources
        )

    def open_(root: str, unpack: bool) -> tuple[Tensor, Tensor]:
        folder = Path(root, raw)
        for name, _ in kind.resources:
            if not (folder / name).with_suffix("").exists():
                if not unpack:
                    raise RuntimeError(f"{name} is not unpacked")
                extract_archive(str(folder / name), str(folder))
        pictures = _read_idx(folder / "train-images-idx3-ubyte", mnist_files.read_image_file)
        labels = _read_idx(folder / "train-labels-idx1-ubyte", mnist_files.read_label_file)
        if pictures.shape[1:] != (28, 28) or not len(pictures):
            raise ValueError("train-images-idx3-ubyte holds no pictures of 28 x 28 pixels")
        if len(labels) != len(pictures) or not 0 <= int(labels.min()) <= int(labels.max()) < 10:
            kinds = f"{len(labels):,} labels from {labels.min()} to {labels.max()} for {len(pictures):,} pictures"
            raise ValueError(f"train-labels-idx1-ubyte holds {kinds}; each picture has one from 0 to 9")
        return pictures, labels

    def read(config: TrainConfig, opened: tuple[Tensor, Tensor], progress: Progress) -> Dataset:
        return images.dataset(config, opened[0].unsqueeze(1), opened[1], progress)

    return VisionSet(files, open_, read)


def _read_idx(path: Path, read: Callable[[str], Tensor]) -> Tensor:
    """The tensor in an unpacked file of MNIST's format. Raises `ValueError`, which names the file, if it is damaged."""
    try:
        return read(str(path))
    except Exception as error:  # torchvision raises many kinds of errors on damaged files
        raise ValueError(f"{path.name} is incomplete or another file") from error


mnist = _digits(datasets.MNIST)
fashion_mnist = _digits(datasets.FashionMNIST)
kmnist = _digits(datasets.KMNIST)


def _read_cifar(config: TrainConfig, opened: Any, progress: Progress) -> Dataset:
    pixels = torch.from_numpy(opened.data).permute(0, 3, 1, 2)  # from (N, H, W, C)
    return images.dataset(config, pixels, torch.tensor(opened.targets), progress)


cifar10 = VisionSet(
    lambda: (RemoteFile(datasets.CIFAR10.filename, (datasets.CIFAR10.url,), datasets.CIFAR10.tgz_md5),),
    lambda root, unpack: datasets.CIFAR10(root, download=unpack),
    _read_cifar,
    lambda: tuple(
        RemoteFile(f"{datasets.CIFAR10.base_folder}/{name}", (), md5)
        for name, md5 in (*datasets.CIFAR10.train_list, *datasets.CIFAR10.test_list)
    ),
)


def _svhn_files() -> tuple[RemoteFile, ...]:
    url, name, md5 = datasets.SVHN.split_list["train"]
    return (RemoteFile(name, (url,), md5),)


def _read_svhn(config: TrainConfig, opened: Any, progress: Progress) -> Dataset:
    return images.dataset(config, torch.from_numpy(opened.data), torch.from_numpy(opened.labels), progress)


svhn = VisionSet(_svhn_files, lambda root, unpack: datasets.SVHN(root, download=unpack), _read_svhn)


def _flowers_files() -> tuple[RemoteFile, ...]:
    kind = datasets.Flowers102
    return tuple(
        RemoteFile(f"flowers-102/{name}", (kind._download_url_prefix + name,), md5)
        for name, md5 in kind._file_dict.values()
    )


def _open_flowers(root: str, unpack: bool) -> list[tuple[str, int]]:
    """The path and species of each of the 8,189 pictures, of all three splits; the training split has 1,020."""
    splits = [datasets.Flowers102(root, split, download=unpack, loader=str) for split in ("train", "val", "test")]
    pictures = [split[i] for split in splits for i in range(len(split))]
    if missing := sum(not os.path.isfile(path) for path, _ in pictures):
        raise RuntimeError(f"pictures missing: {missing:,}")
    return pictures


def _read_flowers(config: TrainConfig, opened: list[tuple[str, int]], progress: Progress) -> Dataset:
    paths = [opened[i][0] for i in images.fixed_order(len(opened))]
    pictures = images.read_all(
        paths, lambda path: BytesIO(Path(path).read_bytes()), config.data.count, config.shape, progress
    )
    species = dict(opened)
    return Dataset(
        pictures.examples,
        torch.tensor([species[path] for path in pictures.names]),
        tuple(datasets.Flowers102.classes),
        config.dataset.credit,
        (*images.skipped_notes(pictures.skipped), *images.shortage(len(pictures.names), config.data.count)),
    )


flowers102 = VisionSet(_flowers_files, _open_flowers, _read_flowers)
