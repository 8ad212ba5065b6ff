"""A generator as an ONNX model, for programs without PyTorch, and a check that its samples equal PyTorch's."""

from __future__ import annotations

import copy
import importlib.util
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_core.data.ranges import to_unit
from gan_core.export.errors import ExportError
from gan_core.models.sampling import DISPLAY
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer

OPSET = 20
TOLERANCE = 1e-4  # largest difference from PyTorch's samples, images in [0, 1] or points
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_CHECKED = 16  # samples


class _Sampler(nn.Module):
    """The generator, with its output scaled to [0, 1]."""

    def __init__(self, generator: nn.Module, output: str) -> None:
        super().__init__()
        self.generator, self.output = generator, output

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return to_unit(self.generator(z) if y is None else self.generator(z, y), self.output)


def missing_packages() -> str:
    """Which packages to install before an ONNX export, in a sentence; "" if all are installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return f"ONNX needs {', '.join(missing)}: run  pip install -r requirements-export.txt  and start again."


def onnx(trainer: Trainer) -> bytes:
    """The trainer's generator, or its moving average if there is one, as an ONNX model of any batch size.

    The inputs are `z`, float32 (n, latent.dim), and for a conditional run `y`, int64 (n,). The output is `samples`,
    float32 (n, C, H, W) in [0, 1], or points (n, 2). The metadata holds the config, the step and the inputs.

    Raises:
        ExportError: a package is missing, or the samples differ from PyTorch's by more than `TOLERANCE`.
    """
    if missing := missing_packages():
        raise ExportError(missing)
    z = trainer.latents(_CHECKED, stream(trainer.config.seed, DISPLAY))
    y = trainer.classes_in_turn(_CHECKED)
    inputs = {"z": z} if y is None else {"z": z, "y": y}
    model = _export(trainer, inputs)
    difference = max(_difference(model, trainer, inputs, n) for n in (1, _CHECKED))
    if not difference < TOLERANCE:
        raise ExportError(
            f"The samples of the ONNX model differ from PyTorch's by {difference:.2g}, and at most {TOLERANCE:g} "
            "is allowed, so the model was not saved. Are the generator's weights finite? Try another checkpoint."
        )
    return model


def _export(trainer: Trainer, inputs: dict[str, Tensor]) -> bytes:
    import onnx.helper

    network = copy.deepcopy(trainer.generator if trainer.ema is None else trainer.ema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # z and y share the name of their batch axis on purpose
        program = torch.onnx.export(
            _Sampler(network, trainer.config.generator.output).to("cpu").eval(),
            tuple(inputs.values()),
            input_names=[*inputs],
            output_names=["samples"],
            dynamic_shapes=tuple({0: "n"} for _ in inputs),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, _metadata(trainer, inputs))
    return bytes(model.SerializeToString())


def _metadata(trainer: Trainer, inputs: dict[str, Tensor]) -> dict[str, str]:
    config = trainer.config
    distribution = "N(0, 1)" if config.latent.distribution == "normal" else "uniform in [-1, 1]"
    metadata = {
        "made by": "GAN Playground",
        "config": config.to_json(),
        "step": str(trainer.steps),
        "opset": str(OPSET),
        "z": f"float32 (n, {config.latent.dim}), {distribution}",
        "samples": "points (n, 2)" if config.dataset.kind == "points" else "(n, channels, height, width) in [0, 1]",
    }
    return metadata | ({"y": f"int64 (n,): {', '.join(config.classes)}"} if "y" in inputs else {})


def _difference(model: bytes, trainer: Trainer, inputs: dict[str, Tensor], n: int) -> float:
    """The largest difference between the first `n` samples of the model and of PyTorch."""
    import onnxruntime

    expected = trainer.decode(inputs["z"][:n], y=inputs["y"][:n] if "y" in inputs else None).numpy()
    session: Any = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (samples,) = session.run(None, {name: tensor[:n].numpy() for name, tensor in inputs.items()})
    return float(np.abs(samples - expected).max())
