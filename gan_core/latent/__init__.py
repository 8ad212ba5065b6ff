"""Exploring a latent space: plain functions of a frozen `Model` and latents z.

A model comes from a stored run (`Run.model`) or from a run in training (`Session.model`). Latents are (z_size,) or
(n, z_size), float32 on the CPU. Pictures are uint8 (n, H, W, C); 2-D models have points (n, 2) instead.
"""

from gan_core.latent.attribute_directions import Measure, attribute_direction, orthonormal, share_changed
from gan_core.latent.directions import DIRECTIONS, Directions, Method, directions, kinds
from gan_core.latent.frozen_model import Model, Weights, draw
from gan_core.latent.interpolation import arithmetic, lerp, path, resample, slerp
from gan_core.latent.inversion import Inversion, invert, prepare
from gan_core.latent.latent_grid import LatentPlane, plane
from gan_core.latent.nearest_images import Neighbors, neighbors
from gan_core.latent.saliency import saliency
from gan_core.latent.shape_attributes import SHAPE_ATTRIBUTES
from gan_core.latent.url_encoding import from_text, to_text

__all__ = [
    "DIRECTIONS",
    "SHAPE_ATTRIBUTES",
    "Directions",
    "Inversion",
    "LatentPlane",
    "Measure",
    "Method",
    "Model",
    "Neighbors",
    "Weights",
    "arithmetic",
    "attribute_direction",
    "directions",
    "draw",
    "from_text",
    "invert",
    "kinds",
    "lerp",
    "neighbors",
    "orthonormal",
    "path",
    "plane",
    "prepare",
    "resample",
    "saliency",
    "share_changed",
    "slerp",
    "to_text",
]
