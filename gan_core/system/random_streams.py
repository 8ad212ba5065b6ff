"""Where chance comes from: every consumer owns a generator, seeded from the run's one seed and the consumer's name.

Nothing draws from torch's global generator, so two sessions in one process cannot disturb each other, and a change in
one consumer (more noise for D, say) leaves the numbers of all others as they were.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def derive(seed: int, name: str) -> int:
    """A seed for the consumer `name` of a run with this `seed`; in [0, 2**63)."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def stream(seed: int, name: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh generator for the consumer `name` of a run with this `seed`."""
    return torch.Generator(device).manual_seed(derive(seed, name))


_OF_CPU_AND_CUDA = {len(torch.Generator().get_state()), 16}  # bytes


class Streams:
    """The generators that training draws from, by consumer; saved and restored together."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.order = stream(seed, "order")  # which examples come next; on the CPU, where indices are made
        self.noise_d = stream(seed, "noise for D", device)
        self.noise_g = stream(seed, "noise for G", device)
        self.dropout = stream(seed, "dropout", device)
        self.instance = stream(seed, "instance noise", device)
        self.penalty = stream(seed, "penalty", device)
        self.augment = stream(seed, "augmentation", device)
        self.labels = stream(seed, "labels", device)

    @property
    def on_device(self) -> list[torch.Generator]:
        """Those that draw on the training device: all but the one of the order."""
        return [generator for generator in vars(self).values() if generator is not self.order]

    def state_dict(self) -> dict[str, Tensor]:
        return {name: generator.get_state() for name, generator in vars(self).items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Draw what would have been drawn next; on another kind of device, whose states differ, begin each stream anew.

        Raises:
            RuntimeError: a state is damaged.
        """
        for name, generator in vars(self).items():
            if {len(state[name]), len(generator.get_state())} != _OF_CPU_AND_CUDA:
                generator.set_state(state[name])
