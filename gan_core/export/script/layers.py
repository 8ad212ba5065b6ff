"""One layer of a network as code: torch's own, or a class that the script defines to come to the run's very numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from torch import nn

from gan_core.acceleration.ops.strided_conv import StridedConv2d, StridedConvTranspose2d
from gan_core.export.script.parts import CannotWriteError
from gan_core.models.layers import Dropout

_DROPOUT = '''
    class Dropout(nn.Module):
        """nn.Dropout, but the masks come from a generator of their own."""

        def __init__(self, p):
            super().__init__()
            self.p = p

        def forward(self, x):
            if not self.training:
                return x
            return x * torch.empty_like(x).bernoulli_(1 - self.p, generator=masks).div_(1 - self.p)
'''
_HALVING = '''
    class StridedConv2d(nn.Conv2d):
        """nn.Conv2d for a grey picture; on a CPU its gradient is found faster with 2 x 2 pixels as 4 channels."""

        def forward(self, x):
            gains = x.requires_grad or x.stride(1) == 1
            if not (self.training and gains and x.device.type == "cpu"):
                return super().forward(x)
            return F.conv2d(F.pixel_unshuffle(F.pad(x, (1, 1, 1, 1)), 2), F.pixel_unshuffle(self.weight, 2), self.bias)
'''
_DOUBLING = '''
    class StridedConvTranspose2d(nn.ConvTranspose2d):
        """nn.ConvTranspose2d to a grey picture; on a CPU it is faster with 2 x 2 pixels as 4 channels."""

        def forward(self, x):
            if not (self.training and x.device.type == "cpu"):
                return super().forward(x)
            folded = F.conv_transpose2d(x, F.pixel_unshuffle(self.weight, 2))
            y = F.pixel_shuffle(folded, 2)[:, :, 1:-1, 1:-1]
            return y if self.bias is None else y + self.bias
'''
_COLOUR_HALVING = '''
    class ColourHalving(nn.Conv2d):
        """nn.Conv2d for a colour picture; on a CPU `StridedConvTransposeFunction` computes its gradient faster."""

        def forward(self, x):
            if not (self.training and x.requires_grad and x.device.type == "cpu"):
                return super().forward(x)
            return StridedConvFunction.apply(x, self.weight, self.bias)
'''
_COLOUR_DOUBLING = '''
    class ColourDoubling(nn.ConvTranspose2d):
        """nn.ConvTranspose2d to a colour picture; on a CPU it is faster as `StridedConvTransposeFunction` does it."""

        def forward(self, x):
            if not (self.training and x.device.type == "cpu"):
                return super().forward(x)
            return StridedConvTransposeFunction.apply(x, self.weight, self.bias)
'''
_FOLDED = '''
    class StridedConvFunction(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
        def forward(context, x, w, b):
            context.save_for_backward(x, w)
            return F.conv2d(x, w, b, stride=2, padding=1)

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(context, grad):
            x, w = context.saved_tensors
            return slopes(context, StridedConvTransposeFunction, grad, w, x, grad)


    class StridedConvTransposeFunction(torch.autograd.Function):
        """A transposed convolution, with each square of 2 x 2 pixels as channels of one."""

        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
        def forward(context, x, w, b):
            context.save_for_backward(x, w)
            (n, _, height, width), (inputs, c, *_) = x.shape, w.shape
            folded = F.pad(w, (1, 1, 1, 1)).view(inputs, c, 3, 2, 3, 2).permute(0, 3, 5, 1, 2, 4)
            y = F.conv_transpose2d(x, folded.reshape(inputs, 4 * c, 3, 3), b if b is None else b.repeat(4), padding=1)
            made = torch.empty((n, c, 2 * height, 2 * width), dtype=y.dtype, memory_format=torch.channels_last)
            squares = made.permute(0, 2, 3, 1).view(n, height, 2, width, 2, c)
            squares.copy_(y.unflatten(1, (2, 2, c)).permute(0, 4, 1, 5, 2, 3))
            return made

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(context, grad):
            x, w = context.saved_tensors
            return slopes(context, StridedConvFunction, grad, w, grad, x)


    def slopes(context, back, grad, w, picture, y):
        of_x, of_w, of_b = context.needs_input_grad
        return (
            back.apply(grad, w, None) if of_x else None,
            nn.grad.conv2d_weight(picture, w.shape, y, stride=2, padding=1) if of_w else None,
            grad.sum((0, 2, 3)) if of_b else None,
        )
'''
_LAID_OUT = '''
    def laid_out(x, layout):
        """Pictures in another layout in memory; their gradient gets the layout that they came in."""
        laid = x.to(memory_format=layout) if x.ndim == 4 else x
        if laid.requires_grad and laid is not x:
            came = torch.contiguous_format if x.is_contiguous() else torch.channels_last
            laid.register_hook(lambda grad: grad if grad is None else grad.to(memory_format=came))
        return laid
'''


def written(module: nn.Module, rows: int, shape: tuple[int, ...]) -> str:
    """The layer as code, for `rows` samples of this `shape` at a time.

    Raises:
        CannotWriteError: no page holds a layer of this kind.
    """
    for kind, write in _WRITERS.items():
        if isinstance(module, kind):
            plain = write(module)
            name = _own_class(module, rows, shape)
            return plain if name is None else name + plain[plain.index("(") :]
    raise CannotWriteError(f"A page of plain PyTorch has no layer for {type(module).__name__}")


def classes(layers: Collection[str], laid_out: bool) -> list[str]:
    """The code of every class that the script must define for these layers, which are written, and for a layout."""
    own = [text for name, text in _CLASSES.items() if any(layer.startswith(f"{name}(") for layer in layers)]
    folded = [_FOLDED] if {_COLOUR_HALVING, _COLOUR_DOUBLING} & {*own} else []
    return [*own, *folded, *([_LAID_OUT] if laid_out else [])]


def _own_class(module: nn.Module, rows: int, shape: tuple[int, ...]) -> str | None:
    """What the script's own class for this layer is called; None where it has none."""
    if isinstance(module, StridedConv2d) and module.folds(shape[-1]):
        return "StridedConv2d" if module.in_channels == 1 else "ColourHalving"
    if isinstance(module, StridedConvTranspose2d) and module.folds:
        return "StridedConvTranspose2d" if module.out_channels == 1 else "ColourDoubling"
    return None


