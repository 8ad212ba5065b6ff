"""A generator as an ONNX file, which programs without PyTorch run, and the proof that it gives the same samples."""

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
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer

OPSET = 20
TOLERANCE = 1e-4  # the largest difference from torch's samples, which lie in [0, 1]; for points in their own unit
NEEDS = ("onnx", "onnxscript", "onnxruntime")
_CHECKED = 16  # samples


class _Sampler(nn.Module):
    """The generator, and behind it the step from its range to [0, 1]."""

    def __init__(self, generator: nn.Module, output: str) -> None:
        super().__init__()
        self.generator, self.output = generator, output

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return to_unit(self.generator(z) if y is None else self.generator(z, y), self.output)


def missing() -> str:
    """What to install before a generator can be written as ONNX; "" where all is there."""
    absent = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    return f"ONNX needs {', '.join(absent)}: run  pip install -r requirements-export.txt  and start again."


def onnx(trainer: Trainer) -> bytes:
    """The trainer's generator, averaged where there is an average, as an ONNX model of any batch size.

    Its inputs are `z`, float32 (n, latent.dim), and of a conditional run `y`, int64 (n,); its output is `samples`,
    float32 (n, C, H, W) in [0, 1], or points (n, 2). The config, the step and the inputs are told in its metadata.

    Raises:
        ExportError: a package is missing, or the model's samples differ from torch's by more than `TOLERANCE`.
    """
    if lack := missing():
        raise ExportError(lack)
    z = trainer.latents(_CHECKED, stream(trainer.config.seed, "display"))
    y = trainer.classes_in_turn(_CHECKED)
    given = {"z": z} if y is None else {"z": z, "y": y}
    model = _written(trainer, given)
    difference = max(_difference(model, trainer, given, n) for n in (1, _CHECKED))
    if not difference < TOLERANCE:
        raise ExportError(
            f"The ONNX model's samples differ from torch's by {difference:.2g}, over the {TOLERANCE:g} allowed, so it "
            "was not kept. Is the generator finite? Try another checkpoint."
        )
    return model


def _written(trainer: Trainer, given: dict[str, Tensor]) -> bytes:
    import onnx.helper

    network = copy.deepcopy(trainer.generator if trainer.ema is None else trainer.ema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of axes that share a name, which ours do on purpose
        program = torch.onnx.export(
            _Sampler(network, trainer.config.generator.output).to("cpu").eval(),
            tuple(given.values()),
            input_names=[*given],
            output_names=["samples"],
            dynamic_shapes=tuple({0: "n"} for _ in given),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, _about(trainer, given))
    return bytes(model.SerializeToString())


def _about(trainer: Trainer, given: dict[str, Tensor]) -> dict[str, str]:
    config = trainer.config
    drawn = "N(0, 1)" if config.latent.distribution == "normal" else "uniform in [-1, 1]"
    about = {
        "made by": "GAN Playground",
        "config": config.to_json(),
        "step": str(trainer.steps),
        "opset": str(OPSET),
        "z": f"float32 (n, {config.latent.dim}), {drawn}",
        "samples": "points (n, 2)" if config.dataset.kind == "points" else "(n, channels, height, width) in [0, 1]",
    }
    return about | ({"y": f"int64 (n,): {', '.join(config.classes)}"} if "y" in given else {})


def _difference(model: bytes, trainer: Trainer, given: dict[str, Tensor], n: int) -> float:
    """The largest difference between the model's first `n` samples and torch's."""
    import onnxruntime

    ours = trainer.decode(given["z"][:n], y=given["y"][:n] if "y" in given else None).numpy()
    session: Any = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {name: tensor[:n].numpy() for name, tensor in given.items()})
    return float(np.abs(theirs - ours).max())
