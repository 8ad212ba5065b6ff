"""Judging what a generator makes: `evaluate` for images, `point_quality.Judge` for points in the plane."""

from gan_core.metrics import point_quality
from gan_core.metrics.frechet import frechet_distance
from gan_core.metrics.image_quality import IMAGES, Quality, evaluate
from gan_core.metrics.precision_recall import neighbourhood

__all__ = ["IMAGES", "Quality", "evaluate", "frechet_distance", "neighbourhood", "point_quality"]
