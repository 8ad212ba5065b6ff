"""A plain training loop: a DataLoader, images decoded one by one, two passes of D, `.item()` at every step.

Images come from memory, as in torchvision's MNIST, or from a folder of files, as in most DCGAN tutorials.

It has the initial weights, noise and data order of our trainer, so its losses must equal ours. Everything else is as in
the sources and in popular repositories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision import transforms
from torchvision.datasets import ImageFolder

from gan_core import data, models
from gan_core.config import OptimizerConfig, TrainConfig
from gan_core.system.random_streams import Streams

CPU = torch.device("cpu")
OPTIMIZERS = {
    "adam": lambda c, parameters: torch.optim.Adam(parameters, lr=c.lr, betas=(c.beta1, c.beta2)),
    "rmsprop": lambda c, parameters: torch.optim.RMSprop(parameters, lr=c.lr),
}


class Examples(Dataset[Tensor]):
    """One example at a time, as torchvision's data sets give them; points as they are."""

    def __init__(self, examples: Tensor, output: str) -> None:
        self.examples, self.transform = examples, transforms.Compose(_to_tensor(output))

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Tensor:
        example = self.examples[index]
        if example.dtype != torch.uint8:
            return example
        tensor: Tensor = self.transform(_picture(example))
        return tensor


class Files(Dataset[Tensor]):
    """One image at a time: read from its file, decoded, and resized to its own size."""

    def __init__(self, folder: Path, examples: Tensor, output: str) -> None:
        (folder / "all").mkdir()
        for number, example in enumerate(examples):
            _picture(example).save(folder / "all" / f"{number:06}.png")
        steps = [transforms.Resize(examples.shape[-1]), *_to_tensor(output)]
        self.files = ImageFolder(str(folder), transforms.Compose(steps))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        tensor: Tensor = self.files[index][0]
        return tensor


class Order(Sampler[int]):
    """An endless sequence of random orders of the data."""

    def __init__(self, size: int, generator: torch.Generator) -> None:
        self.size, self.generator = size, generator

    def __iter__(self) -> Iterator[int]:
        while True:
            yield from torch.randperm(self.size, generator=self.generator).tolist()


class PlainLoop:
    """A plain loop for one config. `step()` returns (loss of D, loss of G).

    Args:
        folder: an empty folder, if images shall come from files.
    """

    def __init__(
        self, config: TrainConfig, dataset: data.Dataset, device: torch.device = CPU, folder: Path | None = None
    ) -> None:
        self.config, self.random, self.device = config, Streams(config.seed, device), device
        networks = models.build(config)
        self.generator, self.discriminator = (_as_written(network.train().to(device)) for network in networks)
        self.optimizer_g = _optimizer(config.optimizer_g, self.generator)
        self.optimizer_d = _optimizer(config.optimizer_d, self.discriminator)
        examples, output = dataset.examples, config.generator.output
        loader = DataLoader(
            Examples(examples, output) if folder is None else Files(folder, examples, output),
            batch_size=config.batch_size,
            sampler=Order(len(dataset), self.random.order),
        )
        self.batches = iter(loader)

    def step(self) -> tuple[float, float]:
        for _ in range(self.config.n_critic):
            real = next(self.batches).to(self.device)
            fake = self.generator(self._noise(len(real), self.random.noise_d))
            self.optimizer_d.zero_grad()
            loss_d = self._loss_d(self.discriminator(real), self.discriminator(fake.detach()))
            loss_d = loss_d + self._penalty(real, fake.detach())
            loss_d.backward(retain_graph=True)
            self.optimizer_d.step()
            if self.config.penalty.name == "clip":
                for weight in self.discriminator.parameters():
                    weight.data.clamp_(-self.config.penalty.clip, self.config.penalty.clip)
        self.optimizer_g.zero_grad()
        loss_g = self._loss_g(
            self.discriminator(self.generator(self._noise(self.config.batch_size, self.random.noise_g)))
        )
        loss_g.backward()
        self.optimizer_g.step()
        return loss_d.item(), loss_g.item()

    def _noise(self, n: int, generator: torch.Generator) -> Tensor:
        z = torch.empty(n, self.config.latent.dim, device=self.device)
        if self.config.latent.distribution == "normal":
            return z.normal_(generator=generator)
        return z.uniform_(-1, 1, generator=generator)

    def _loss_d(self, real: Tensor, fake: Tensor) -> Tensor:
        if self.config.loss.name == "wasserstein":
            loss = fake.mean() - real.mean()
        else:
            on_real = binary_cross_entropy_with_logits(real, torch.ones_like(real))
            loss = on_real + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
        return loss / 2 if self.config.loss.combine == "mean" else loss

    def _loss_g(self, fake: Tensor) -> Tensor:
        if self.config.loss.name == "wasserstein":
            return -fake.mean()
        return binary_cross_entropy_with_logits(fake, torch.ones_like(fake))

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor | float:
        if self.config.penalty.name == "r1":
            return self.config.penalty.weight / 2 * self._gradient(real).square().sum(1).mean()
        if self.config.penalty.name == "gradient-penalty":
            e = torch.rand(len(real), generator=self.random.penalty, device=self.device)
            e = e.view(-1, *[1] * (real.dim() - 1))
            norms = self._gradient(e * real + (1 - e) * fake).norm(2, dim=1)
            return self.config.penalty.weight * ((norms - 1) ** 2).mean()
        return 0.0

    def _gradient(self, x: Tensor) -> Tensor:
        x = x.detach().requires_grad_(True)
        logits = self.discriminator(x)
        (gradient,) = torch.autograd.grad(logits, x, torch.ones_like(logits), create_graph=True, retain_graph=True)
        return gradient.view(len(x), -1)


def _picture(example: Tensor) -> Image.Image:
    return Image.fromarray(example.permute(1, 2, 0).squeeze(-1).numpy())


def _to_tensor(output: str) -> list[Callable[..., Tensor]]:
    return [transforms.ToTensor(), *([transforms.Normalize(0.5, 0.5)] if output == "tanh" else [])]


def _as_written(network: nn.Module) -> nn.Module:
    """The network with PyTorch's layers instead of our equivalent ones, and in PyTorch's default memory format."""
    for module in network.modules():
        module._forward_pre_hooks.clear()  # `models.layout`
        for own in (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Tanh):
            if isinstance(module, own):
                module.__class__ = own
    return network


def _optimizer(config: OptimizerConfig, network: nn.Module) -> torch.optim.Optimizer:
    return OPTIMIZERS[config.name](config, network.parameters())
