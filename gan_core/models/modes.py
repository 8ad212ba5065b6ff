"""Context managers that set a mode of networks or parameters and restore it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class evaluating:  # noqa: N801  (read as a statement: `with evaluating(network):`)
    """Evaluation mode: no dropout, no update of batch statistics."""

    def __init__(self, *networks: nn.Module) -> None:
        self.networks = networks

    def __enter__(self) -> None:
        self._modes = [network.training for network in self.networks]
        for network in self.networks:
            network.eval()

    def __exit__(self, *_: object) -> None:
        for network, mode in zip(self.networks, self._modes, strict=True):
            network.train(mode)


class frozen:  # noqa: N801
    """No gradients for these parameters. Afterwards all of them require gradients."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = parameters

    def __enter__(self) -> None:
        for parameter in self.parameters:
            parameter.requires_grad = False

    def __exit__(self, *_: object) -> None:
        for parameter in self.parameters:
            parameter.requires_grad = True


class frozen_batch_statistics:  # noqa: N801
    """Batch normalization does not update its running statistics, for a batch that has already updated them."""

    def __init__(self, *networks: nn.Module) -> None:
        self.norms = [m for network in networks for m in network.modules() if isinstance(m, _BatchNorm)]

    def __enter__(self) -> None:
        for norm in self.norms:
            norm.track_running_stats = False

    def __exit__(self, *_: object) -> None:
        for norm in self.norms:
            norm.track_running_stats = True


class batch_statistics(evaluating):  # noqa: N801
    """Evaluation mode, but batch normalization uses the statistics of the batch, as in training, and updates none.

    In training, D's batches are all real or all fake. Its running statistics mix both, and with them D would score
    almost everything as fake.
    """

    def __enter__(self) -> None:
        super().__enter__()
        self._frozen_statistics = frozen_batch_statistics(*self.networks)
        self._frozen_statistics.__enter__()
        for norm in self._frozen_statistics.norms:
            norm.training = True

    def __exit__(self, *error: object) -> None:
        self._frozen_statistics.__exit__(*error)
        super().__exit__(*error)
