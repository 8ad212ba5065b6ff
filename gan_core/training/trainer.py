"""Algorithm 1 of Goodfellow et al. (2014), "Generative Adversarial Nets": k discriminator steps, then a generator step.

`objective` holds both losses. The caller of `step` records, saves, shows and stops.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_core import data, models
from gan_core.config import TrainConfig
from gan_core.data.batches import Batches
from gan_core.models.modes import evaluating
from gan_core.models.sampling import DISPLAY, classes_in_turn, decode, draw_latents
from gan_core.system.arguments import whole_number
from gan_core.system.devices import CudaOptions, find_device
from gan_core.system.random_streams import Streams, stream
from gan_core.training import ema, optimizers, schedules
from gan_core.training.adaptive_augment import Strength
from gan_core.training.objective import Batch, LatentBatch, Watch, ignore
from gan_core.training.recorded_objective import RecordedObjective
from gan_core.training.step_record import VALUES, VALUES_PER_NETWORK, StepRecord, Which, check_which


class Trainer:
    """Two networks, their optimisers and their data, advanced one step at a time.

    Args:
        device: a name that `find_device` knows, such as "auto", "cpu" or "cuda:1".
        dataset: data already loaded; by default the config's own.

    Raises `data.DataError` if the data cannot be loaded, and `ValueError` on a wrong device, config or data set.
    """

    def __init__(self, config: TrainConfig, device: str = "auto", dataset: data.Dataset | None = None) -> None:
        self.device = find_device(device)
        if self.device.type == "cuda":
            self._cuda_options = CudaOptions(config.deterministic, config.precision == "tf32")  # while it lives
        self.dataset, config = data.training_data(config, dataset)
        self.rngs, self.augmentation = Streams(config.seed, self.device), Strength(self.device)
        self.labels = self.dataset.labels if config.classes else None  # int64 (len(dataset),)
        self.batches = Batches(
            self.dataset.examples, self.labels, config.batch_size, config.generator.output, self.rngs.order, self.device
        )
        self.generator, self.discriminator = (network.to(self.device).train() for network in models.build(config))
        self.ema = ema.average_of(self.generator) if config.ema_decay else None
        models.set_rng(self.generator, self.rngs.dropout)
        models.set_rng(self.discriminator, self.rngs.dropout)
        self.optimizer_d = optimizers.build(config.optimizer_d, self.discriminator.parameters())
        self.optimizer_g = optimizers.build(config.optimizer_g, self.generator.parameters())
        self._objective = RecordedObjective(config, self.device, (self.generator, self.discriminator), self.rngs)
        self.recorded_step = self._objective.recorded_step
        self.steps = self.images = 0  # images: real examples that D has seen
        self._values = torch.full((len(VALUES),), torch.nan, device=self.device).split(VALUES_PER_NETWORK)  # D's, G's
        parts = ("generator", "discriminator", "optimizer_g", "optimizer_d", *(["ema"] if self.ema is not None else []))
        self._parts: dict[str, Any] = {name: getattr(self, name) for name in parts}
        # In this order, because batches rewind `rngs.order`.
        self._parts |= {"augmentation": self.augmentation, "random": self.rngs, "batches": self.batches}
        self.update(config)

    def update(self, config: TrainConfig) -> None:
        """Continue under `config`, which may differ in live settings only; optimisers keep their state."""
        self.config, settings = config, self._objective.update(config)
        self.loss, self.penalty = settings.loss, settings.penalty
        self._set_learning_rates()

    def step(self, which: Which = "both", watch: Watch = ignore) -> StepRecord:
        """One round: `n_critic` steps of D, then `g_steps` steps of G; or one network's part. `watch` sees each."""
        check_which(which)
        if self.config.lr_decay == "linear":
            self._set_learning_rates()
        values_d, values_g = self._values
        fakes_of_d: LatentBatch | None = None
        if which != "g":
            for _ in range(self.config.n_critic):
                batch = self._next_batch()
                result_d = self._objective.discriminator(batch)
                optimizers.descend(self.optimizer_d, result_d.gradients)
                self.penalty.after_step(self.discriminator)  # weight clipping
                self.augmentation.update(result_d.ranking, self.config.augment.adaptive, len(batch.real))
                values_d = result_d.values
                watch("d", batch, result_d)
            if self.config.reuse_fakes:
                fakes_of_d = batch.for_generator(result_d.fakes, self.loss.needs_real_logits)
        if which != "d":
            for _ in range(self.config.g_steps):
                latents = fakes_of_d or self._next_latents()
                result_g = self._objective.generator(latents)
                optimizers.descend(self.optimizer_g, result_g.gradients)
                values_g = result_g.values
                watch("g", latents, result_g)
            if self.ema is not None:
                ema.blend(self.ema, self.generator, self.config.ema_decay, self.steps)
        self.steps += 1  # after `ema.blend`, whose decay rises from step 0 on
        self._values = values_d, values_g
        return StepRecord(self.steps, self.epoch, self.images, torch.cat(self._values))

    def _next_batch(self) -> Batch:
        """Real samples, their classes, and latents of as many fakes."""
        real, y = self.batches.next()
        # Lazy regularisation (Karras et al., 2020): at each n-th step of D, the first included.
        penalty_is_due = self.images // self.config.batch_size % self.config.penalty.every == 0
        penalty_noise = self.penalty.draw(real, self.rngs.penalty) if penalty_is_due else None
        self.images += len(real)
        z = self.latents(len(real), self.rngs.noise_d)
        return Batch(real, y, z, *self._distortions(), penalty_is_due, penalty_noise)

    def _next_latents(self) -> LatentBatch:
        """Latents for G's step, with classes as frequent as in the data."""
        n, y, real = self.config.batch_size, None, None
        if self.loss.needs_real_logits:
            real, y = self.batches.next()
        elif (labels := self.batches.labels) is not None:
            y = labels[torch.randint(len(labels), (n,), generator=self.rngs.labels, device=self.device)]
        return LatentBatch(self.latents(n, self.rngs.noise_g), y, *self._distortions(), real=real)

    def latents(self, n: int, rng: torch.Generator) -> Tensor:
        """`n` latent vectors z from `rng`, on its device: (n, latent.dim)."""
        return draw_latents(self.config.latent, n, rng)

    def _distortions(self) -> tuple[Tensor | None, Tensor | None]:
        """The standard deviation of the noise on D's inputs, and the probability of each change by augmentation."""
        noise = schedules.instance_noise(self.config, self.steps, len(self.dataset), self.device)
        return noise, self.augmentation.under(self.config)

    def _set_learning_rates(self) -> None:
        factor = schedules.learning_rate_share(self.config, self.steps, len(self.dataset))
        optimizers.update_settings(self.optimizer_d, self.config.optimizer_d, factor)
        optimizers.update_settings(self.optimizer_g, self.config.optimizer_g, factor)

    @property
    def total_steps(self) -> int:
        return self.config.total_steps(len(self.dataset))

    @property
    def epoch(self) -> float:
        return self.images / len(self.dataset)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about the data and the precision."""
        return self.dataset.notes + data.few_notes(self.config, len(self.dataset)) + self._objective.notes

    def generate(self, n: int = 64, seed: int = 0, raw: bool = False, label: int | None = None) -> Tensor:
        """`n` samples, (n, C, H, W) in [0, 1] or (n, 2), float32 on the CPU, of the class `label` or all in turn.

        One `seed` gives the same latents on every device. G's moving average makes the samples unless `raw` is true.
        """
        z = self.latents(whole_number("n", n), stream(seed, DISPLAY))
        return self.decode(z, raw, self.classes_in_turn(n, label))

    @torch.no_grad()
    def decode(self, z: Tensor, raw: bool = False, y: Tensor | None = None) -> Tensor:
        """Samples like those of `generate`, from latents `z` (n, latent.dim) and classes `y` (n,) or all in turn."""
        network = self.generator if raw or self.ema is None else self.ema
        with evaluating(network):
            return decode(network, z, self.classes_in_turn(len(z)) if y is None else y, self.config)

    def classes_in_turn(self, n: int, label: int | None = None) -> Tensor | None:
        """Classes of `n` samples, (n,): every class in turn, or only `label`; None without a condition."""
        return classes_in_turn(self.config, n, label)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on; tensors and plain values only."""
        counters = {"steps": self.steps, "images": self.images, "figures": torch.cat(self._values)}  # names on disk
        return {name: part.state_dict() for name, part in self._parts.items()} | counters

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where the trainer was that returned `state`. `RuntimeError`, `ValueError`: it is another kind's."""
        state = {"augmentation": {}, **(state or {})}  # older states have no augmentation
        if missing := self._parts.keys() - set(state):
            raise ValueError(f"this is no state of such a trainer: it lacks {', '.join(sorted(missing))}")
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        self.steps, self.images = state["steps"], state["images"]
        self._values = state["figures"].to(self.device).split(VALUES_PER_NETWORK)
        self._set_learning_rates()
