"""Inversion and nearest neighbours on the shipped model of digits.

The model was trained on the first 4,000 digits of the data set, so G never saw the last 1,000. The search does not use
the classifier that checks the results.
"""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA
from torch import Tensor

from gan_core import data, latent
from gan_core.data import Dataset
from gan_core.latent import Model
from gan_core.metrics.feature_classifier import classifier_for
from gan_core.runs.shipped import SHIPPED
from gan_core.training.trainer import Trainer
from tests.support.pictures import encoded
from tests.support.small import DIGITS, POINTS

SEEN = 4000  # digits
QUICK = {"steps": 120, "restarts": 3}  # a seventh of the steps of the page


@pytest.fixture(scope="module")
def model() -> Model:
    return SHIPPED.open("digits").model()


@pytest.fixture(scope="module")
def digits(model: Model) -> Dataset:
    """All 5,000."""
    return data.load(model.config.with_values({"data.count": 0}))


def real(digits: Dataset, n: slice) -> Tensor:
    return digits.examples[n].float() / 255


# ---- inversion -------------------------------------------------------------------------------------------------------


def test_inversion_recovers_generated_pictures(model: Model) -> None:
    targets = model.decode(latent.draw(model, 10, seed=77))
    found = [list(latent.invert(model, target, **QUICK))[-1] for target in targets]  # type: ignore[arg-type]
    for one, target in zip(found, targets, strict=True):
        again = model.decode(one.z[None])[0]
        assert one.error == pytest.approx(float((again - target).square().mean()), abs=1e-5)
    assert sum(one.error < 0.005 for one in found) >= 8


def test_inversion_of_unseen_digits_keeps_the_class(model: Model, digits: Dataset) -> None:
    assert model.config.data.count == SEEN
    held_out = slice(SEEN, SEEN + 10)
    found = [list(latent.invert(model, target, **QUICK))[-1] for target in real(digits, held_out)]  # type: ignore[arg-type]
    pictures = model.decode(torch.stack([one.z for one in found]))
    read = classifier_for(digits).classify(pictures).probabilities.argmax(1)
    assert int((read == digits.labels[held_out]).sum()) >= 7  # type: ignore[index]


def test_inversion_reports_improve_monotonically(model: Model, digits: Dataset) -> None:
    target = real(digits, slice(0, 1))[0]
    reports = list(latent.invert(model, target, steps=25, restarts=2))
    assert [report.step for report in reports] == [0, 10, 20, 25]
    assert [report.done for report in reports] == [False, False, False, True]
    errors = [report.error for report in reports]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.7 * errors[0]
    assert reports[0].picture.shape == reports[0].target.shape == (28, 28, 1)
    assert np.array_equal(reports[0].target, digits.examples[0].permute(1, 2, 0).numpy())


def test_the_first_report_is_fast(model: Model, digits: Dataset) -> None:
    target = real(digits, slice(0, 1))[0]
    next(latent.invert(model, target))  # warm up
    began = time.thread_time()
    next(latent.invert(model, target))
    assert time.thread_time() - began < 0.3


def test_inversion_is_repeatable(model: Model, digits: Dataset) -> None:
    target = real(digits, slice(0, 1))[0]
    one, other = (list(latent.invert(model, target, steps=5, restarts=2, seed=seed))[-1].z for seed in (3, 3))
    assert torch.equal(one, other)
    assert not torch.equal(one, list(latent.invert(model, target, steps=5, restarts=2, seed=4))[-1].z)


def test_inversion_stays_in_a_uniform_prior() -> None:
    config = DIGITS.with_values({"latent.distribution": "uniform"})
    model = latent.Weights.of(Trainer(config, "cpu")).model("it")
    *_, last = latent.invert(model, torch.ones(1, 28, 28), steps=60, restarts=2)
    assert last.z.abs().max() <= 1


def test_a_target_of_the_wrong_shape_is_an_error(model: Model) -> None:
    with pytest.raises(ValueError, match="shape 1 x 28 x 28, got 3 x 28 x 28"):
        next(latent.invert(model, torch.zeros(3, 28, 28)))


# ---- directions ------------------------------------------------------------------------------------------------------


