"""The engine of GAN Playground: it trains, evaluates and compares GANs, without a browser.

The public names are imported when they are first used, so that `import gan_core` does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gan_core.system.limits import limit_libraries

if TYPE_CHECKING:
    from gan_core import compare, diagnosis, latent, losses, metrics, models, presets
    from gan_core.config import ConfigError, TrainConfig
    from gan_core.runs import RunStore
    from gan_core.session import Session
    from gan_core.training import Trainer

_MODULES = {
    "ConfigError": "gan_core.config",
    "RunStore": "gan_core.runs",
    "Session": "gan_core.session",
    "TrainConfig": "gan_core.config",
    "Trainer": "gan_core.training",
}
__all__ = [
    "ConfigError",
    "RunStore",
    "Session",
    "TrainConfig",
    "Trainer",
    "compare",
    "diagnosis",
    "latent",
    "losses",
    "metrics",
    "models",
    "presets",
]


limit_libraries()


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    if name in __all__:
        return import_module(f"gan_core.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
