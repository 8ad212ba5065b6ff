"""StyleGAN (Karras et al., 2019 and 2020), small: z becomes a style, and the style scales the weights of every layer.

The sides of the pictures come from halving, rounded down: 28 -> 14 -> 7. The layers next to the picture have `width`
channels, and each halving doubles them. As in the second paper the picture is a sum over all sizes, there is no
progressive growing, and D is family "resnet". Weights are plain ones, without the papers' equalised learning rate.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.models.layers import ACTIVATIONS, OUTPUTS, SelfInitializedLayer, StochasticLayer, linear

MEMORY = 0.995  # decay of the mean style


def generator(config: TrainConfig) -> StyleGenerator:
    """(N, generator_inputs) -> styles (N, layers, W) -> images (N, channels, side, side)."""
    return StyleGenerator(config)


class StyleGenerator(SelfInitializedLayer, StochasticLayer):
    """Karras et al. (2019), "A Style-Based Generator Architecture for Generative Adversarial Networks".

    In training, some samples take the styles of their last layers from another z (style mixing, section 3.1), so that
    no layer may rely on its neighbours. In evaluation the same inputs always give the same picture.

    Attributes:
        layers: how many layers take a style, from the coarsest to the finest.
        w_mean: the mean style (W,), a moving average over training.
    """

    w_mean: Tensor

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        net, self.latent = config.generator, config.latent.dim
        picture, _, side = config.shape
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
            Stage(self.latent, inputs, outputs, picture, to, net.slope, first=k == 0)
            for k, (inputs, outputs, to) in enumerate(zip(channels[:1] + channels, channels, sides, strict=False))
        )
        self.output = OUTPUTS[net.output]()
        self.layers = 2 * len(self.stages) - 1  # the smallest size has one convolution, the others have two
        self.register_buffer("w_mean", torch.empty(self.latent, device="meta"))

    def initialize(self, rng: torch.Generator) -> None:
        self.constant.normal_(generator=rng)
        self.w_mean.zero_()

    def forward(self, inputs: Tensor) -> Tensor:
        w = self.map(inputs)
        styles = w[:, None].expand(-1, self.layers, -1)
        if self.training:
            with torch.no_grad():
                self.w_mean.lerp_(w.float().mean(dim=0), 1 - MEMORY)
            if self.mixing:
                styles = self._mixed(styles, inputs)
        return self.synthesise(styles)

    def map(self, inputs: Tensor) -> Tensor:
        """Inputs (N, generator_inputs), each scaled to a mean square of 1 as in the papers' code -> styles w (N, W)."""
        w: Tensor = self.mapping(inputs * torch.rsqrt(inputs.square().mean(dim=1, keepdim=True) + 1e-8))
        return w

    def synthesise(self, styles: Tensor) -> Tensor:
        """A style for each layer (N, layers, W) -> images (N, channels, side, side)."""
        x, picture = self.constant.expand(len(styles), -1, -1, -1), None
        for stage, own in zip(self.stages, styles.split([1] + [2] * (len(self.stages) - 1), dim=1), strict=True):
            x, picture = stage(x, picture, own)
        image: Tensor = self.output(picture)
        return image

    def truncate(self, w: Tensor, psi: float) -> Tensor:
        """Styles w (N, W), pulled to the mean style: psi 1 changes nothing, 0 leaves the mean (2019, appendix B)."""
        return self.w_mean.lerp(w, psi)

    def _mixed(self, styles: Tensor, inputs: Tensor) -> Tensor:
        """From a random layer on, another sample's z, under the sample's own class: (N, layers, W)."""
        other = torch.cat((inputs[:, : self.latent].roll(1, 0), inputs[:, self.latent :]), dim=1)
        chance, start = torch.empty(2, len(inputs), 1, device=inputs.device).uniform_(generator=self.rng)
        layer = torch.arange(self.layers, device=inputs.device)
        taken = (chance < self.mixing) & (layer > start * (self.layers - 1))  # never the first layer
        return torch.where(taken[..., None], self.map(other)[:, None], styles)


class Stage(nn.Module):
    """One size of the picture (2020, figure 7b): x and the picture so far, doubled, and what this size adds to both.

    The paper doubles the size within the first convolution; here that one comes before, at a quarter of the cost.
    """

    def __init__(
        self, style: int, inputs: int, outputs: int, picture: int, side: int, slope: float, first: bool
    ) -> None:
        super().__init__()
        self.before = None if first else Layer(style, inputs, outputs, side // 2, slope)
        self.grow = nn.Identity() if first else nn.Upsample((side, side), mode="bilinear")
        self.after = Layer(style, outputs, outputs, side, slope)
        self.to_picture = Modulated(style, outputs, picture, 1, demodulate=False)

    def forward(self, x: Tensor, picture: Tensor | None, styles: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, inputs, side // 2, side // 2) -> x (N, outputs, side, side) and the picture (N, channels, side, side).

        Args:
            styles: (N, 1 or 2, W), one for each convolution; the last one colours the picture too.
        """
        if self.before is not None:
            x = self.before(x, styles[:, 0])
        x = self.after(self.grow(x), styles[:, -1])
        added = self.to_picture(x, styles[:, -1])
        return x, added if picture is None else self.grow(picture) + added


class Layer(SelfInitializedLayer, StochasticLayer):
    """A modulated convolution, noise, bias and leaky ReLU (2020, figure 2c): (N, inputs, side, side) -> outputs.

    The noise is one number a pixel, new at each step of training and always the same in evaluation; its strength is
    learned, from 0.
    """

    noise: Tensor

    def __init__(self, style: int, inputs: int, outputs: int, side: int, slope: float) -> None:
        super().__init__()
        self.convolution = Modulated(style, inputs, outputs, 3)
        self.bias = nn.Parameter(torch.empty(outputs, device="meta"))
        self.strength = nn.Parameter(torch.empty((), device="meta"))
        self.register_buffer("noise", torch.empty(1, 1, side, side, device="meta"))
        self.slope, self.gain = slope, nn.init.calculate_gain("leaky_relu", slope)  # the variance stays 1

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


class Modulated(nn.Module):
    """Karras et al. (2020), "Analyzing and Improving the Image Quality of StyleGAN", equations 1 and 3.

        w''_ijk = w'_ijk / sqrt(sum_i,k w'_ijk^2 + 1e-8),   w'_ijk = s_i w_ijk,   s = 1 + A(w)

    The paper convolves each sample with weights of its own. Scaling the channels before and after one convolution
    that all samples share is the same mathematics, and on a CPU far faster.

    Args:
        style: how many numbers W a style has.
        side: of the kernel.
    """

    def __init__(self, style: int, inputs: int, outputs: int, side: int, demodulate: bool = True) -> None:
        super().__init__()
        self.affine = linear(style, inputs, bias=True)
        self.convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=not demodulate, device="meta")
        self.demodulate = demodulate  # a bias would be scaled too: whoever demodulates adds it after

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, inputs, side, side), styles w (N, W) -> (N, outputs, side, side)."""
        s = 1 + self.affine(w)
        x = self.convolution(x * s[..., None, None])
        if self.demodulate:
            power = self.convolution.weight.square().sum(dim=(2, 3))  # (outputs, inputs)
            x = x * torch.rsqrt(s.square() @ power.T + 1e-8)[..., None, None].to(x.dtype)
        return x
