"""Small configs for tests, which together use every source of randomness, and a small set of faces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.training.trainer import Trainer

POINTS = TrainConfig().with_values(
    {
        "data.name": "ring8",
        "data.count": 200,
        "latent.dim": 2,
        "generator.name": "mlp",
        "generator.hidden": (16,),
        "generator.output": "linear",
        "discriminator.name": "mlp",
        "discriminator.hidden": (16,),
        "discriminator.dropout": 0.3,
        "batch_size": 16,
        "max_steps": 60,
        "ema_decay": 0.9,
        "instance_noise": 0.1,
        "record.samples": 16,
        "record.frame_every": 10,
        "record.save_every": 20,
    }
)
DIGITS = TrainConfig().with_values(
    {
        "data.count": 200,
        "latent.dim": 8,
        "generator.width": 4,
        "discriminator.width": 4,
        "precision": "float32",
        "batch_size": 16,
        "max_steps": 12,
        "record.samples": 16,
        "record.frame_every": 5,
        "record.save_every": 5,
    }
)
VARIANTS = {
    "points": POINTS,
    "digits": DIGITS,
    "bfloat16": DIGITS.with_values({"precision": "bfloat16", "reuse_fakes": True, "ema_decay": 0.99}),
    "momentum and decay": POINTS.with_values(
        {"optimizer_d.name": "sgd", "optimizer_d.momentum": 0.9, "optimizer_g.name": "rmsprop", "lr_decay": "linear"}
    ),
    "critic": POINTS.with_values({"loss.name": "wasserstein", "penalty.name": "gradient-penalty", "n_critic": 3}),
    "clipped critic": POINTS.with_values({"loss.name": "wasserstein", "penalty.name": "clip", "g_steps": 2}),
    "lazy R1": POINTS.with_values({"penalty.name": "r1", "penalty.every": 4, "latent.distribution": "uniform"}),
    "conditional digits": DIGITS.with_values({"condition.name": "projection", "condition.dim": 4}),
    "label beside": DIGITS.with_values(
        {"condition.name": "embedding", "condition.dim": 4, "penalty.name": "r1", "penalty.every": 2}
    ),
    "spectral hinge": DIGITS.with_values(
        {
            "loss.name": "hinge",
            "discriminator.spectral": True,
            "discriminator.batch_layer": "minibatch-stddev",
            "precision": "bfloat16",
        }
    ),
    "local pairs": POINTS.with_values({"local_pairs": 2, "penalty.name": "gradient-penalty"}),
    "diffaugment": DIGITS.with_values({"augment.translation": 0.125, "augment.cutout": 0.5, "augment.color": 1}),
    "adaptive": DIGITS.with_values(
        {"augment.adaptive": 0.6, "augment.color": 0.5, "loss.name": "relativistic", "precision": "bfloat16"}
    ),
    "mixture head": POINTS.with_values(
        {"discriminator.head": "gaussian-mixture", "discriminator.batch_layer": "minibatch-discrimination"}
    ),
    "R3GAN": DIGITS.with_values(
        {"loss.name": "relativistic", "penalty.name": "r1-r2", "penalty.every": 2, "reuse_fakes": True}
    ),
    "loss-sensitive": POINTS.with_values({"loss.name": "loss-sensitive", "loss.combine": "mean"}),
}


def trained(config: TrainConfig, steps: int = 2) -> Trainer:
    """A trainer on the CPU after some steps."""
    trainer = Trainer(config, "cpu")
    for _ in range(steps):
        trainer.step()
    return trainer


@contextmanager
def few_faces(count: int) -> Iterator[None]:
    """The data set "faces" has only the first `count` faces: 10,000 take half a minute to draw."""
    data.forget()
    with patch.dict(DATASETS.entries, {"faces": replace(DATASETS["faces"], length=count)}):
        yield
    data.forget()


@st.composite
def pictures(draw: st.DrawFn) -> dict[str, Any]:
    """Settings for images of any side, grey or RGB, and networks of any depth that fits them."""
    side = draw(st.integers(8, 128))
    depths = st.integers(1, int(math.log2(side // 2)))
    return {
        "data.name": "folder",
        "data.size": side,
        "data.channels": draw(st.sampled_from([1, 3])),
        "generator.depth": draw(depths),
        "discriminator.depth": draw(depths),
    }
