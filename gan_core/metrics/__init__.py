"""Quality of generated samples: `evaluate` for images, `point_quality.PointEvaluator` for points in the plane."""

from gan_core.metrics import point_quality
from gan_core.metrics.frechet import frechet_distance
from gan_core.metrics.image_quality import IMAGES, Quality, evaluate, refusal

__all__ = ["IMAGES", "Quality", "evaluate", "frechet_distance", "point_quality", "refusal"]
