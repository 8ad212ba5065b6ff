"""The user's pictures in a folder and its subfolders, or in a zip file, which is read without unpacking it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import torch

from gan_core.config import TrainConfig
from gan_core.data import HELD_OUT, DataError, Dataset, Progress, images
from gan_core.data.arrangement import Arrangement, arrange
from gan_core.data.decoding import Style
from gan_core.data.headers import Header, headers, may_be_special, style_for
from gan_core.data.sources import HIDDEN, Source, source_of
from gan_core.system import formatting


class Folder:
    """Loads the user's pictures.

    The folders may be classes or splits (see `arrangement`): then the examples have labels, and pictures of the other
    splits are held out. The notes name the files that are not used.

    Raises `DataError` if there is no such folder or zip file, no usable picture in it, or the zip unpacks to over 2 GB.
    """

    def __call__(self, config: TrainConfig, progress: Progress) -> Dataset:
        with source_of(config.data.path) as source:
            return _load(config, source, arrange(source.names), progress)

    def class_names(self, path: str) -> tuple[str, ...]:
        """The classes of the pictures at this path, found without reading a picture. Raises `DataError` as loading."""
        with source_of(path) as source:
            return arrange(source.names).classes


folder = Folder()


def _load(config: TrainConfig, source: Source, found: Arrangement, progress: Progress) -> Dataset:
    def quiet(fraction: float, text: str) -> None:
        progress(0.0, text)

    names = [found.train[i] for i in images.fixed_order(len(found.train))]
    special = [name for name in names if may_be_special(source, name)]
    known = {name: header for name, header in headers(source, special, quiet) if isinstance(header, Header)}
    style, style_notes = style_for(config, source, known)
    pictures = images.read_all(
        names, source.open, config.data.count, config.shape, progress, style, lambda name: found.class_of.get(name)
    )
    skipped = {**source.skipped, **found.skipped, **pictures.skipped}
    skipped.pop(HIDDEN, None)
    notes = [*images.skipped_notes({reason: files for reason, files in skipped.items() if files})]
    if not pictures.names:
        raise DataError(f"No picture in {source.path} can be used. {'. '.join(notes) or 'It is empty'}")
    notes = [*source.notes, *found.notes, *style_notes, *_picture_notes(config, pictures), *notes]
    return Dataset(
        pictures.examples,
        torch.tensor(found.labels(pictures.names)) if found.classes else None,
        found.classes,
        config.dataset.credit,
        (*notes, *images.shortage(len(pictures.names), config.data.count)),
        _held_out(config, source, found, style, quiet),
        fingerprint=_fingerprint(source, pictures),
    )


def _held_out(
    config: TrainConfig, source: Source, found: Arrangement, style: Style, progress: Progress
) -> Dataset | None:
    """Some pictures of the splits that training does not use."""
    names = [found.held_out[i] for i in images.fixed_order(len(found.held_out))]
    pictures = images.read_all(names, source.open, HELD_OUT, config.shape, progress, style)
    if not pictures.names:
        return None
    labels = torch.tensor(found.labels(pictures.names)) if found.classes else None
    return Dataset(pictures.examples, labels, found.classes, config.dataset.credit)


def _picture_notes(config: TrainConfig, pictures: images.Pictures) -> Iterator[str]:
    if pictures.copies:
        copies = formatting.plural(len(pictures.copies), "picture that is", "pictures that are")
        yield f"Left out {copies} the same as another one: {images.first_names(pictures.copies)}"
    if pictures.in_groups:
        yield f"{formatting.plural(pictures.in_groups, 'picture is', 'pictures are')} in two or more classes"
    if config.data.fit == "crop" and 2 * pictures.narrow > len(pictures.names):
        yield (
            f"Cropping to a square removes over a third of {pictures.narrow:,} of {len(pictures.names):,} pictures: "
            "data.fit pad or stretch keeps them whole"
        )


def _fingerprint(source: Source, pictures: images.Pictures) -> str:
    """A digest of the names below the folder and the contents of the pictures, the same wherever the folder is."""
    files = sorted((source.original_name(name), checksum) for name, checksum in pictures.checksums.items())
    lines = (f"{checksum:08x} {name.replace(os.sep, '/')}\n" for name, checksum in files)
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
