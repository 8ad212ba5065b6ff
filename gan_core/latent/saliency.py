"""What D looks at: how much its logit would change with each pixel."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_core.latent.frozen_model import Label, Model
from gan_core.system.random_streams import stream

_NOISY = 16  # copies of a picture that SmoothGrad averages over
_SIGMA = 0.1  # of their noise, as a share of the range of pixels; the paper: 0.1 to 0.2
_BRIGHTEST = 0.99  # quantile that becomes 1, so that one pixel does not darken all others


def saliency(
    model: Model,
    pictures: Tensor | np.ndarray,
    label: Label = None,
    kind: Literal["smoothgrad", "gradient x input"] = "smoothgrad",
) -> np.ndarray:
    """How much D's logit depends on each pixel of one picture or several: (n, H, W) float32 in [0, 1], 1 for most.

    "smoothgrad": the size of the gradient, averaged over noisy copies (Smilkov et al., 2017). "gradient x input": the
    size of gradient times brightness, the linear part of the pixel's share in the logit (Shrikumar et al., 2017).

    Args:
        pictures: as `Model.decode` or `Model.pictures` gives them, or one of them.

    Raises:
        ValueError: of another shape than the model's samples, or points.
    """
    if len(model.config.shape) != 3:
        raise ValueError("D's view is drawn on pictures; this model makes points")
    x = model.samples(pictures if pictures.ndim == 4 else pictures[None])
    y = model.labels(label, len(x))
    if kind == "smoothgrad":
        noise = torch.empty(_NOISY, *x.shape[1:]).normal_(0, _SIGMA, generator=stream(0, "smoothgrad")).to(x.device)
        parts = [_gradient(model, x + each, y).abs() for each in noise]
        heat = torch.stack(parts).mean(0)
    else:
        heat = (_gradient(model, x, y) * x).abs()
    heat = heat.amax(1)  # (n, H, W): the channel that matters most
    most = torch.quantile(heat.flatten(1), _BRIGHTEST, dim=1).clamp(min=1e-12)
    return (heat / most[:, None, None]).clamp(0, 1).cpu().numpy()


def _gradient(model: Model, x: Tensor, y: Tensor | None) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model.logits(x, y).sum(), x)
    return gradient