def test_principal_directions_span_the_space_of_ganspace(model: Model) -> None:
    """The paper's order: principal axes of the responses, then regression to z."""
    z = latent.draw(model, 3000, seed=5)
    response = next(model.generator.layers.children())(z).flatten(1).numpy()
    along = PCA(4, svd_solver="randomized", random_state=0).fit_transform(response)
    theirs, _ = np.linalg.qr(np.linalg.lstsq(along, z.numpy(), rcond=None)[0].T)
    ours = latent.directions(model, "pca", count=4).vectors.numpy()
    assert np.linalg.svd(theirs.T @ ours.T)[1].min() > 0.85  # cosines of the angles between the two spaces


# ---- uploads ---------------------------------------------------------------------------------------------------------


def test_an_upload_becomes_a_sample_of_the_models_shape(model: Model) -> None:
    picture = Image.new("RGB", (60, 40), "black")
    picture.paste("white", (10, 0, 30, 40))  # the left half of the centre crop
    for upload in (encoded(picture), io.BytesIO(encoded(picture)), picture, np.asarray(picture)):
        sample = latent.prepare(upload, model.config)
        assert sample.shape == (1, 28, 28)
        assert float(sample[..., :13].min()) > 0.95
        assert float(sample[..., 15:].max()) < 0.05
    colour = latent.prepare(picture, model.config.with_values({"data.channels": 3}))
    assert colour.shape == (3, 28, 28)


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"%PDF-1.4 not a picture", "a document", id="another kind of file"),
        pytest.param(encoded(Image.new("L", (64, 64)))[:60], "broken or not a picture", id="cut in half"),
        pytest.param(encoded(Image.new("L", (3, 3))), "smaller than 8 pixels", id="too small"),
        pytest.param(encoded(Image.new("1", (12_000, 12_000))), "larger than 100 megapixels", id="a bomb"),
        pytest.param(Image.new("L", (3, 3)), "smaller than 8 pixels", id="too small, opened"),
        pytest.param(np.zeros((28, 28)), "must be uint8", id="floats"),
        pytest.param(np.zeros((28, 28, 2), np.uint8), "must be uint8", id="two channels"),
    ],
)
def test_an_invalid_upload_is_one_clear_error(model: Model, upload: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        latent.prepare(upload, model.config)


def test_a_model_of_points_accepts_no_picture() -> None:
    with pytest.raises(ValueError, match="makes points"):
        latent.prepare(Image.new("L", (28, 28)), POINTS)


# ---- neighbours ------------------------------------------------------------------------------------------------------


def test_neighbours_find_the_original_of_a_copy(model: Model, digits: Dataset) -> None:
    copies = digits.examples[[5, 1234]].permute(0, 2, 3, 1).numpy()
    found = latent.neighbors(model, copies, digits, k=3)
    assert found.index[:, 0].tolist() == [5, 1234]
    assert np.array_equal(found.real[:, 0], copies)
    assert found.distance[:, 0] == pytest.approx([0, 0], abs=0.02)
    assert (found.closer < 0.01).all()
    assert (np.diff(found.distance) >= 0).all()
    assert found.space == "features of the mnist-5k classifier"
    assert found.searched == 5000


def test_new_samples_are_as_far_from_real_images_as_real_images_are(model: Model, digits: Dataset) -> None:
    samples = model.decode(latent.draw(model, 64, seed=3))
    found = latent.neighbors(model, samples, digits, k=1)
    assert list(found.quantiles.values()) == sorted(found.quantiles.values())
    assert np.median(found.distance) > found.quantiles[0.25]
    noise = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert latent.neighbors(model, noise, digits).closer.min() > 0.9


def test_distances_need_no_classifier_to_be_trained(monkeypatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    few = {"data.name": "sprites", "data.size": 16, "data.count": 50}
    config = DIGITS.with_values({**few, "generator.depth": 1, "discriminator.depth": 1})
    coloured = data.load(config)
    found = latent.neighbors(config, coloured.examples[:2].float() / 255, coloured, k=2)
    assert (found.space.partition(" network")[0], found.index[:, 0].tolist()) == ("features of an untrained", [0, 1])
    labelled = replace(coloured, labels=torch.arange(50) % 2, classes=("one", "other"))  # its classifier is not trained
    found = latent.neighbors(config, coloured.examples[:2].float() / 255, labelled, k=2)
    assert (found.space, found.index[:, 0].tolist()) == ("pixels", [0, 1])
    points = data.load(POINTS)
    found = latent.neighbors(POINTS, points.examples[:3] + 0.001, points, k=2)
    assert (found.space, found.index[:, 0].tolist()) == ("the plane", [0, 1, 2])
    assert found.distance[:, 0] == pytest.approx(0.001 * 2**0.5, rel=0.05)
