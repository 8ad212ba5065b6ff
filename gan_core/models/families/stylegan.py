"""A small StyleGAN (Karras et al., 2019 and 2020): z is mapped to a style, which scales the weights of every layer.

Image sides are halved and rounded down: 28 -> 14 -> 7. The layers next to the image have `width` channels, and each
halving doubles them. As in the second paper, the image is a sum over all resolutions, there is no progressive growing,
and D is the family "resnet". There is no equalized learning rate.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.models.layers import ACTIVATIONS, OUTPUTS, SelfInitializedLayer, StochasticLayer, linear

STYLE_EMA_DECAY = 0.995  # of the mean style


def generator(config: TrainConfig) -> StyleGenerator:
    """(N, generator_inputs) -> styles (N, layers, W) -> images (N, channels, side, side)."""
    return StyleGenerator(config)


class StyleGenerator(SelfInitializedLayer, StochasticLayer):
    """Karras et al. (2019), "A Style-Based Generator Architecture for Generative Adversarial Networks".

    In training, some samples take the styles of their last layers from another z (style mixing, section 3.1), so that
    adjacent layers stay independent. In evaluation, equal inputs give equal images.

    Attributes:
        layers: number of layers that take a style, from coarse to fine.
        w_mean: the mean style (W,), a moving average over training.
    """

    w_mean: Tensor

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        net, self.latent = config.generator, config.latent.dim
        image_channels, _, side = config.shape
        sides = [side >> k for k in range(net.depth, -1, -1)]  # 7, 14, 28
        channels = [net.width << k for k in range(net.depth, -1, -1)]  # 128, 64, 32
        widths = [config.generator_inputs] + [self.latent] * net.mapping

        self.mixing = net.style_mixing
        self.mapping = nn.Sequential(
            *(
                nn.Sequential(linear(inputs, outputs, bias=True), ACTIVATIONS["leaky-relu"](net))
                for inputs, outputs in pairwise(widths)
            )
        )
        self.constant = nn.Parameter(torch.empty(1, channels[0], sides[0], sides[0], device="meta"))
        self.stages = nn.ModuleList(
            SynthesisBlock(self.latent, inputs, outputs, image_channels, to, net.slope, first=k == 0)
            for k, (inputs, outputs, to) in enumerate(zip(channels[:1] + channels, channels, sides, strict=False))
        )
        self.output = OUTPUTS[net.output]()
        self.layers = 2 * len(self.stages) - 1  # the first block has one convolution, the others have two
        self.register_buffer("w_mean", torch.empty(self.latent, device="meta"))

    def initialize(self, rng: torch.Generator) -> None:
        self.constant.normal_(generator=rng)
        self.w_mean.zero_()

    def forward(self, inputs: Tensor) -> Tensor:
        w = self.map(inputs)
        styles = w[:, None].expand(-1, self.layers, -1)
        if self.training:
            with torch.no_grad():
                self.w_mean.lerp_(w.float().mean(dim=0), 1 - STYLE_EMA_DECAY)
            if self.mixing:
                styles = self._mixed(styles, inputs)
        return self.synthesise(styles)

    def map(self, inputs: Tensor) -> Tensor:
        """Inputs (N, generator_inputs), normalized to a mean square of 1 as in the papers' code -> styles w (N, W)."""
        return self.mapping(inputs * torch.rsqrt(inputs.square().mean(dim=1, keepdim=True) + 1e-8))

    def synthesise(self, styles: Tensor) -> Tensor:
        """A style for each layer (N, layers, W) -> images (N, channels, side, side)."""
        x, image = self.constant.expand(len(styles), -1, -1, -1), None
        sizes = [1] + [2] * (len(self.stages) - 1)  # convolutions per block
        for block, w in zip(self.stages, styles.split(sizes, dim=1), strict=True):
            x, image = block(x, image, w)
        return self.output(image)

    def truncate(self, w: Tensor, psi: float) -> Tensor:
        """Truncation (2019, appendix B): move styles w (N, W) to the mean style; psi 1 keeps w, 0 gives the mean."""
        return self.w_mean.lerp(w, psi)

    def _mixed(self, styles: Tensor, inputs: Tensor) -> Tensor:
        """Style mixing: from a random layer on, use the style of another z, with the same class: (N, layers, W)."""
        other = torch.cat((inputs[:, : self.latent].roll(1, 0), inputs[:, self.latent :]), dim=1)
        probability, start = torch.empty(2, len(inputs), 1, device=inputs.device).uniform_(generator=self.rng)
        layer = torch.arange(self.layers, device=inputs.device)
        mixed = (probability < self.mixing) & (layer > start * (self.layers - 1))  # never the first layer
        return torch.where(mixed[..., None], self.map(other)[:, None], styles)


