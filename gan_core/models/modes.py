"""Statements that set networks to a mode, and back: to evaluation, for a look without a trace, or frozen."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class evaluating:  # noqa: N801  (reads as a statement: `with evaluating(network):`)
    """Within this block the network neither drops units nor gathers statistics; afterwards it is as it was."""

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
    """Within this block no gradient of these parameters is prepared or computed; all of them want one outside."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = parameters

    def __enter__(self) -> None:
        for parameter in self.parameters:
            parameter.requires_grad = False

    def __exit__(self, *_: object) -> None:
        for parameter in self.parameters:
            parameter.requires_grad = True


class frozen_batch_statistics:  # noqa: N801
    """Within this block the network's normalisations gather no statistics: for what it has computed once already."""

    def __init__(self, *networks: nn.Module) -> None:
        self.norms = [m for network in networks for m in network.modules() if isinstance(m, _BatchNorm)]

    def __enter__(self) -> None:
        for norm in self.norms:
            norm.track_running_stats = False

    def __exit__(self, *_: object) -> None:
        for norm in self.norms:
            norm.track_running_stats = True


class batch_statistics(evaluating):  # noqa: N801
    """Within this block D judges a batch as it does in training, by the batch's own statistics, and gathers none.

    D only ever sees batches that are all real or all fake. The running statistics of its normalisations mix the two,
    and by them it would call nearly everything fake.
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
