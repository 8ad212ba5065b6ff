"""Saliency maps of D: how strongly its logit depends on each pixel."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_core.latent.frozen_model import Label, Model
from gan_core.system.random_streams import stream

_NOISY = 16  # noisy copies of a picture for SmoothGrad
_SIGMA = 0.1  # of the noise, relative to the pixel range; the paper uses 0.1 to 0.2
_MAX_QUANTILE = 0.99  # the quantile that is mapped to 1, so that a single pixel does not darken all others


def saliency(
    model: Model,
    pictures: Tensor | np.ndarray,
    label: Label = None,
    kind: Literal["smoothgrad", "gradient x input"] = "smoothgrad",
) -> np.ndarray:
    """Saliency of each pixel of one or more pictures: (n, H, W) float32 in [0, 1], 1 for the strongest.

    "smoothgrad": absolute gradient, averaged over noisy copies (Smilkov et al., 2017). "gradient x input": absolute
    value of the gradient times the pixel (Shrikumar et al., 2017).

    Args:
        pictures: as returned by `Model.decode` or `Model.pictures`, or a single one.

    Raises:
        ValueError: the pictures differ in shape from the model's samples, or the model makes points.
    """
    if len(model.config.shape) != 3:
        raise ValueError("saliency needs pictures; this model makes points")
    x = model.samples(pictures if pictures.ndim == 4 else pictures[None])
    y = model.labels(label, len(x))
    if kind == "smoothgrad":
        noise = torch.empty(_NOISY, *x.shape[1:]).normal_(0, _SIGMA, generator=stream(0, "smoothgrad")).to(x.device)
        parts = [_gradient(model, x + each, y).abs() for each in noise]
        heat = torch.stack(parts).mean(0)
    else:
        heat = (_gradient(model, x, y) * x).abs()
    heat = heat.amax(1)  # (n, H, W): maximum over the channels
    scale = torch.quantile(heat.flatten(1), _MAX_QUANTILE, dim=1).clamp(min=1e-12)
    return (heat / scale[:, None, None]).clamp(0, 1).cpu().numpy()


def _gradient(model: Model, x: Tensor, y: Tensor | None) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model.logits(x, y).sum(), x)
    return gradient
