"""Recorded steps on CUDA: each becomes one CUDA graph.

A small network's step is hundreds of kernels that finish sooner than Python can launch them. A CUDA graph launches all
of them at once. It runs the same kernels on the same addresses: new inputs are copied over those of the recording.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.acceleration.recorded_step import Function, RecordedStep, tensors_of
from gan_core.config import ConfigError

_WARM_UP = 3  # calls before the recording, in which libraries choose kernels and allocate workspaces
_recording = threading.Lock()  # recording empties the allocator's cache, which all sessions share


class CudaGraph(RecordedStep):
    """Replays each function as one CUDA graph. The graph returns values without an autograd graph."""

    keeps_graph = False

    def _record(self, function: Function, inputs: Any) -> tuple[Any, Function]:
        copies = {name: value.clone() for name, value in vars(inputs).items() if isinstance(value, Tensor)}
        static_inputs = replace(inputs, **copies)
        try:
            with _recording:
                outputs, launch = record(lambda: function(static_inputs), self._modules, self._rngs)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            raise ConfigError(
                f"cuda_graph: the training step cannot be recorded ({reason}); set cuda_graph to false"
            ) from error

        def replay(inputs: Any) -> Any:
            torch._foreach_copy_(list(copies.values()), tensors_of(inputs))
            launch()
            return outputs

        return replay(inputs), replay


def record(
    function: Callable[[], Any], modules: Sequence[nn.Module], rngs: Sequence[torch.Generator]
) -> tuple[Any, Callable[[], object]]:
    """Capture a CUDA graph of `function` on the GPU of `modules`: its outputs, and a call that computes them anew.

    Buffers of the modules and states of the rngs are left as they were before. Other threads may use the GPU meanwhile.
    """
    buffers = [buffer for module in modules for buffer in module.buffers()]
    buffers_before, states_before = [buffer.clone() for buffer in buffers], [rng.get_state() for rng in rngs]
    with torch.cuda.device(next(modules[0].parameters()).device):
        graph = torch.cuda.CUDAGraph()
        current, side = torch.cuda.current_stream(), torch.cuda.Stream()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                function()
            for buffer, before in zip(buffers, buffers_before, strict=True):
                buffer.copy_(before)
        current.wait_stream(side)
        for rng, state in zip(rngs, states_before, strict=True):
            rng.set_state(state)
            graph.register_generator_state(rng)
        with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
            outputs = function()
    return outputs, graph.replay