def _convolution(module: Any) -> str:
    kind = "ConvTranspose2d" if isinstance(module, nn.ConvTranspose2d) else "Conv2d"
    sizes = f"kernel_size={module.kernel_size[0]}, stride={module.stride[0]}"
    padding = f", padding={module.padding[0]}" if module.padding[0] else ""
    more = f", output_padding={module.output_padding[0]}" if module.output_padding[0] else ""
    return f"nn.{kind}({module.in_channels}, {module.out_channels}, {sizes}{padding}{more}{_without_bias(module)})"


def _without_bias(module: Any) -> str:
    return "" if module.bias is not None else ", bias=False"


def _inplace(module: Any) -> str:
    return "inplace=True" if module.inplace else ""


_CLASSES = {
    "Dropout": _DROPOUT,
    "StridedConv2d": _HALVING,
    "StridedConvTranspose2d": _DOUBLING,
    "ColourHalving": _COLOUR_HALVING,
    "ColourDoubling": _COLOUR_DOUBLING,
}
_WRITERS: dict[type[nn.Module], Callable[[Any], str]] = {
    nn.Linear: lambda m: f"nn.Linear({m.in_features}, {m.out_features}{_without_bias(m)})",
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.BatchNorm1d: lambda m: f"nn.BatchNorm1d({m.num_features})",
    nn.BatchNorm2d: lambda m: f"nn.BatchNorm2d({m.num_features})",
    nn.ReLU: lambda m: f"nn.ReLU({_inplace(m)})",
    nn.LeakyReLU: lambda m: f"nn.LeakyReLU({m.negative_slope!r}, {_inplace(m)})",
    nn.Tanh: lambda m: "nn.Tanh()",
    nn.ELU: lambda m: "nn.ELU()",
    nn.SiLU: lambda m: "nn.SiLU()",
    nn.Sigmoid: lambda m: "nn.Sigmoid()",
    nn.Flatten: lambda m: f"nn.Flatten({m.start_dim if m.start_dim != 1 else ''})",
    nn.Unflatten: lambda m: f"nn.Unflatten({m.dim}, {tuple(m.unflattened_size)})",
    Dropout: lambda m: f"Dropout({m.p!r})",
}
