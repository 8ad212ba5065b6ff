"""The groups of settings that make up an experiment: what each field means, its bounds, its unit, its default."""

from __future__ import annotations

from typing import Annotated, Literal

from gan_core.config.catalog import (
    BATCH_LAYERS,
    CONDITIONS,
    DATASETS,
    DISCRIMINATORS,
    GENERATORS,
    HEADS,
    LOSSES,
    OPTIMIZERS,
    PENALTIES,
)
from gan_core.config.schema import OrAuto, Points, Section, Widths, name_in
from gan_core.config.schema import described as _field


class DataConfig(Section):
    name: name_in(DATASETS) = _field("mnist-5k", "Data set to imitate.")  # type: ignore[valid-type]
    size: Annotated[int | None, OrAuto] = _field(
        None, "Side that images are resized to; auto keeps the data set's own.", unit="pixels", ge=8, le=128
    )
    channels: Annotated[Literal[1, 3] | None, OrAuto] = _field(
        None, "1 makes grey, 3 makes RGB; auto keeps the data set's own."
    )
    count: int = _field(0, "Use this many examples only; 0 means all.", unit="examples", ge=0, le=1_000_000)
    path: str = _field("", "Folder or zip file of images, for the data set 'folder'.", max_length=1000)
    points: Points = _field((), "The strokes of a drawn distribution, as points.")


class LatentConfig(Section):
    dim: int = _field(64, "Length of the latent vector z.", unit="numbers", ge=1, le=1024)
    distribution: Literal["normal", "uniform"] = _field(
        "normal", "What z is drawn from: N(0, 1), or uniform in [-1, 1]."
    )


class NetworkConfig(Section):
    hidden: Widths = _field((128, 256), "Width of each hidden layer, from input to output (MLP).", unit="units")
    width: int = _field(
        32,
        "Channels of the layer next to the picture; doubles with each halving.",
        unit="channels",
        ge=1,
        le=512,
    )
    depth: int = _field(2, "How often the picture is halved or doubled.", unit="stages", ge=1, le=6)
    activation: Literal["relu", "leaky-relu", "tanh", "elu", "silu"] = _field("relu", "Non-linearity between layers.")
    slope: float = _field(0.2, "Slope of leaky ReLU below zero.", ge=0, le=1)
    norm: Literal["none", "batch"] = _field("batch", "Normalisation after each hidden layer.")
    norm_first: bool = _field(True, "Normalise the first layer's output too.")
    dropout: float = _field(0.0, "Share of hidden units dropped at each training step.", ge=0, lt=1)
    bias: Literal["auto", "always", "never"] = _field(
        "auto", "Bias terms; auto leaves them out where a normalisation follows."
    )
    spectral: bool = _field(False, "Divide each layer's weights by their largest singular value (SNGAN).")
    blocks: int = _field(1, "Transformer blocks at each size of the picture (TransGAN).", unit="blocks", ge=1, le=12)
    init: Literal["torch", "normal", "he"] = _field(
        "normal", "Initial weights: torch's own; or N(0, init_std) or He's, both with zero biases."
    )
    init_std: float = _field(0.02, "Standard deviation of normal initial weights.", gt=0, le=1)


class GeneratorConfig(NetworkConfig):
    name: name_in(GENERATORS) = _field("dcgan", "Family of the generator network.")  # type: ignore[valid-type]
    output: Literal["tanh", "sigmoid", "linear"] = _field(
        "tanh", "Last step of G; images are scaled to its range: tanh [-1, 1], sigmoid [0, 1]."
    )
    mapping: int = _field(4, "Layers that map z to the style w (StyleGAN).", unit="layers", ge=1, le=8)
    style_mixing: float = _field(
        0.9, "Share of training samples that take their fine styles from a second z (StyleGAN).", ge=0, le=1
    )


class DiscriminatorConfig(NetworkConfig):
    name: name_in(DISCRIMINATORS) = _field("dcgan", "Family of the discriminator (critic) network.")  # type: ignore[valid-type]
    activation: Literal["relu", "leaky-relu", "tanh", "elu", "silu"] = _field(
        "leaky-relu", "Non-linearity between layers."
    )
    norm_first: bool = _field(False, "Normalise the first layer's output too.")
    batch_layer: name_in(BATCH_LAYERS) = _field("none", "What lets D compare the samples of a batch.")  # type: ignore[valid-type]
    head: name_in(HEADS) = _field("linear", "How D's score comes from its last features.")  # type: ignore[valid-type]


