"""Judging what a generator makes: `evaluate` for images, `points.Judge` for points in the plane."""

from gan_core.metrics import points
from gan_core.metrics.distance import frechet_distance
from gan_core.metrics.neighbours import neighbourhood
from gan_core.metrics.quality import IMAGES, Quality, evaluate

__all__ = ["IMAGES", "Quality", "evaluate", "frechet_distance", "neighbourhood", "points"]
