"""What the folders of pictures mean: classes, training and test splits, pictures beside their masks.

A name is a path below the chosen folder, with "/" between folders.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from gan_core.system import formatting

MASKS = "masks of other pictures"
BESIDE_CLASSES = "beside the folders of the classes; move them into one to use them"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TRAIN = _words("train training train_set trainset")
_OTHER_SPLITS = _words("val valid validation test testing test_set eval dev holdout")
_MASKS = _words("mask masks annotation annotations segmentation segmentations trimaps groundtruth ground_truth gt")
_IMAGES = _words("image images img imgs picture pictures photo photos jpegimages input inputs")
_MASK_ENDINGS = ("_mask", "-mask", "_masks", "_seg", "_segmentation", "_gt", "_label")
_MOST_STRAYS = 0.1  # of the pictures; with more, the folders are no classes

Parts = tuple[str, ...]


@dataclass
class Arrangement:
    """Which pictures are used for training, and what their folders mean."""

    train: list[str]
    held_out: list[str] = field(default_factory=list)  # pictures of the other splits
    splits: dict[str, int] = field(default_factory=dict)  # pictures in each split; empty without splits
    classes: tuple[str, ...] = ()
    skipped: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    class_of: dict[str, int] = field(default_factory=dict)  # of every picture, if there are classes

    def labels(self, names: Iterable[str]) -> list[int]:
        return [self.class_of[name] for name in names]


def arrange(names: Sequence[str]) -> Arrangement:
    """The meaning of the folders, from the names of all pictures."""
    folders = {name: PurePosixPath(name).parent.parts for name in names}
    skipped: dict[str, list[str]] = {}
    if masks := _masks(folders):
        skipped[MASKS] = masks
        for name in masks:
            del folders[name]
    result = Arrangement([*folders], skipped=skipped)
    _separate_splits(result, folders)
    _find_classes(result, folders)
    return result


def _masks(folders: dict[str, Parts]) -> list[str]:
    """Pictures in a folder of masks beside a folder with pictures of the same names, or with a name like 1_mask.png."""
    stems = {(*folder, _stem(name)) for name, folder in folders.items()}
    beside: dict[tuple[Parts, str], list[str]] = defaultdict(list)
    found = []
    for name, folder in folders.items():
        stem = _stem(name)
        if (plain := _without_ending(stem)) != stem and (*folder, plain) in stems:
            found.append(name)
        for i, part in enumerate(folder):
            if part.lower() in _MASKS:
                beside[folder[:i], part].append(name)
    for (above, part), masks in beside.items():
        beneath = {folder[len(above)] for folder in folders.values() if folder[: len(above)] == above != folder}
        siblings = beneath - {part}
        for sibling in siblings:
            if sibling.lower() in _IMAGES or len(siblings) == 1:
                moved = [(*above, sibling, *folders[name][len(above) + 1 :]) for name in masks]
                pairs = sum(
                    bool({(*folder, _stem(name)), (*folder, _without_ending(_stem(name)))} & stems)
                    for folder, name in zip(moved, masks, strict=True)
                )
                if pairs >= 0.9 * len(masks):
                    found += masks
    return list(dict.fromkeys(found))


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _without_ending(stem: str) -> str:
    return next((stem.removesuffix(ending) for ending in _MASK_ENDINGS if stem.endswith(ending)), stem)


def _separate_splits(result: Arrangement, folders: dict[str, Parts]) -> None:
    """Keep the training split for training, and take the split's name out of the folders."""
    for level in range(max(map(len, folders.values()), default=0)):
        found = Counter(folder[level].lower() for folder in folders.values() if len(folder) > level)
        strays = [name for name, folder in folders.items() if len(folder) <= level]
        if not (found.keys() <= _TRAIN | _OTHER_SPLITS and found.keys() & _TRAIN and found.keys() & _OTHER_SPLITS):
            continue
        if len(strays) > _MOST_STRAYS * len(folders):
            return
        result.splits = dict(found)
        result.train = [name for name in folders if name not in strays and folders[name][level].lower() in _TRAIN]
        result.held_out = [name for name in folders if name not in strays and name not in set(result.train)]
        if strays:
            result.skipped["beside the folders of the splits; move them into one to use them"] = strays
        for name in (*result.train, *result.held_out):
            folders[name] = folders[name][:level] + folders[name][level + 1 :]
        used = sorted(found.keys() & _TRAIN)
        others = [f"{split} ({count:,})" for split, count in sorted(found.items()) if split not in _TRAIN]
        result.notes.append(
            f"Trained on the {len(result.train):,} pictures in {', '.join(used)}. Not used for training: "
            f"{', '.join(others)}. To use all, move them into one folder"
        )
        return


def _find_classes(result: Arrangement, folders: dict[str, Parts]) -> None:
    """The folders are the classes if they are two or more, side by side, and hold nearly all pictures."""
    parents = {name: folders[name] for name in result.train}
    depth = max(map(len, parents.values()), default=0)
    strays = [name for name, folder in parents.items() if len(folder) == depth - 1]
    deep = sorted({folder for folder in parents.values() if len(folder) == depth})
    above = {folder[:-1] for folder in deep} | {parents[name] for name in strays}
    if len(deep) < 2:
        return
    if any(len(folder) < depth - 1 for folder in parents.values()) or len(above) > 1:
        result.notes.append("The folders are not side by side, so they are not used as classes")
        return
    if len(strays) > max(1, _MOST_STRAYS * len(parents)):
        result.notes.append(
            f"The folders are not used as classes, as {len(strays):,} pictures lie beside them: move each into a folder"
        )
        return
    if strays:
        result.skipped[BESIDE_CLASSES] = strays
        result.train = [name for name in result.train if name not in set(strays)]
    number = {folder: i for i, folder in enumerate(deep)}
    result.classes = tuple(map(class_name, (folder[-1] for folder in deep)))
    result.held_out = [name for name in result.held_out if folders[name] in number]
    result.class_of = {name: number[folders[name]] for name in (*result.train, *result.held_out)}


def class_name(folder: str) -> str:
    """A class's name as short printable text; the folder's name may hold any bytes."""
    return formatting.printable(os.path.basename(folder), 40).strip() or "?"
