"""The cartoon faces: drawn from seeds once, then read from the cache, and labelled with what they show."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch

from gan_core import data, metrics
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.config.relevance import is_used
from gan_core.data import DataError, Dataset, faces, images
from tests.support.small import few_faces

WHOLE = DATASETS["faces"]
COUNT = 500
COLOURS = {  # RGB, of the classes whose colour nothing else in a face has
    "pink": (0xDB, 0xA3, 0xBE),
    "purple": (0x59, 0x24, 0x54),
    "blue": (0x85, 0xC2, 0xC6),
    "green": (0x3E, 0xAC, 0x2C),
}


def config(**settings: object) -> TrainConfig:
    base = {"data.name": "faces", "generator.depth": 1, "discriminator.depth": 1}
    return TrainConfig().with_values(base | {key.replace("__", "."): value for key, value in settings.items()})


def pixels_near(dataset: Dataset, colour: tuple[int, int, int]) -> torch.Tensor:
    """For each example, the number of its pixels that have nearly this colour."""
    return ((dataset.examples.int() - torch.tensor(colour).view(3, 1, 1)).abs().amax(1) < 12).sum((1, 2))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(autouse=True)
def _own_folder(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(shelf))
    with few_faces(COUNT):
        yield


@pytest.mark.parametrize("side", [8, 33, 64])
def test_faces_of_any_size_are_in_colour_on_white(side: int) -> None:
    dataset = data.load(config(data__size=side))
    assert dataset.examples.shape == (COUNT, 3, side, side)
    assert dataset.examples.dtype == torch.uint8
    corners = dataset.examples[:, :, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 255).float().mean() > 0.95
    coloured = (dataset.examples.amax(1).int() - dataset.examples.amin(1)).amax((1, 2)) > 60
    assert coloured.float().mean() > 0.95
    assert len(dataset.examples.flatten(1).unique(dim=0)) > 0.99 * COUNT


def test_there_are_ten_thousand_faces_and_their_artist_and_licence_are_named() -> None:
    assert WHOLE.length == 10_000
    assert "Lisa Wischofsky (CC BY 4.0)" in WHOLE.credit
    assert data.load(config()).credit == WHOLE.credit


def test_labels_name_the_colour_of_the_hair() -> None:
    dataset = data.load(config())
    assert dataset.labels is not None
    assert dataset.classes == DATASETS["faces"].classes
    assert (torch.bincount(dataset.labels, minlength=len(dataset.classes)) > 0).all()
    for name, colour in COLOURS.items():
        pixels = pixels_near(dataset, colour)
        labelled = dataset.labels == dataset.classes.index(name)
        assert (pixels[labelled] > 30).float().mean() > 0.9, name
        assert (pixels[~labelled] > 30).float().mean() < 0.1, name


def test_labels_tell_glasses_if_the_config_asks_for_them() -> None:
    dataset = data.load(config(data__labels="glasses", condition__name="projection"))
    assert dataset.classes == ("no glasses", "glasses")
    assert dataset.labels is not None
    assert 0.2 < dataset.labels.float().mean() < 0.4
    without, with_glasses = (dataset.examples[dataset.labels == k].float().mean((0, 1)) for k in (0, 1))
    darker = without - with_glasses
    assert darker[28:42, 11:42].mean() > 15  # frames and lenses lie here
    assert darker[44:].abs().mean() < 8
    assert torch.equal(dataset.examples, data.load(config()).examples)


def test_which_labels_is_asked_only_of_a_conditional_gan_on_faces() -> None:
    assert is_used(config(condition__name="projection"), "data.labels")
    assert not is_used(config(), "data.labels")
    assert not is_used(config(data__name="mnist-5k", condition__name="projection"), "data.labels")
    assert config(data__name="mnist-5k", data__labels="glasses").label_classes == tuple("0123456789")


@pytest.mark.parametrize("count", [0, 60])
def test_attributes_belong_to_the_examples(count: int) -> None:
    dataset = data.load(config(data__count=count))
    attributes = faces.face_attributes(config(data__count=count))
    assert {"hair", "hair length", "glasses", "skin", "details", "earrings", "mouth"} <= {*attributes}
    assert {len(words) for words in attributes.values()} == {len(dataset)}
    assert dataset.labels is not None
    assert attributes["hair"].tolist() == [dataset.classes[k] for k in dataset.labels]
    assert {*attributes["glasses"]} == {"no glasses", "glasses"}
    assert {*attributes["hair length"]} == {"long", "short"}
    assert {*attributes["skin"]} == {"light", "tan", "brown", "dark"}
    dark = pixels_near(dataset, (0x76, 0x39, 0)) > 100
    assert (dark.numpy() == (attributes["skin"] == "dark")).mean() > 0.95


def test_faces_are_drawn_once_and_then_read_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first = data.load(config(data__size=16)).examples
    data.forget()
    monkeypatch.setitem(sys.modules, "resvg_py", None)  # importing it fails
    assert torch.equal(data.load(config(data__size=16)).examples, first)


def test_faces_are_cached_in_the_order_of_the_examples_so_that_no_copy_is_made() -> None:
    drawn = torch.arange(5 * 3 * 8 * 8).byte().view(5, 3, 8, 8)
    whole = config(data__size=8, generator__depth=1)
    assert images.dataset(whole, drawn, None, lambda done, text: None, in_order=True).examples is drawn
    shuffled = images.dataset(whole, drawn, None, lambda done, text: None).examples
    assert torch.equal(shuffled, drawn[images.fixed_order(5)])


def test_the_same_seeds_draw_the_same_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = data.load(config(data__size=16)).examples
    data.forget()
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    assert torch.equal(data.load(config(data__size=16)).examples, first)


def test_drawing_says_how_far_it_is_and_can_be_cancelled(shelf: Path) -> None:
    class StoppedError(Exception):
        pass

    reports: list[tuple[float, str]] = []

    def cancel(done: float, text: str) -> None:
        reports.append((done, text))
        if len(reports) == 3:
            raise StoppedError

    before = {*shelf.iterdir()}
    with pytest.raises(StoppedError):
        data.load(config(data__size=20), cancel)
    assert [done for done, _ in reports] == [0, 0.2, 0.4]
    assert re.fullmatch(rf"Drawing faces: 200 of {COUNT}, \d+:\d\d left", reports[2][1])
    assert {*shelf.iterdir()} == before
    assert len(data.load(config(data__size=20))) == COUNT


@pytest.mark.parametrize("package", ["dicebear-core", "dicebear-styles", "resvg-py"])
def test_a_missing_package_has_the_name_that_pip_knows(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == package:
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(faces, "version", version)
    with pytest.raises(DataError, match=f'Faces needs the Python package "{package}", which is not installed'):
        data.load(config())


def test_quality_looks_at_the_whole_face_and_not_at_the_hair_colour_alone() -> None:
    dataset = data.load(config(data__size=16))
    quality = metrics.evaluate(dataset.examples, dataset)
    assert "untrained network" in quality.extractor
    assert quality.class_counts == ()
