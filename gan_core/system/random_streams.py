"""Random generators: each purpose has its own, seeded from the run's seed and the name of the purpose.

Nothing draws from torch's global generator, so two sessions in one process do not affect each other. If one purpose
draws more numbers (noise for D, for example), the numbers of all other purposes stay the same.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from gan_core.system.arguments import whole_number

_SIZES = {len(torch.Generator().get_state()), 16, 36, 44}  # bytes of a generator's state: CPU, CUDA, MPS (two versions)


def stream(seed: int, name: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A new generator for the purpose `name` of a run with this `seed`."""
    digest = hashlib.sha256(f"{whole_number('seed', seed, low=0)}/{name}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)


class Streams:
    """The generators of a trainer, saved and restored together. Their names are keys in checkpoints."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.order = stream(seed, "order")  # of the examples; on the CPU, where indices are made
        self.noise_d = stream(seed, "noise for D", device)
        self.noise_g = stream(seed, "noise for G", device)
        self.dropout = stream(seed, "dropout", device)
        self.instance = stream(seed, "instance noise", device)
        self.penalty = stream(seed, "penalty", device)
        self.augment = stream(seed, "augmentation", device)
        self.labels = stream(seed, "labels", device)

    @property
    def on_device(self) -> list[torch.Generator]:
        """The generators on the training device: all except `order`."""
        return [rng for rng in vars(self).values() if rng is not self.order]

    def state_dict(self) -> dict[str, Tensor]:
        return {name: rng.get_state() for name, rng in vars(self).items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore each generator. One whose state comes from another kind of device keeps its present state.

        Raises `RuntimeError` if a state is damaged.
        """
        for name, rng in vars(self).items():
            saved, own = len(state[name]), len(rng.get_state())
            if saved == own or saved not in _SIZES:
                rng.set_state(state[name])
