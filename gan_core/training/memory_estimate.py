"""How much memory a run needs, found without using any: its networks run on "meta", a device of shapes alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gan_core import models
from gan_core.config import OptimizerConfig, TrainConfig
from gan_core.config.catalog import PENALTIES
from gan_core.models.layers import set_rng
from gan_core.training import optimizers

FLOAT = 4  # bytes


def estimate_memory(config: TrainConfig) -> int:
    """Bytes that training by `config` holds at its peak, the data aside; good to a factor of two. Allocates nothing.

    Counted: weights, gradients, what the optimisers remember, the moving average, and what forward passes keep for
    backward ones. Not counted: the data, torch itself, and a convolution's scratch space.
    """
    generator, discriminator = models.build_meta(config)
    for network in (generator, discriminator):
        set_rng(network, torch.Generator())
    z = torch.empty(config.batch_size, config.latent.dim, device="meta")
    y = torch.empty(config.batch_size, dtype=torch.int64, device="meta") if config.classes else None
    samples = torch.empty(config.batch_size, *config.shape, device="meta")
    passes_g = _kept_for_backward(lambda: generator(z, y))
    passes_d = _kept_for_backward(lambda: discriminator(samples, y))

    step_d = 2 * passes_d  # real and fake
    if config.reuse_fakes:
        step_d += passes_g
    if "weight" in PENALTIES[config.penalty.name].reads:  # a term of the loss, made of D's gradient
        step_d += _kept_for_backward(lambda: _input_gradients(discriminator, samples, y))
    step_g = passes_g + passes_d

    average = _bytes(generator) if config.ema_decay else 0
    networks = _trained(generator, config.optimizer_g) + _trained(discriminator, config.optimizer_d)
    return networks + average + max(step_d, step_g)


def _kept_for_backward(run: Callable[[], Tensor]) -> int:
    """Bytes that autograd keeps while the result of `run` lives, the networks' parameters aside."""
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            storage = tensor.untyped_storage()
            kept[id(storage)] = storage
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        result = run()
    keep(result)
    return sum(storage.nbytes() for storage in kept.values())


def _input_gradients(discriminator: nn.Module, samples: Tensor, y: Tensor | None) -> Tensor:
    samples = samples.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator(samples, y).sum(), samples, create_graph=True)
    return gradients


def _trained(network: nn.Module, optimizer: OptimizerConfig) -> int:
    """Weights, their gradients, and what the optimiser remembers of each."""
    return _bytes(network) * (2 + optimizers.tensors_per_weight(optimizer))


def _bytes(network: nn.Module) -> int:
    return FLOAT * sum(parameter.numel() for parameter in network.parameters())
