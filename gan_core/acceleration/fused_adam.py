"""Adam and AdamW that call PyTorch's fused kernel directly."""

from __future__ import annotations

import torch
from torch import Tensor


class Adam(torch.optim.Adam):
    """`torch.optim.Adam(fused=True)`: the same numbers and state with less overhead.

    PyTorch's `step` groups the parameters by device and dtype in every step, which takes a third of a training step on
    2-D points. This class collects them once. It calls PyTorch's `step` for the first step, which creates the state,
    and for steps in which a parameter has no gradient.
    """

    kernel = staticmethod(torch._fused_adam_)  # the kernel of torch.optim
    _tensors: tuple[list[Tensor], ...] = ()  # parameters, first and second moments, step counts
    _tensors_of: object = None  # the state that they belong to: `load_state_dict` replaces it

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure
        gradients = [parameter.grad for parameter in self.param_groups[0]["params"]]
        if self._tensors_of is not self.state or any(gradient is None for gradient in gradients):
            super().step()
            self._collect()
            return
        (group,), (parameters, means, squares, steps) = self.param_groups, self._tensors
        beta1, beta2 = group["betas"]
        self._counts += 1
        self.kernel(
            parameters, gradients, means, squares, [], steps, lr=group["lr"], beta1=beta1, beta2=beta2,
            weight_decay=group["weight_decay"], eps=group["eps"], amsgrad=False, maximize=False,
        )  # fmt: skip

    step.hooked = True  # type: ignore[attr-defined]  # PyTorch then adds no wrapper for hooks

    def _collect(self) -> None:
        """Collect the kernel's arguments once every parameter has its state."""
        parameters = self.param_groups[0]["params"]
        states = [self.state[parameter] for parameter in parameters]
        if all(states):
            self._counts = torch.stack([state["step"] for state in states])
            for state, count in zip(states, self._counts, strict=True):
                state["step"] = count  # a view, so that one addition counts all
            names = "exp_avg", "exp_avg_sq", "step"
            self._tensors = parameters, *([state[name] for state in states] for name in names)
            self._tensors_of = self.state


class AdamW(Adam, torch.optim.AdamW):
    """`torch.optim.AdamW(fused=True)` with less overhead, like `Adam`."""

    kernel = staticmethod(torch._fused_adamw_)
