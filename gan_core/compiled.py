"""The compiled step: torch makes one piece of machine code of a network's forward pass, loss, penalty and gradients.

A small network's eager step is mostly Python and calls of tiny kernels, of which the compiled step has few. Only what
is computed from tensors is compiled. What is left to chance is drawn before, and the optimiser moves the weights after,
both as in the eager step; so checkpoints of the two are alike, and a learning rate may change at any time.

The way: `make_fx` records what `trainer.differentiate` does with stand-ins that hold no numbers, and TorchInductor
writes that down in C++ (Ansel et al., 2024, "PyTorch 2").
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call, functionalize

from gan_core.calls import repeatable
from gan_core.config import ConfigError, TrainConfig
from gan_core.recordings import Again, Differentiate, Drawn, FiguresOf, Made, Recordings
from gan_core.repeats import Once

Graph = Callable[..., Sequence[Tensor]]  # (weights of both networks, drawn tensors) -> figures, gradients

ACTIVITY = "compiling the training step, once, some 20 to 40 s"
_COMPILERS = ("g++", "c++", "clang++")
_SMALL, _THIN = 4096, 4  # multiplications of a product; rows or columns of a matrix
_one_at_a_time = threading.Lock()  # the compiler's settings are the process's, and sessions have threads of their own


def refuse_without_compiler(config: TrainConfig) -> None:
    """Raises `ConfigError` where the config wants a compiled step and this machine has no C++ compiler."""
    if config.compile:
        _compiler()


class Compiled(Recordings):
    """Does what `differentiate` does, in machine code that is compiled at the first call of each kind.

    `differentiate` may read tensors from its arguments only.
    """

    def __init__(
        self, differentiate: Differentiate, networks: Sequence[nn.Module], generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__(differentiate, networks, generators)
        self._both = _Networks(networks)
        self._weights = {name: parameter.detach() for name, parameter in self._both.named_parameters()}
        self._under: dict[Hashable, dict[Hashable, Again]] = {}
        self.tell: Callable[[bool], object] = lambda done: None  # is told before each compiling, and once it is done

    @staticmethod
    def can_record(config: TrainConfig, device: torch.device, generator: nn.Module) -> bool:
        """If wanted."""
        return config.compile

    def under(self, *settings: Hashable) -> Differentiate:
        """As ever; but what was compiled under other settings is kept, for it was dear."""
        self._recorded = self._under.setdefault(settings, {})
        return self._call

    def _record(
        self, figures_of: FiguresOf, parameters: list[nn.Parameter], drawn: Sequence[Drawn]
    ) -> tuple[Made, Again]:
        """Raises `ConfigError`: there is no C++ compiler, or it fails; the networks are not on a CPU."""
        self.tell(False)
        graph, function = self._compile(figures_of, parameters, drawn)
        places = [x.clone() for x in drawn if isinstance(x, Tensor)]
        with _one_at_a_time:
            made, repeat = repeatable(torch.no_grad()(partial(graph, *self._weights.values(), *places)), function)
        self.tell(True)

        def again(*tensors: Tensor) -> Made:
            torch._foreach_copy_(places, tensors)
            return repeat()

        return made, again

    def _compile(
        self, figures_of: FiguresOf, parameters: list[nn.Parameter], drawn: Sequence[Drawn]
    ) -> tuple[Graph, Any]:
        """The graph as machine code, and the function within it that TorchInductor wrote."""
        from torch._inductor.compile_fx import compile_fx, compile_fx_inner  # takes seconds to load
        from torch.fx.experimental.proxy_tensor import make_fx

        if (kind := parameters[0].device.type) != "cpu":
            raise ConfigError(f'compile: a compiled step runs on the CPU only, not on "{kind}"; set compile to false')
        moving = {name for name, own in self._both.named_parameters() if any(own is one for one in parameters)}

        def gradients(*values: Tensor) -> list[Tensor]:
            """The figures, then the gradients, computed from nothing but `values`."""
            rest = iter(values)
            weights = {name: next(rest).detach().requires_grad_(name in moving) for name in self._weights}
            inputs = [next(rest) if isinstance(x, Tensor) else x for x in drawn]
            leaves = [weight for name, weight in weights.items() if name in moving]
            act = partial(self._differentiate, figures_of, leaves, *inputs)
            with torch.enable_grad():
                figures: Tensor = functional_call(self._both, weights, (act,))
            return [figures, *(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves)]

        examples: list[Any] = [*self._weights.values(), *(x for x in drawn if isinstance(x, Tensor))]
        # No cache of graphs, which torch would read back as pickles; no processes beside this one.
        options: dict[str, Any] = {
            "cpp.cxx": (_compiler(),),
            "cpp.threads": torch.get_num_threads(),
            "fx_graph_cache": False,
            "compile_threads": 1,
        }
        written: list[Any] = []

        def keeping(*args: Any, **kwargs: Any) -> Any:
            written.append(compile_fx_inner(*args, **kwargs))
            return written[-1]

        try:
            with _one_at_a_time:
                recorded = make_fx(gradients, tracing_mode="fake")(*examples)
                nothing_in_place = make_fx(functionalize(recorded), tracing_mode="fake")(*examples)
                ways = (
                    make_fx(Once(nothing_in_place, factored).run, _WRITTEN_OUT, tracing_mode="fake")(*examples)
                    for factored in (False, True)
                )
                shorter = Once(min(ways, key=_products), factored=False)  # what is written out may repeat itself again
                final = make_fx(_contiguous(shorter.run), tracing_mode="fake")(*examples)
                graph: Any = compile_fx(final, examples, inner_compile=keeping, config_patches=options)
        except (RuntimeError, OSError) as error:
            what = str(error).strip().partition("\n")[0]
            raise ConfigError(
                f"compile: the training step cannot be compiled ({what}); set compile to false"
            ) from error
        return graph, getattr(written[0], "current_callable", None)


class _Networks(nn.ModuleList):
    """Both networks as one module, so that weights can stand in for those of both at once."""

    def forward(self, act: Callable[[], Tensor]) -> Tensor:
        return act()


def _product(a: Tensor, b: Tensor) -> Tensor:
    """a b, for (N, K) and (K, M), written out as sums where those take less time than a call of the matrix library."""
    (n, k), m = a.shape, b.shape[1]
    if n * k * m <= _SMALL or min(n, k) <= _THIN:
        return (a[:, :, None] * _rows(b)).sum(1)
    if m > _THIN:
        return NotImplemented
    rows_lie_together = a.stride(1) == 1  # the inner loop is to run over numbers of `a` that are neighbours in memory
    return (a[:, None] * _rows(b.t())).sum(2) if rows_lie_together else (b.t()[:, :, None] * a.t()).sum(1).t()


def _product_added(x: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta x + alpha a b, the sum written out: the matrix library would copy x, a bias, to each row beforehand."""
    product = _product(a, b)
    if product is NotImplemented:
        return (beta * x + alpha * a.mm(b)[None])[0]  # the compiler makes one call of a product and a sum of matrices
    return beta * x + alpha * product


def _rows(a: Tensor) -> Tensor:
    """The same, each row's numbers side by side, so that a loop can take several at once."""
    if a.stride(1) == 1:
        return a
    # By its strides: a copy alone the compiler would leave out, and read the original instead.
    return a.contiguous().as_strided(a.shape, (a.shape[1], 1))


_WRITTEN_OUT: dict[Any, Callable[..., Tensor]] = {
    torch.ops.aten.mm.default: _product,
    torch.ops.aten.addmm.default: _product_added,
}


def _contiguous(graph: Graph) -> Graph:
    """The same, gradients laid out as an optimiser's kernel takes them: a product written out may lie on its side."""
    return lambda *values: [made.contiguous() for made in graph(*values)]


def _products(graph: fx.GraphModule) -> int:
    """How many are left that are not written out."""
    return sum(node.target in _WRITTEN_OUT for node in graph.graph.nodes)


def _compiler() -> str:
    found = os.environ.get("CXX") or next(filter(shutil.which, _COMPILERS), None)
    if found is None:
        raise ConfigError(
            f"compile: a compiled step needs a C++ compiler, and none of {', '.join(_COMPILERS)} is here; "
            "install one (Debian and Ubuntu: apt install g++), or set compile to false"
        )
    return found
