"""One experiment as one checked value: `TrainConfig`, its sections, and the catalogue of every choice."""

from gan_core.config.schema import ConfigError, Setting
from gan_core.config.sections import (
    AugmentConfig,
    ConditionConfig,
    DataConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    LatentConfig,
    LossConfig,
    NetworkConfig,
    OptimizerConfig,
    PenaltyConfig,
    RecordConfig,
)
from gan_core.config.train_config import SETTINGS, TrainConfig

__all__ = [
    "SETTINGS",
    "AugmentConfig",
    "ConditionConfig",
    "ConfigError",
    "DataConfig",
    "DiscriminatorConfig",
    "GeneratorConfig",
    "LatentConfig",
    "LossConfig",
    "NetworkConfig",
    "OptimizerConfig",
    "PenaltyConfig",
    "RecordConfig",
    "Setting",
    "TrainConfig",
]
