"""Convolutions next to a picture: computed on the folded picture, they are torch's own convolutions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gan_core.acceleration.ops.strided_conv import StridedConv2d, StridedConvTranspose2d


def on_cpu(layer: nn.Module) -> nn.Module:
    """The layer with weights, drawn from a fixed seed, in double precision."""
    torch.manual_seed(0)
    layer = layer.to_empty(device="cpu").double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    return layer


def plain(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """What torch's own class makes of it."""
    own = nn.Conv2d if isinstance(layer, nn.Conv2d) else nn.ConvTranspose2d
    return own.forward(layer, x)  # type: ignore[arg-type]


def slopes(layer: nn.Module, y: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    """The gradients of a penalty on the slope, and of the output, as R1 and an ordinary loss want them."""
    (slope,) = torch.autograd.grad(y.sin().sum(), x, create_graph=True)
    return torch.autograd.grad(slope.square().sum() + y.cos().sum(), [x, *layer.parameters()])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("side", [28, 14, 7, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_halving_is_torchs_convolution(side: int, channels: int, bias: bool) -> None:
    layer = on_cpu(StridedConv2d(channels, 5, bias))
    x = torch.randn(3, channels, side, side, dtype=torch.float64, requires_grad=True)
    ours, theirs = layer(x), plain(layer, x)  # type: ignore[arg-type]
    torch.testing.assert_close(ours, theirs)
    for a, b in zip(slopes(layer, ours, x), slopes(layer, theirs, x), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("to", [28, 14, 7, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_doubling_is_torchs_transposed_convolution(to: int, channels: int, bias: bool) -> None:
    layer = on_cpu(StridedConvTranspose2d(5, channels, to, bias))
    x = torch.randn(3, 5, to // 2, to // 2, dtype=torch.float64, requires_grad=True)
    ours, theirs = layer(x), plain(layer, x)  # type: ignore[arg-type]
    assert ours.shape == (3, channels, to, to)
    torch.testing.assert_close(ours, theirs)
    for a, b in zip(slopes(layer, ours, x), slopes(layer, theirs, x), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    "layer", [StridedConv2d(3, 5, True), StridedConvTranspose2d(5, 3, 28, True)], ids=["halving", "doubling"]
)
def test_pictures_with_each_pixels_channels_side_by_side_are_folded_alike(layer: nn.Module) -> None:
    layer = on_cpu(layer)
    x = torch.randn(3, layer.in_channels, 14, 14, dtype=torch.float64, requires_grad=True)
    laid = x.to(memory_format=torch.channels_last)
    torch.testing.assert_close(layer(laid), plain(layer, x))  # type: ignore[arg-type]
    torch.testing.assert_close(slopes(layer, layer(laid), x), slopes(layer, plain(layer, x), x))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "layer", [StridedConv2d(3, 5, True), StridedConvTranspose2d(5, 3, 28, True)], ids=["halving", "doubling"]
)
def test_in_bfloat16_they_round_what_torch_rounds(layer: nn.Module) -> None:
    layer = on_cpu(layer).float()
    x = torch.randn(3, layer.in_channels, 14, 14, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        ours, theirs = layer(x), plain(layer, x)  # type: ignore[arg-type]
    assert ours.dtype == theirs.dtype == torch.bfloat16
    leaves = [x, *layer.parameters()]
    found, wanted = (torch.autograd.grad(y.float().square().mean(), leaves) for y in (ours, theirs))
    for a, b in zip((ours, *found), (theirs, *wanted), strict=True):
        assert a.dtype == b.dtype
        assert (a - b).norm() < 0.01 * b.norm()


def test_what_comes_out_may_be_changed_in_place() -> None:
    """As by the activation of a layer of few channels without normalisation."""
    layer = on_cpu(StridedConvTranspose2d(5, 3, 28, True))
    x = torch.randn(3, 5, 14, 14, dtype=torch.float64, requires_grad=True)
    ours, theirs = layer(x).relu_(), plain(layer, x).relu()  # type: ignore[arg-type]
    torch.testing.assert_close(slopes(layer, ours, x), slopes(layer, theirs, x))


@pytest.mark.parametrize(("channels", "sign"), [(1, "Pixel"), (3, "FunctionBackward")])
def test_the_picture_is_folded_where_it_pays_only(channels: int, sign: str) -> None:
    """Pictures that want their gradient, while training; evaluation and export see a plain convolution."""
    down, up = on_cpu(StridedConv2d(channels, 5, True)), on_cpu(StridedConvTranspose2d(5, channels, 28, True))
    x = torch.randn(3, channels, 28, 28, dtype=torch.float64)
    z = torch.randn(3, 5, 14, 14, dtype=torch.float64)

    def folded(y: Tensor) -> bool:
        names, left = set(), [y.grad_fn]
        while left:
            if (function := left.pop()) is not None:
                names.add(function.name())
                left += [before for before, _ in function.next_functions]
        return any(sign in name for name in names)

    assert not folded(down(x))
    assert folded(down(x.requires_grad_()))
    assert folded(up(z))
    assert not folded(down.eval()(x))
    assert not folded(up.eval()(z))
