"""Adam and AdamW by their fused kernel, called directly."""

from __future__ import annotations

import torch
from torch import Tensor


class Adam(torch.optim.Adam):
    """torch's Adam with one fused kernel, called at once: the same numbers and the same state.

    torch's own step looks at each parameter anew and sorts all by device and type, for every kind of Adam that there
    is; of a step on points that was a third. What is out of the ordinary is left to it: the first step, which makes the
    state, and parameters without a gradient.
    """

    kernel = staticmethod(torch._fused_adam_)  # what torch.optim calls in the end, too
    _lists: tuple[list[Tensor], ...] = ()
    _lists_of: object = None  # the state that they are of: loading another one replaces it

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # a closure is for other kinds of optimisers
        gradients = [parameter.grad for parameter in self.param_groups[0]["params"]]
        if self._lists_of is not self.state or any(gradient is None for gradient in gradients):
            super().step()
            self._keep_lists()
            return
        (group,), (parameters, means, squares, steps) = self.param_groups, self._lists
        beta1, beta2 = group["betas"]
        self._counts += 1
        self.kernel(
            parameters,
            gradients,
            means,
            squares,
            [],
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    step.hooked = True  # type: ignore[attr-defined]  # or torch wraps it, for hooks that nobody here has

    def _keep_lists(self) -> None:
        """Keep what the kernel takes, if every parameter has its state by now."""
        parameters = self.param_groups[0]["params"]
        state = [self.state[parameter] for parameter in parameters]
        if all(state):
            self._counts = torch.stack([own["step"] for own in state])
            for own, count in zip(state, self._counts, strict=True):
                own["step"] = count  # a view: counting all at once takes a quarter of the time
            names = "exp_avg", "exp_avg_sq", "step"
            self._lists = parameters, *([own[name] for own in state] for name in names)
            self._lists_of = self.state


class AdamW(Adam, torch.optim.AdamW):
    """The same with decoupled weight decay."""

    kernel = staticmethod(torch._fused_adamw_)
