"""Optimisers: from a catalogue line and a config to a `torch.optim` optimiser, and new rates into a running one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.catalog import OPTIMIZERS
from gan_core.config import OptimizerConfig


def build(config: OptimizerConfig, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """A fresh optimiser of `parameters`; one fused kernel does its step where torch has one (CPU and CUDA).

    Raises:
        catalog.UnknownNameError: there is no such optimiser.
    """
    kind: Callable[..., torch.optim.Optimizer] = OPTIMIZERS[config.name].load()
    parameters, arguments = list(parameters), _arguments(config)
    if "fused" in inspect.signature(kind).parameters:
        arguments["fused"] = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
        kind = _QUICKER.get(kind, kind) if arguments["fused"] else kind
    return kind(parameters, **arguments)


def retune(optimizer: torch.optim.Optimizer, config: OptimizerConfig, lr_factor: float = 1.0) -> None:
    """Give a running optimiser the rates of `config`, its learning rate times `lr_factor`; its state stays.

    `config` must name the optimiser's own kind.
    """
    arguments = _arguments(config)
    arguments["lr"] *= lr_factor
    for group in optimizer.param_groups:
        group.update(arguments)


def tensors_per_weight(config: OptimizerConfig) -> int:
    """How many numbers the optimiser remembers for each weight: 0 for plain SGD, 2 for Adam."""
    return sum(remembers(config).values())


def remembers(config: OptimizerConfig) -> dict[str, bool]:
    """What the optimiser remembers of a parameter, and whether a number for each weight. Found by one tiny step."""
    weights = nn.Parameter(torch.zeros(2))
    weights.grad = torch.zeros(2)
    optimizer = build(config, [weights])
    optimizer.step()
    kept = optimizer.state[weights]
    return {name: value.shape == weights.shape for name, value in kept.items() if isinstance(value, torch.Tensor)}


def _arguments(config: OptimizerConfig) -> dict[str, Any]:
    """The config's fields that this optimiser reads, under torch's names for them."""
    fields = {name: getattr(config, name) for name in OPTIMIZERS[config.name].reads}
    if "beta1" in fields:
        fields["betas"] = (fields.pop("beta1"), fields.pop("beta2"))
    return {"lr": config.lr, **fields}


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


_QUICKER: dict[Any, Callable[..., torch.optim.Optimizer]] = {torch.optim.Adam: Adam, torch.optim.AdamW: AdamW}
