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
from gan_core.latent import Model, draw
from gan_core.models.sampling import classes_in_turn

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


def onnx(model: Model) -> bytes:
    """The generator of a model as an ONNX model of any batch size.

    The inputs are `z`, float32 (n, latent.dim), and for a conditional run `y`, int64 (n,). The output is `samples`,
    float32 (n, C, H, W) in [0, 1], or points (n, 2). The metadata holds the config, the step and the inputs.

    Raises:
        ExportError: a package is missing, or the samples differ from PyTorch's by more than `TOLERANCE`.
    """
    if missing := missing_packages():
        raise ExportError(missing)
    z, y = draw(model, _CHECKED, model.config.seed), classes_in_turn(model.config, _CHECKED)
    inputs = {"z": z} if y is None else {"z": z, "y": y}
    exported = _export(model, inputs)
    difference = max(_difference(exported, model, inputs, n) for n in (1, _CHECKED))
    if not difference < TOLERANCE:
        raise ExportError(
            f"The samples of the ONNX model differ from PyTorch's by {difference:.2g}, and at most {TOLERANCE:g} "
            "is allowed, so the model was not saved. Are the generator's weights finite? Try another checkpoint."
        )
    return exported


def _export(model: Model, inputs: dict[str, Tensor]) -> bytes:
    import onnx.helper

    network: Any = copy.deepcopy(model.generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # z and y share the name of their batch axis on purpose
        program = torch.onnx.export(
            _Sampler(network, model.config.generator.output).to("cpu").eval(),
            tuple(inputs.values()),
            input_names=[*inputs],
            output_names=["samples"],
            dynamic_shapes=tuple({0: "n"} for _ in inputs),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    exported = program.model_proto
    onnx.helper.set_model_props(exported, _metadata(model, inputs))
    return bytes(exported.SerializeToString())


def _metadata(model: Model, inputs: dict[str, Tensor]) -> dict[str, str]:
    config = model.config
    distribution = "N(0, 1)" if config.latent.distribution == "normal" else "uniform in [-1, 1]"
    metadata = {
        "made by": "GAN Playground",
        "config": config.to_json(),
        "step": str(model.step),
        "opset": str(OPSET),
        "z": f"float32 (n, {config.latent.dim}), {distribution}",
        "samples": "points (n, 2)" if config.dataset.kind == "points" else "(n, channels, height, width) in [0, 1]",
    }
    return metadata | ({"y": f"int64 (n,): {', '.join(config.classes)}"} if "y" in inputs else {})


def _difference(exported: bytes, model: Model, inputs: dict[str, Tensor], n: int) -> float:
    """The largest difference between the first `n` samples of ONNX and of PyTorch."""
    import onnxruntime

    expected = model.decode(inputs["z"][:n], inputs["y"][:n] if "y" in inputs else None).numpy()
    session: Any = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    (samples,) = session.run(None, {name: tensor[:n].numpy() for name, tensor in inputs.items()})
    return float(np.abs(samples - expected).max())
