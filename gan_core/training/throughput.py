"""How fast a config trains on this machine, measured by a few steps."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.data import Dataset
from gan_core.system.devices import find_device, wait_for
from gan_core.system.random_streams import stream
from gan_core.training.memory_estimate import memory_shortage
from gan_core.training.trainer import Trainer

LARGEST = 50_000_000  # parameters; initialising more takes longer than the whole measurement may
_EXAMPLES = 256
_GROWTH = 4  # factor between one batch size and the next

_SPEED_SETTINGS = (  # keys, or prefixes of keys, of the settings that the time of a step depends on
    "data.name", "data.size", "data.channels", "latent.dim", "generator.", "discriminator.", "condition.", "penalty.",
    "augment.", "optimizer_g.name", "optimizer_d.name", "batch_size", "n_critic", "g_steps", "local_pairs",
    "reuse_fakes", "ema_decay", "precision", "channels_last", "deterministic", "cuda_graph",
)  # fmt: skip


class SpeedError(RuntimeError):
    """A config that cannot be measured quickly; the message is one sentence."""


def seconds_per_step(trainer: Trainer, seconds: float, progress: Callable[[float], object] | None = None) -> float:
    """The mean time of `trainer.step()` in seconds, over at least one step and about `seconds` of steps.

    It trains the trainer. One step of each kind runs before the clock starts: the first step of a kind is slower,
    because it is recorded, and a lazy penalty makes two kinds. It waits for a GPU after each step.

    Args:
        progress: called after each step with the share of `seconds` that has passed, in [0, 1].
    """
    for _ in range(min(2, trainer.config.penalty.every)):
        _timed_step(trainer)
    spent, steps = 0.0, 0
    while steps == 0 or spent < seconds:
        spent += _timed_step(trainer)
        steps += 1
        if progress is not None:
            progress(min(1.0, spent / seconds) if seconds else 1.0)
    return spent / steps


def _timed_step(trainer: Trainer) -> float:
    begin = time.perf_counter()
    trainer.step()
    wait_for(trainer.device)
    return time.perf_counter() - begin


def images_per_second(
    config: TrainConfig,
    seconds: float = 1.5,
    device: str = "auto",
    threads: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> float:
    """Real images per second that D would see under `config`, measured on random data in about `seconds`.

    The batch grows from the smallest one towards the config's own while the next step is sure to fit in the time. If
    the full batch does not fit, its time is extrapolated from the last two sizes.

    Args:
        threads: intra-op threads on a CPU; None keeps those of this thread.
        progress: called with the share of the time that has passed, in [0, 1].

    Raises:
        SpeedError: the networks are too large for a quick measurement or for the free memory.
    """
    _refuse_large(config, find_device(device))
    if threads:
        torch.set_num_threads(threads)
    end = time.perf_counter() + seconds
    size = min(config.batch_size, 2 * (config.local_pairs + 1))
    trainer = _trainer_on_random_data(config, size, device)
    step = seconds_per_step(trainer, 0.0)
    per_image = step / size
    while size < config.batch_size and time.perf_counter() + 3 * _GROWTH * step < end:
        smaller, faster = size, step
        size = min(config.batch_size, _GROWTH * size)
        trainer.update(config.with_values({"batch_size": size}))
        trainer.batches.size = size
        step = seconds_per_step(trainer, 0.0)
        per_image = max(0.0, (step - faster) / (size - smaller)) or step / size
    if (left := end - time.perf_counter()) > 3 * step:
        step = seconds_per_step(trainer, left - 2 * step, progress)
    if progress is not None:
        progress(1.0)
    return config.batch_size * config.n_critic / (step + (config.batch_size - size) * per_image)


def same_speed(one: TrainConfig, other: TrainConfig) -> bool:
    """Whether steps of both configs take the same time, judged by every setting that the time depends on."""
    return not any(key.startswith(_SPEED_SETTINGS) for key in one.changes_from(other))


def _refuse_large(config: TrainConfig, device: torch.device) -> None:
    parameters = sum(map(models.count_parameters, models.build_meta(config)))
    if parameters > LARGEST:
        raise SpeedError(f"{parameters / 1e6:,.0f} million parameters are too many for a quick measurement.")
    if shortage := memory_shortage(config, device):
        raise SpeedError(f"Training needs {shortage}.")


def _trainer_on_random_data(config: TrainConfig, batch_size: int, device: str) -> Trainer:
    """A trainer on random examples: the time of a step does not depend on their content."""
    rng = stream(0, "made-up data")
    if config.dataset.kind == "points":
        examples = torch.empty(_EXAMPLES, 2).normal_(generator=rng)
    else:
        examples = torch.randint(0, 256, (_EXAMPLES, *config.shape), dtype=torch.uint8, generator=rng)
    classes = config.label_classes
    labels = torch.arange(_EXAMPLES) % len(classes) if classes else None
    dataset = Dataset(examples, labels, classes, credit="")
    return Trainer(config.with_values({"batch_size": batch_size}), device, dataset)
