"""Generator and Discriminator: the parts around a family's layers, which are the same for all families."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.config.catalog import BATCH_LAYERS, CONDITIONS, HEADS
from gan_core.models.conditioning import require_classes
from gan_core.models.layers import has_bias
from gan_core.models.modes import evaluating


class Generator(nn.Module):
    """z (N, latent.dim) and, if conditional, classes y (N,) -> samples (N, *shape)."""

    def __init__(self, layers: nn.Module, config: TrainConfig) -> None:
        super().__init__()
        self.layers = layers  # (N, config.generator_inputs) -> samples
        classes = len(config.classes)
        self.embedding = nn.Embedding(classes, config.condition.dim, device="meta") if classes else None

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(self.inputs(z, y))

    def inputs(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The input of the layers: z, concatenated with the class embedding. (N, config.generator_inputs)."""
        return z if self.embedding is None else torch.cat((z, self.embedding(require_classes(y))), dim=1)


class Discriminator(nn.Module):
    """Samples (N, *shape) and, if conditional, classes y (N,) -> logits (N,)."""

    def __init__(self, features: nn.Module, config: TrainConfig) -> None:
        super().__init__()
        net = config.discriminator
        self.features = features  # (N, *config.discriminator_input_shape) -> (N, F)
        with evaluating(features):
            width = features(torch.empty(2, *config.discriminator_input_shape, device="meta")).shape[1]
        self.across = BATCH_LAYERS[net.batch_layer].load()(width)
        width = self.across(torch.empty(2, width, device="meta")).shape[1]
        self.head = HEADS[net.head].load()(width, has_bias(net))
        self.condition = CONDITIONS[config.condition.name].load()(config, width)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        features = self.across(self.features(self.condition.condition_input(x, y)))
        return self.condition.condition_logits(self.head(features), features, y)
