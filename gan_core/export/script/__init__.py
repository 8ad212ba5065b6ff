"""An experiment as one page of plain PyTorch that trains the same model without this project.

The script starts from the same weights and draws the same noise and the same order of the data as a `Trainer`, so its
losses equal ours up to rounding. The page is the template `page.py.jinja`; the modules here give it the code that
depends on a name in a catalogue: data sets, layers, initial weights, losses, optimisers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import as_text
from gan_core.export.errors import CannotWriteError
from gan_core.export.script import page, training

_TORCH_OPTIMIZERS = tuple(name for name, entry in OPTIMIZERS.items() if entry.target.startswith("torch.optim:"))

# The supported values of a setting; a setting that is not listed may have any value.
WRITABLE: Mapping[str, tuple[Any, ...]] = {
    "data.name": page.DATA_SETS,
    "generator.name": ("mlp", "dcgan"),
    "discriminator.name": ("mlp", "dcgan", "upsampling"),
    "generator.spectral": (False,),
    "discriminator.batch_layer": ("none",),
    "discriminator.head": ("linear",),
    "condition.name": ("none", "embedding", "projection"),
    "loss.name": tuple(training.LOSSES),
    "penalty.name": training.PENALTIES,
    "optimizer_g.name": _TORCH_OPTIMIZERS,
    "optimizer_d.name": _TORCH_OPTIMIZERS,
    "local_pairs": (0,),
    "augment.translation": (0,),
    "augment.cutout": (0,),
    "augment.color": (0,),
}


def script(config: TrainConfig) -> str:
    """The experiment as a Python script, divided into the cells "Data", "Networks", "Samples" and "Training".

    It needs PyTorch, torchvision, Pillow and, for some data sets, one more package. It writes the losses of each step
    to `losses.csv`, samples to `samples/` and the trained generator to `generator.pt`.

    Raises:
        CannotWriteError: the script export does not support a setting; the message names it.
    """
    if message := refusal(config):
        raise CannotWriteError(message)
    return page.render(config, title(config))


def refusal(config: TrainConfig) -> str:
    """Which setting the script export does not support, in a sentence; "" if it supports all of them."""
    for key, supported in WRITABLE.items():
        value = config.value(key)
        if value not in supported:
            return (
                f"The script export does not support {key} = {as_text(value)}, only "
                f"{', '.join(map(as_text, supported))}: export the settings instead."
            )
    if config.classes and config.data.name not in page.LABELLED:
        return (
            f"The script export supports classes only of {', '.join(page.LABELLED)}, not of data.name = "
            f"{config.data.name}: export the settings instead."
        )
    if config.classes and config.discriminator.spectral:
        return "The script export does not support spectral normalisation with classes: export the settings instead."
    if config.data.name == "folder" and config.data.path.lower().endswith(".zip"):
        return "The script export does not support zip files: unpack the file, and set data.path to the folder."
    return ""


def title(config: TrainConfig) -> str:
    """The name of the experiment: the title of its preset, and whether settings were changed."""
    if config.preset not in presets.names():
        return "An experiment"
    preset = presets.get(config.preset)
    return preset.title if config == preset.config else f"{preset.title}, changed"
