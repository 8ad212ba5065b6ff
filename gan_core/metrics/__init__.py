"""Judging what a generator makes: `evaluate` for images, `points.Judge` for points in the plane."""

from gan_core.metrics import points
from gan_core.metrics.distance import frechet_distance, neighbourhood
from gan_core.metrics.quality import IMAGES, Quality, evaluate

__all__ = ["IMAGES", "Quality", "evaluate", "frechet_distance", "neighbourhood", "points"]
