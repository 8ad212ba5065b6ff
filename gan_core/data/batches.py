"""Minibatches without end: the data in one random order, then in another, cut into batches of equal size."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_core.data.ranges import to_model
from gan_core.system.memory import free_bytes

_SHARE_OF_GPU = 0.5  # of free memory; a set larger than this stays in main memory and is copied batch by batch


class Batches:
    """An endless stream of minibatches, drawn by index from one tensor.

    Batches run on across the end of an order, so each has exactly `size` examples and none is left out.

    Args:
        examples: uint8 images (N, C, H, W) or float32 points (N, 2).
        labels: their classes, int64 (N,); None where there are none, or where nobody asks.
        size: examples in a batch; may exceed N.
        output: range of the batches, that of the generator's output (`GeneratorConfig.output`).
        generator: a CPU generator, the only source of the order.
        device: where batches are wanted.
    """

    def __init__(
        self,
        examples: Tensor,
        labels: Tensor | None,
        size: int,
        output: str,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.size, self.output, self.device = size, output, device
        self._examples = examples.to(device) if _fits(examples, device) else examples
        self.labels = labels.to(device) if labels is not None else None
        self._generator = generator
        self._shuffle()

    def next(self) -> tuple[Tensor, Tensor | None]:
        """The next batch on the device: (size, C, H, W) in the generator's range or (size, 2), and labels (size,)."""
        indices = self._indices()
        picked = self._examples.index_select(0, indices)  # of pictures in bytes six times as fast as by brackets
        if picked.device != self.device:
            picked = picked.pin_memory().to(self.device, non_blocking=True)
        labels = self.labels[indices.to(self.device)] if self.labels is not None else None
        return to_model(picked, self.output), labels

    def state_dict(self) -> dict[str, Any]:
        return {"order": self._before, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand where the state was taken. Raises `ValueError` if it is of other data."""
        if not 0 <= state["position"] <= len(self._examples):
            raise ValueError(f"place {state['position']} in an order of {len(self._examples)} examples")
        self._generator.set_state(state["order"])
        self._shuffle()
        self._position = state["position"]

    def _shuffle(self) -> None:
        self._before = self._generator.get_state()  # enough to make the same order again
        order = torch.randperm(len(self._examples), generator=self._generator)
        self._order = order.to(self._examples.device)  # once an epoch, not batch by batch
        self._position = 0

    def _indices(self) -> Tensor:
        parts: list[Tensor] = []
        missing = self.size
        while missing:
            if self._position == len(self._order):
                self._shuffle()
            parts.append(self._order[self._position : self._position + missing])
            self._position += len(parts[-1])
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _fits(examples: Tensor, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    return examples.nbytes < _SHARE_OF_GPU * free_bytes(device)
