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
from typing import Any
from urllib.parse import urlsplit

import torch
from filelock import FileLock
from torchvision import datasets
from torchvision.datasets.utils import check_integrity

from gan_core.config import TrainConfig
from gan_core.data import DataError, Dataset, Progress, images, store

_TIMEOUT = 10  # seconds without an answer from the server


@dataclass(frozen=True)
class Source:
    """A file of a data set: its path in the data folder, its URLs and its MD5 sum."""

    path: str
    urls: tuple[str, ...]
    md5: str


@dataclass(frozen=True)
class VisionSet:
    """A loader of one of torchvision's data sets.

    torchvision's own download prints its progress and has no timeout. So this class downloads the files, from
    torchvision's URLs and with its checksums, to the paths where torchvision looks for them.
    """

    sources: Callable[[], tuple[Source, ...]]
    open: Callable[[str, bool], Any]  # (root, unpack) -> torchvision's data set; RuntimeError if it is missing
    read: Callable[[TrainConfig, Any, Progress], Dataset]

    def __call__(self, config: TrainConfig, progress: Progress) -> Dataset:
        """Raises `DataError` if the files cannot be downloaded, or are damaged."""
        label, root = config.dataset.label, store.folder()
        folder = root / Path(self.sources()[0].path).parent
        try:
            opened = self._opened(config, root, progress)
        except _DownloadError as error:
            site = self.sources()[0].urls[0].rpartition("/")[0]
            names = ", ".join(Path(source.path).name for source in self.sources())
            raise DataError(
                f"{label} is not on this machine and could not be downloaded ({error}). Go online and start again, or "
                f"fetch these files from {site}/ and put them into {folder}: {names}. Or choose mnist-5k or sprites, "
                f"which need no network"
            ) from error
        except OSError as error:
            raise DataError(f"{label} cannot be stored in {folder}: {error}") from error
        except (RuntimeError, AssertionError, ValueError, EOFError) as error:
            raise DataError(
                f"The files of {label} in {folder} are damaged ({error}): delete them and start again"
            ) from error
        return self.read(config, opened, progress)

    def _opened(self, config: TrainConfig, root: Path, progress: Progress) -> Any:
        with suppress(RuntimeError):
            return self.open(str(root), False)
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{config.data.name}.lock"):  # other processes may download the same files
            self._fetch(root, progress)
            progress(1.0, f"Unpacking {config.dataset.label}")
            return self.open(str(root), True)

    def _fetch(self, root: Path, progress: Progress) -> None:
        sources = self.sources()
        for i, source in enumerate(sources):

            def part(fraction: float, text: str, before: int = i) -> None:
                progress((before + fraction) / len(sources), text)

            if not check_integrity(str(root / source.path), source.md5):
                (root / source.path).parent.mkdir(parents=True, exist_ok=True)
                _download(source, root / source.path, part)


class _DownloadError(Exception):
    """No server sent the right file. The message gives the error of each."""


def _download(source: Source, path: Path, progress: Progress) -> None:
    failures = []
    draft = path.with_name(path.name + ".part")
    for url in source.urls:
        try:
            for done, total in _chunks(url, draft):
                progress(done / total, f"Downloading {path.name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB")
            if not check_integrity(str(draft), source.md5):
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

    def sources() -> tuple[Source, ...]:
        return tuple(
            Source(f"{kind.__name__}/raw/{name}", tuple(mirror + name for mirror in kind.mirrors), md5)
            for name, md5 in kind.resources
        )

    def read(config: TrainConfig, opened: Any, progress: Progress) -> Dataset:
        return images.dataset(config, opened.data.unsqueeze(1), opened.targets, progress)

    return VisionSet(sources, lambda root, unpack: kind(root, download=unpack), read)


mnist = _digits(datasets.MNIST)
fashion_mnist = _digits(datasets.FashionMNIST)
kmnist = _digits(datasets.KMNIST)


def _read_cifar(config: TrainConfig, opened: Any, progress: Progress) -> Dataset:
    pixels = torch.from_numpy(opened.data).permute(0, 3, 1, 2)  # from (N, H, W, C)
    return images.dataset(config, pixels, torch.tensor(opened.targets), progress)


cifar10 = VisionSet(
    lambda: (Source(datasets.CIFAR10.filename, (datasets.CIFAR10.url,), datasets.CIFAR10.tgz_md5),),
    lambda root, unpack: datasets.CIFAR10(root, download=unpack),
    _read_cifar,
)


def _svhn_sources() -> tuple[Source, ...]:
    url, name, md5 = datasets.SVHN.split_list["train"]
    return (Source(name, (url,), md5),)


def _read_svhn(config: TrainConfig, opened: Any, progress: Progress) -> Dataset:
    return images.dataset(config, torch.from_numpy(opened.data), torch.from_numpy(opened.labels), progress)


svhn = VisionSet(_svhn_sources, lambda root, unpack: datasets.SVHN(root, download=unpack), _read_svhn)


def _flowers_sources() -> tuple[Source, ...]:
    kind = datasets.Flowers102
    return tuple(
        Source(f"flowers-102/{name}", (kind._download_url_prefix + name,), md5)
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


flowers102 = VisionSet(_flowers_sources, _open_flowers, _read_flowers)
