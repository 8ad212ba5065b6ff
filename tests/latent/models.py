"""Small models of every kind for the tests of the latent tools."""

from __future__ import annotations

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.latent import Model, Weights
from tests.support.small import DIGITS, POINTS, VARIANTS, trained

STYLE = presets.load("style-mnist").with_values(
    {"data.count": 200, "latent.dim": 8, "generator.width": 4, "discriminator.width": 4, "condition.name": "projection"}
)
MODELS = VARIANTS | {
    "style": STYLE,
    "transformer": DIGITS.with_values({"generator.name": "transgan", "discriminator.name": "transgan"}),
    "residual": DIGITS.with_values({"generator.name": "resnet", "discriminator.name": "resnet"}),
    "z of 1": DIGITS.with_values({"latent.dim": 1}),
    "z of 512": DIGITS.with_values({"latent.dim": 512}),
    "points, z of 512": POINTS.with_values({"latent.dim": 512}),
}


def frozen(config: TrainConfig, steps: int = 2) -> Model:
    return Weights.of(trained(config, steps)).model("it")