class ConditionConfig(Section):
    name: name_in(CONDITIONS) = _field("none", "Whether both networks are told the class, and how D is.")  # type: ignore[valid-type]
    dim: int = _field(32, "Numbers that stand for a class.", unit="numbers", ge=1, le=512)


class AugmentConfig(Section):
    translation: float = _field(
        0.0,
        "DiffAugment: shift what D sees by up to this share of its side; the paper: 0.125.",
        live=True,
        ge=0,
        le=0.5,
    )
    cutout: float = _field(
        0.0,
        "DiffAugment: blank a square of this share of the side in what D sees; the paper: 0.5.",
        live=True,
        ge=0,
        le=1,
    )
    color: float = _field(
        0.0,
        "DiffAugment: vary brightness, saturation, contrast of what D sees; the paper: 1.",
        live=True,
        ge=0,
        le=1,
    )


class LossConfig(Section):
    name: name_in(LOSSES) = _field("non-saturating", "What D and G minimise.", live=True)  # type: ignore[valid-type]
    combine: Literal["sum", "mean"] = _field(
        "sum", "D's loss is the sum, or the mean, of its real and its fake term.", live=True
    )
    label_smoothing: float = _field(
        0.0, "Real label is 1 minus this; keeps D from being sure.", live=True, ge=0, lt=0.5
    )


class PenaltyConfig(Section):
    name: name_in(PENALTIES) = _field("none", "Extra constraint on D.", live=True)  # type: ignore[valid-type]
    weight: float = _field(10.0, "Strength: lambda of the gradient penalty, gamma of R1.", live=True, ge=0, le=1000)
    every: int = _field(
        1, "Apply at each n-th step of D, with n times the strength.", unit="steps", live=True, ge=1, le=64
    )
    clip: float = _field(0.01, "Largest size a weight of D may have (weight clipping).", live=True, gt=0, le=1)


class OptimizerConfig(Section):
    name: name_in(OPTIMIZERS) = _field("adam", "Update rule.")  # type: ignore[valid-type]
    lr: float = _field(2e-4, "Learning rate.", live=True, gt=0, le=10)
    beta1: float = _field(0.5, "Decay of the mean of gradients (the Adam family).", live=True, ge=0, lt=1)
    beta2: float = _field(0.999, "Decay of the mean of squared gradients (the Adam family).", live=True, ge=0, lt=1)
    momentum: float = _field(0.0, "Momentum (SGD, RMSprop).", ge=0, lt=1)
    nesterov: bool = _field(False, "Nesterov's momentum (SGD).")
    alpha: float = _field(0.99, "Decay of the mean of squared gradients (RMSprop).", ge=0, lt=1)
    rho: float = _field(0.9, "Decay of the mean of squared gradients (Adadelta).", ge=0, lt=1)
    weight_decay: float = _field(0.0, "Pull of every weight towards zero.", live=True, ge=0, le=1)


class RecordConfig(Section):
    samples: int = _field(64, "Samples shown, always from the same latents.", unit="samples", ge=1, le=1024)
    log_every: int = _field(1, "Log the figures of each n-th step.", unit="steps", ge=1, le=1_000_000)
    frame_every: int = _field(100, "Keep a picture of the samples at each n-th step.", unit="steps", ge=1, le=1_000_000)
    save_every: int = _field(1000, "Save a whole checkpoint at each n-th step.", unit="steps", ge=1, le=1_000_000)
    keep: int = _field(3, "Checkpoints kept; older ones are deleted.", unit="checkpoints", ge=1, le=1000)
    tensorboard: bool = _field(False, "Write event files for TensorBoard too, into the run's folder.")
    evaluate_every: float = _field(
        15.0, "Seconds of training between judgements of quality; 0 for never.", unit="seconds", ge=0, le=86_400
    )
    judge_every: int = _field(
        0,
        "Judge at each n-th step, training waiting; 0 leaves it to evaluate_every.",
        unit="steps",
        ge=0,
        le=1_000_000,
    )
