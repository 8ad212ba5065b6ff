"""How fast an experiment would train here, told by a few steps of it on made-up data."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.data import Dataset
from gan_core.system.devices import find_device
from gan_core.system.memory import free_bytes
from gan_core.system.random_streams import stream
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.trainer import Trainer

LARGEST = 50_000_000  # parameters; drawing the weights of more takes longer than the whole measurement may
_EXAMPLES = 256
_GROWTH = 4  # of the batch, from one try to the next

# What the time of a step depends on.
_MATTERS = (
    "data.name", "data.size", "data.channels", "latent.dim", "generator.", "discriminator.", "condition.", "penalty.",
    "augment.", "optimizer_g.name", "optimizer_d.name", "batch_size", "n_critic", "g_steps", "local_pairs",
    "reuse_fakes", "ema_decay", "precision", "channels_last", "deterministic", "cuda_graph",
)  # fmt: skip


class SpeedError(RuntimeError):
    """An experiment that cannot be tried out in a moment; the message is one sentence."""


def alike(one: TrainConfig, other: TrainConfig) -> bool:
    """Whether steps of both take the same time, by all that time depends on."""
    return not [key for key in one.changes_from(other) if key.startswith(_MATTERS)]


def measure(
    config: TrainConfig,
    seconds: float = 1.5,
    device: str = "auto",
    threads: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> float:
    """Real images a second that training by `config` would see; about `seconds` are spent on finding out.

    The batch grows from the smallest one to the config's own, as far as a step is sure to fit into the time that is
    left. Where it does not get there, the time of a whole step follows from how the last tries grew.

    Args:
        threads: intra-op threads on a CPU; by default those that this thread has.
        progress: is told the share of the time that is over.

    Raises:
        SpeedError: the networks are too large for a quick look, or for the memory that is free.
    """
    _refuse_what_takes_long(config, find_device(device))
    if threads:
        torch.set_num_threads(threads)
    end = time.monotonic() + seconds
    tell = progress or (lambda done: None)
    size = min(config.batch_size, 2 * (config.local_pairs + 1))
    trainer = _trainer(config, size, device)
    trainer.step()  # the first of all also prepares
    taken, for_one_more = _time_of(trainer), 0.0
    while size < config.batch_size and time.monotonic() + 2 * _GROWTH * taken < end:
        before = size, taken
        size = min(config.batch_size, _GROWTH * size)
        _resize(trainer, config, size)
        taken = _time_of(trainer)
        for_one_more = max(0.0, (taken - before[1]) / (size - before[0]))
    steps, spent = 0, 0.0
    while time.monotonic() + taken < end:
        tell(1 - (end - time.monotonic()) / seconds)
        spent += _time_of(trainer)
        steps += 1
    tell(1.0)
    taken = spent / steps if steps else taken
    missing = config.batch_size - size
    return config.batch_size * config.n_critic / (taken + missing * (for_one_more or taken / size))


def _refuse_what_takes_long(config: TrainConfig, device: torch.device) -> None:
    parameters = sum(map(models.count_parameters, models.described(config)))
    if parameters > LARGEST:
        raise SpeedError(f"{parameters / 1e6:,.0f} million parameters are too many for a quick measurement.")
    needed = estimate_memory(config)
    free = free_bytes(device)
    if needed > free:
        raise SpeedError(f"Training needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free.")


def _trainer(config: TrainConfig, size: int, device: str) -> Trainer:
    """A trainer on examples of noise: what a step costs does not depend on what is in the pictures."""
    random = stream(0, "made-up data")
    if config.dataset.kind == "points":
        examples = torch.empty(_EXAMPLES, 2).normal_(generator=random)
    else:
        examples = torch.randint(0, 256, (_EXAMPLES, *config.shape), dtype=torch.uint8, generator=random)
    classes = config.dataset.classes
    labels = torch.arange(_EXAMPLES) % len(classes) if classes else None
    return Trainer(config.with_values({"batch_size": size}), device, Dataset(examples, labels, classes, credit=""))


def _resize(trainer: Trainer, config: TrainConfig, size: int) -> None:
    trainer.update(config.with_values({"batch_size": size}))
    trainer.batches.size = size
    trainer.step()  # the first of its size is recorded, and on CUDA chooses kernels


def _time_of(trainer: Trainer) -> float:
    begin = time.monotonic()
    trainer.step()
    if trainer.device.type == "cuda":
        torch.cuda.synchronize(trainer.device)
    return time.monotonic() - begin
