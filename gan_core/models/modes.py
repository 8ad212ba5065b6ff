"""Context managers that set a mode of networks or parameters and restore it afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def evaluating(*networks: nn.Module) -> Iterator[None]:
    """Evaluation mode: no dropout, no update of batch statistics."""
    modes = [network.training for network in networks]
    try:
        for network in networks:
            network.eval()
        yield
    finally:
        for network, mode in zip(networks, modes, strict=True):
            network.train(mode)


@contextmanager
def frozen(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """No gradients for these parameters. Afterwards all of them require gradients."""
    try:
        for parameter in parameters:
            parameter.requires_grad = False
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad = True


@contextmanager
def frozen_batch_statistics(*networks: nn.Module) -> Iterator[None]:
    """Batch normalization does not update its running statistics, for a batch that has already updated them."""
    norms = _batch_norms(networks)
    try:
        for norm in norms:
            norm.track_running_stats = False
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


@contextmanager
def batch_statistics(*networks: nn.Module) -> Iterator[None]:
    """Evaluation mode, but batch normalization uses the statistics of the batch, as in training, and updates none.

    In training, D's batches are all real or all fake. Its running statistics mix both, and with them D would score
    almost everything as fake.
    """
    with evaluating(*networks), frozen_batch_statistics(*networks):
        for norm in _batch_norms(networks):
            norm.training = True
        yield


def _batch_norms(networks: Sequence[nn.Module]) -> list[_BatchNorm]:
    return [module for network in networks for module in network.modules() if isinstance(module, _BatchNorm)]
