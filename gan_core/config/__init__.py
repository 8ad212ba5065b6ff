"""One experiment as one validated value: `TrainConfig`, its sections, and the catalogue of every choice."""

from gan_core.config.schema import ConfigError, Setting
from gan_core.config.sections import (
    AugmentConfig,
    LatentConfig,
    NetworkConfig,
    OptimizerConfig,
    PenaltyConfig,
)
from gan_core.config.train_config import SETTINGS, TrainConfig

__all__ = [
    "SETTINGS",
    "AugmentConfig",
    "ConfigError",
    "LatentConfig",
    "NetworkConfig",
    "OptimizerConfig",
    "PenaltyConfig",
    "Setting",
    "TrainConfig",
]
