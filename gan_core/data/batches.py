"""Endless minibatches of equal size: the data in one random order after another."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_core.data.ranges import to_model
from gan_core.system.devices import capabilities
from gan_core.system.memory import free_bytes

_SHARE_OF_GPU = 0.5  # of its free memory; a larger data set stays in main memory, and batches are copied


class Batches:
    """An endless stream of minibatches from one tensor.

    A batch may continue into the next order, so each has exactly `size` examples and no example is dropped.

    Args:
        examples: uint8 images (N, C, H, W) or float32 points (N, 2).
        labels: classes, int64 (N,), or None.
        size: examples in a batch; may exceed N.
        output: the activation of G's output (`GeneratorConfig.output`), which sets the range of the batches.
        rng: on the CPU; it alone determines the order.
        device: the device of the batches.
    """

    def __init__(
        self,
        examples: Tensor,
        labels: Tensor | None,
        size: int,
        output: str,
        rng: torch.Generator,
        device: torch.device,
    ) -> None:
        if not len(examples):
            raise ValueError("the data set is empty: it needs at least one example")
        self.size, self.output, self.device = size, output, device
        fits = device.type == "cpu" or examples.nbytes < _SHARE_OF_GPU * free_bytes(device)
        self._examples = examples.to(device) if fits else examples
        self.labels = labels.to(device) if labels is not None else None
        self._rng = rng
        self._shuffle()

    def next(self) -> tuple[Tensor, Tensor | None]:
        """The next batch on the device: images (size, C, H, W) in G's range or points (size, 2), and labels (size,)."""
        indices = self._next_indices()
        batch = self._examples.index_select(0, indices)  # for uint8 images six times as fast as [indices]
        if batch.device != self.device:
            pinned = capabilities(self.device).own_memory
            batch = (batch.pin_memory() if pinned else batch).to(self.device, non_blocking=pinned)
        labels = self.labels[indices.to(self.device)] if self.labels is not None else None
        return to_model(batch, self.output), labels

    def state_dict(self) -> dict[str, Any]:
        return {"order": self._rng_before_order, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved position. Raises `ValueError` if the state belongs to other data."""
        if not 0 <= state["position"] <= len(self._examples):
            raise ValueError(f"position {state['position']} in an order of {len(self._examples)} examples")
        self._rng.set_state(state["order"])
        self._shuffle()
        self._position = state["position"]

    def _shuffle(self) -> None:
        self._rng_before_order = self._rng.get_state()  # reproduces the order
        order = torch.randperm(len(self._examples), generator=self._rng)
        self._order = order.to(self._examples.device)
        self._position = 0

    def _next_indices(self) -> Tensor:
        parts: list[Tensor] = []
        missing = self.size
        while missing:
            if self._position == len(self._order):
                self._shuffle()
            parts.append(self._order[self._position : self._position + missing])
            self._position += len(parts[-1])
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else torch.cat(parts)
