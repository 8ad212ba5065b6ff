"""How much memory a run needs, estimated without allocating it: its networks run on PyTorch's "meta" device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gan_core import models
from gan_core.config import OptimizerConfig, TrainConfig
from gan_core.config.catalog import PENALTIES
from gan_core.models.layers import set_rng
from gan_core.system.formatting import size
from gan_core.system.memory import free_bytes
from gan_core.training import optimizers

FLOAT = 4  # bytes of a float32


def memory_shortage(config: TrainConfig, device: torch.device | None = None) -> str:
    """ "about 9.1 GB of memory and 4.0 GB are free", or "" if training by `config` fits the device (default: CPU)."""
    needed, free = estimate_memory(config), free_bytes(device)
    return f"about {size(needed)} of memory and {size(free)} are free" if needed > free else ""


def estimate_memory(config: TrainConfig) -> int:
    """Peak bytes of training under `config`, accurate to a factor of two. Allocates nothing.

    Included: weights, gradients, optimiser states, the moving average, and activations saved for the backward pass.
    Left out: the data, PyTorch itself, and workspaces of convolutions.
    """
    generator, discriminator = models.build_meta(config)
    for network in (generator, discriminator):
        set_rng(network, torch.Generator())
    z = torch.empty(config.batch_size, config.latent.dim, device="meta")
    y = torch.empty(config.batch_size, dtype=torch.int64, device="meta") if config.classes else None
    samples = torch.empty(config.batch_size, *config.shape, device="meta")
    saved_g = _saved_for_backward(lambda: generator(z, y))
    saved_d = _saved_for_backward(lambda: discriminator(samples, y))

    step_d = 2 * saved_d + (saved_g if config.reuse_fakes else 0)  # real samples and fakes
    if "weight" in PENALTIES[config.penalty.name].reads:  # the penalty reads D's gradient
        step_d += _saved_for_backward(lambda: _input_gradients(discriminator, samples, y))
    step_g = saved_g + saved_d
    average = _bytes(generator) if config.ema_decay else 0
    networks = _trained(generator, config.optimizer_g) + _trained(discriminator, config.optimizer_d)
    return networks + average + max(step_d, step_g)


def _saved_for_backward(forward: Callable[[], Tensor]) -> int:
    """Bytes that autograd saves in `forward`, and of its result, without the parameters."""
    storages: dict[int, torch.UntypedStorage] = {}

    def save(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            storage = tensor.untyped_storage()
            storages[id(storage)] = storage
        return tensor

    with saved_tensors_hooks(save, lambda tensor: tensor):
        save(forward())
    return sum(storage.nbytes() for storage in storages.values())


def _input_gradients(discriminator: nn.Module, samples: Tensor, y: Tensor | None) -> Tensor:
    samples = samples.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator(samples, y).sum(), samples, create_graph=True)
    return gradients


def _trained(network: nn.Module, optimizer: OptimizerConfig) -> int:
    """Bytes of the weights, their gradients and the optimiser's state."""
    return _bytes(network) * (2 + optimizers.tensors_per_weight(optimizer))


def _bytes(network: nn.Module) -> int:
    return FLOAT * sum(parameter.numel() for parameter in network.parameters())
