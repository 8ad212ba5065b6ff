"""On CUDA: each kind of step is recorded once, and from then on launched as one graph (torch's own CUDA graphs).

A small network's step is hundreds of kernels that are over sooner than the processor can launch them. In a graph they
need one launch. They are the same kernels on the same numbers, so a recorded step equals the eager one bit for bit; the
optimiser moves the weights after, as in the eager step, so that a rate may change at any time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gan_core.acceleration.recorded_step import Again, Made, RecordedStep, StepInput, ValuesOf
from gan_core.config import ConfigError, TrainConfig

_TRIALS = 3  # before recording: libraries choose their kernels and take their memory in the first calls
_one_at_a_time = threading.Lock()  # sessions have threads of their own, and recording empties the shared cache


class CudaGraph(RecordedStep):
    """Does what `differentiate` does, as one graph, recorded at the first call of each kind."""

    @staticmethod
    def can_record(config: TrainConfig, device: torch.device, is_deterministic: bool) -> bool:
        """On CUDA, if wanted.

        G's step that goes on from D's fakes makes them once more in a graph; so nothing in G may be left to chance or
        to how often it is asked.
        """
        return config.cuda_graph and device.type == "cuda" and (not config.reuse_fakes or is_deterministic)

    def _record(
        self, values_of: ValuesOf, parameters: list[nn.Parameter], drawn: Sequence[StepInput]
    ) -> tuple[Made, Again]:
        inputs = [x.clone() if isinstance(x, Tensor) else x for x in drawn]
        act = partial(self._differentiate, values_of, parameters, *inputs)
        try:
            with _one_at_a_time:
                values, replay = record(act, self._networks, self._generators)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            what = str(error).strip().partition("\n")[0]
            raise ConfigError(
                f"cuda_graph: the training step cannot be recorded ({what}); set cuda_graph to false"
            ) from error
        places = [x for x in inputs if isinstance(x, Tensor)]
        made = [values, *(parameter.grad for parameter in parameters)]

        def again(*tensors: Tensor) -> Made:
            torch._foreach_copy_(places, tensors)
            replay()
            return made

        return again(*places), again


def record(
    act: Callable[[], Tensor], networks: Sequence[nn.Module], generators: Sequence[torch.Generator]
) -> tuple[Tensor, Callable[[], object]]:
    """Record what `act` does on the networks' GPU: the tensor that it answers with, and how to do it again.

    Nothing has happened afterwards: statistics of the networks and generators stand where they stood.
    """
    buffers = [buffer for network in networks for buffer in network.buffers()]
    statistics, states = [buffer.clone() for buffer in buffers], [generator.get_state() for generator in generators]
    with torch.cuda.device(next(networks[0].parameters()).device):
        graph = torch.cuda.CUDAGraph()
        present, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(present)
        with torch.cuda.stream(aside):
            for _ in range(_TRIALS):
                act()
            for buffer, before in zip(buffers, statistics, strict=True):
                buffer.copy_(before)
        present.wait_stream(aside)
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):  # other sessions go on meanwhile
            values = act()
    return values, graph.replay
