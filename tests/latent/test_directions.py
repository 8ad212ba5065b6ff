"""Directions, saliency and the latent plane of a frozen model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core import latent
from gan_core.latent import DIRECTIONS, Weights
from gan_core.runs import shipped
from tests.latent.models import MODELS, frozen
from tests.support.small import DIGITS, POINTS, VARIANTS, trained


@pytest.mark.parametrize("kind", ["pca", "sefa", "raw"])
@pytest.mark.parametrize("name", ["digits", "conditional digits", "style", "lazy R1"])
def test_directions_are_orthonormal_and_sorted_by_strength(kind: str, name: str) -> None:
    model = frozen(MODELS[name])
    found = latent.directions(model, kind, count=1000)
    assert found.vectors.shape == (model.z_size, model.z_size)
    assert torch.allclose(found.vectors @ found.vectors.T, torch.eye(model.z_size), atol=1e-5)
    assert (found.strength.diff() <= 0).all()
    assert latent.directions(model, kind, count=1000).vectors.data_ptr() == found.vectors.data_ptr()  # computed once


@pytest.mark.parametrize("name", ["digits", "conditional digits", "points"])
def test_sefa_is_the_svd_of_the_first_layers_weights(name: str) -> None:
    model = frozen(MODELS[name])
    first = next(module for module in model.generator.layers.modules() if isinstance(module, nn.Linear))
    _, values, vectors = np.linalg.svd(first.weight[:, : model.z_size].numpy())  # without the weights of the class
    found = latent.directions(model, "sefa", count=4)
    assert np.allclose(found.strength, values[:4], rtol=1e-4)
    cosines = np.abs((found.vectors.numpy() * vectors[: len(found.vectors)]).sum(1))
    assert np.allclose(cosines, 1, atol=1e-3)


def test_principal_directions_change_the_first_layer_most() -> None:
    """Measured directly: the response to steps along each direction, over many latents."""
    model = frozen(VARIANTS["conditional digits"], 12)
    found = latent.directions(model, "pca", count=model.z_size)
    z, y = latent.draw(model, 4000, seed=9), torch.arange(4000) % 10
    layer = next(model.generator.layers.children())

    def moved(direction: torch.Tensor) -> float:
        ends = [layer(model.generator.inputs(z + sign * 0.5 * direction, y)).flatten(1) for sign in (1, -1)]
        return float((ends[0] - ends[1]).mean(0).norm())

    measured = [moved(direction) for direction in found.vectors]
    assert np.allclose(measured, found.strength, rtol=0.1)
    assert measured[0] > measured[-1]


def test_directions_do_not_depend_on_the_class() -> None:
    """The class embedding is concatenated with z and must not affect the directions of z."""
    config = VARIANTS["conditional digits"]
    trainer = trained(config)
    before = latent.directions(Weights.of(trainer).model("it"), "sefa", 8)
    with torch.no_grad():
        trainer.generator.embedding.weight.mul_(100)  # type: ignore[union-attr,operator]
    after = latent.directions(Weights.of(trainer).model("it"), "sefa", 8)
    assert torch.equal(before.vectors, after.vectors)


def test_directions_of_attributes_come_before_the_principal_directions_of_the_rest() -> None:
    """A direction that was measured stays as it is; the others leave it alone."""
    measured = torch.eye(DIGITS.latent.dim)[[3, 0]]
    model = replace(Weights.of(trained(DIGITS)), attribute_directions=measured).model("it")
    found = latent.directions(model, "attributes", count=1000)
    assert latent.kinds(model) == list(DIRECTIONS) == ["attributes", "pca", "sefa", "raw"]
    assert torch.allclose(found.vectors[:2], measured, atol=1e-6)
    assert torch.allclose(found.vectors @ found.vectors.T, torch.eye(model.z_size), atol=1e-5)
    principal = latent.directions(model, "pca", count=1)
    assert float((found.vectors[2] @ principal.vectors[0]).abs()) > 0.7  # the first of the rest
    assert found.strength[0] < found.strength[2]


def test_the_direction_of_an_attribute_is_the_one_that_it_depends_on() -> None:
    """G draws the picture brighter the larger z[1] is. The number is this, the classes are dark and bright."""
    model = frozen(DIGITS)

    def decode(z: Tensor) -> Tensor:
        return torch.sigmoid(z[:, 1]).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)

    def brightness(images: Tensor) -> Tensor:
        return images.mean((1, 2, 3))

    def classes(images: Tensor) -> Tensor:
        bright = (20 * (brightness(images) - 0.5)).sigmoid()
        return torch.stack((1 - bright, bright), dim=1)

    model.decode = decode  # type: ignore[method-assign,assignment]
    for measure in (brightness, classes):
        direction = latent.attribute_direction(model, measure)
        assert float(direction[1]) > 0.99, "towards more brightness, or the last class"
        assert latent.share_changed(model, measure, direction) > 0.95
        assert latent.share_changed(model, measure, torch.eye(model.z_size)[2]) == 0
    assert latent.share_changed(model, brightness, -torch.eye(model.z_size)[1]) == 0, "the wrong way"


def test_the_class_of_a_conditional_model_does_not_affect_the_direction() -> None:
    """The brightness depends mostly on the class, and a little on z[2]."""
    model = frozen(VARIANTS["conditional digits"])

    def decode(z: Tensor, label: object = None) -> Tensor:
        return (z[:, 2] + 100 * (torch.arange(len(z)) % 10)).view(-1, 1, 1, 1)

    model.decode = decode  # type: ignore[method-assign,assignment]
    assert float(latent.attribute_direction(model, lambda images: images[:, 0, 0, 0])[2]) > 0.999


@pytest.mark.parametrize("run", ["digits", "digits-conditional"])
def test_the_named_directions_of_the_shipped_digits_change_what_they_name_and_little_else(run: str) -> None:
    """On 200 latents that the directions were not fitted to; a change of another attribute is a share of its spread."""
    model = shipped.SHIPPED.open(run).model()
    assert model.attribute_directions is not None
    z = latent.draw(model, 200, seed=2)
    spread = {name: measure(model.decode(z)).std() for name, measure in latent.SHAPE_ATTRIBUTES.items()}
    for name, direction in zip(latent.SHAPE_ATTRIBUTES, model.attribute_directions, strict=True):
        low, high = model.decode(z - 3 * direction), model.decode(z + 3 * direction)
        change = {each: measure(high) - measure(low) for each, measure in latent.SHAPE_ATTRIBUTES.items()}
        assert float((change[name] > 0).float().mean()) >= 0.9
        moved = {each: float(change[each].mean() / spread[each]) for each in change}
        assert moved[name] > 1.5
        assert all(abs(moved[each]) < 0.6 * moved[name] for each in moved if each != name), moved


def test_a_kind_of_direction_that_the_model_lacks_is_an_error() -> None:
    for kind in ("ica", "attributes"):
        with pytest.raises(ValueError, match="choose from pca, sefa, raw"):
            latent.directions(frozen(POINTS), kind)


@pytest.mark.parametrize("kind", ["smoothgrad", "gradient x input"])
def test_saliency_is_0_where_the_logit_does_not_change(kind: str) -> None:
    """D gets the left half of the picture only."""
    model = frozen(DIGITS)
    first = next(module for module in model.discriminator.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_pre_hook(lambda module, x: (x[0] * (torch.arange(28) < 14),))
    heat = latent.saliency(model, model.decode(latent.draw(model, 2, 0)), kind=kind)  # type: ignore[arg-type]
    assert heat.shape == (2, 28, 28)
    assert heat.min() >= 0
    assert heat.max() == 1
    assert heat[..., 14:].max() == 0


@pytest.mark.parametrize(("size", "side"), [(1, 0), (2, 7), (5, 0)])
def test_the_latent_plane_pairs_each_latent_with_its_point(size: int, side: int) -> None:
    model = frozen(POINTS.with_values({"latent.dim": size}))
    plane = latent.plane(model, 7)
    assert (plane.latents.shape, plane.points.shape, plane.side) == ((49, 2), (49, 2), side)
    assert np.allclose(plane.points[10], model.pictures(plane.z[10:11])[0], atol=1e-6)
    assert np.array_equal(plane.latents[:, : min(size, 2)], plane.z[:, :2].numpy())
    if side:
        assert (np.diff(plane.latents[:7, 0]) > 0).all()  # rows go from left to right, and upwards
        assert plane.latents[-1, 1] > plane.latents[0, 1]
