"""Failure modes that follow from how a network is built, whatever its curves show."""

from __future__ import annotations

from functools import lru_cache

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.failure_mode import FailureMode, Remedies, Symptoms
from gan_core.diagnosis.findings import Evidence


class BlindToContrast(FailureMode):
    """D has no biases, so it is homogeneous: D(a x) = a D(x) for every a > 0."""

    id = "blind-to-contrast"
    title = "The discriminator cannot judge contrast"
    meaning = (
        "Without biases and normalisation, D scores a sample and a paler copy of it alike: half the contrast gives "
        "half the score. So G may make grey samples, or move points towards zero, and D does not reject them."
    )
    destroys_weights = True  # a run cannot get biases later

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if run.age < MIN_STEPS or not is_homogeneous(run.config):
            return None
        text = "D has no biases: half the contrast gives half the score"
        return Symptoms(int(run.history.step[0]), (Evidence("scores", text, 0.5, 0.5, run.last),))

    def remedies(self, config: TrainConfig) -> Remedies:
        return [
            (
                "Biases in D",
                {"discriminator.bias": "auto"},
                "With biases, half the contrast is not half the score.",
            ),
            ("Batch norm in D", {"discriminator.norm": "batch"}, "Batch normalisation adds biases to D."),
        ]


@lru_cache(maxsize=64)
def is_homogeneous(config: TrainConfig) -> bool:
    """Whether D's logit of a x is a times its logit of x, for every sample x and every a > 0."""
    discriminator = models.build_meta(config)[1]
    return (
        config.discriminator.activation in ("relu", "leaky-relu")
        and config.discriminator.head == "linear"
        and config.discriminator.batch_layer in ("none", "minibatch-stddev")
        and config.condition.name != "embedding"  # the class is a constant beside the sample
        and not any(name.endswith("bias") for name, _ in discriminator.named_parameters())
    )