class SynthesisBlock(nn.Module):
    """One resolution (2020, figure 7b): upsamples x and the image so far, and adds to the image.

    The paper upsamples within the first convolution; here that convolution runs before, at a quarter of the cost.
    """

    def __init__(
        self, style: int, inputs: int, outputs: int, channels: int, side: int, slope: float, first: bool
    ) -> None:
        super().__init__()
        self.before = None if first else SynthesisLayer(style, inputs, outputs, side // 2, slope)
        self.grow = nn.Identity() if first else nn.Upsample((side, side), mode="bilinear")
        self.after = SynthesisLayer(style, outputs, outputs, side, slope)
        self.to_picture = ModulatedConv2d(style, outputs, channels, 1, demodulate=False)

    def forward(self, x: Tensor, image: Tensor | None, styles: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, inputs, side // 2, side // 2) -> x (N, outputs, side, side) and the image (N, channels, side, side).

        Args:
            styles: (N, 1 or 2, W), one for each convolution; the last one also styles the output to the image.
        """
        if self.before is not None:
            x = self.before(x, styles[:, 0])
        x = self.after(self.grow(x), styles[:, -1])
        added = self.to_picture(x, styles[:, -1])
        return x, added if image is None else self.grow(image) + added


class SynthesisLayer(SelfInitializedLayer, StochasticLayer):
    """A modulated convolution, noise, bias and leaky ReLU (2020, figure 2c): (N, inputs, side, side) -> outputs.

    The noise has one value per pixel: new in every training step, fixed in evaluation. Its strength is learned and
    starts at 0.
    """

    noise: Tensor

    def __init__(self, style: int, inputs: int, outputs: int, side: int, slope: float) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(style, inputs, outputs, 3)
        self.bias = nn.Parameter(torch.empty(outputs, device="meta"))
        self.strength = nn.Parameter(torch.empty((), device="meta"))
        self.register_buffer("noise", torch.empty(1, 1, side, side, device="meta"))
        self.slope, self.gain = slope, nn.init.calculate_gain("leaky_relu", slope)  # keeps the variance at 1

    def initialize(self, rng: torch.Generator) -> None:
        self.bias.zero_()
        self.strength.zero_()
        self.noise.normal_(generator=rng)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = self.convolution(x, w)
        noise = self.noise.to(x.dtype)
        if self.training:
            noise = torch.empty_like(x[:, :1]).normal_(generator=self.rng)
        x = x + self.strength.to(x.dtype) * noise + self.bias.to(x.dtype)[:, None, None]
        return F.leaky_relu(x, self.slope, inplace=True) * self.gain


class ModulatedConv2d(nn.Module):
    """Karras et al. (2020), "Analyzing and Improving the Image Quality of StyleGAN", equations 1 and 3.

        w''_ijk = w'_ijk / sqrt(sum_i,k w'_ijk^2 + 1e-8),   w'_ijk = s_i w_ijk,   s = 1 + A(w)

    The paper convolves each sample with its own weights. Scaling the channels before and after a shared convolution is
    mathematically equal and much faster on a CPU.

    Args:
        style: dimension W of a style.
        side: of the kernel.
    """

    def __init__(self, style: int, inputs: int, outputs: int, side: int, demodulate: bool = True) -> None:
        super().__init__()
        self.affine = linear(style, inputs, bias=True)
        self.convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=not demodulate, device="meta")
        self.demodulate = demodulate  # demodulation would scale a bias, so the caller adds it afterwards

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, inputs, side, side), styles w (N, W) -> (N, outputs, side, side)."""
        s = 1 + self.affine(w)
        x = self.convolution(x * s[..., None, None])
        if self.demodulate:
            power = self.convolution.weight.square().sum(dim=(2, 3))  # (outputs, inputs)
            x = x * torch.rsqrt(s.square() @ power.T + 1e-8)[..., None, None].to(x.dtype)
        return x
