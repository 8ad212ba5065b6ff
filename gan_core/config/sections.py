"""The sections of a config: each setting with its default, its help, its unit and its bounds."""

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
from gan_core.config.schema import Names, OrAuto, Points, Section, Widths, field, name_in


class DataConfig(Section):
    name: name_in(DATASETS) = field("mnist-5k", "Data set that the GAN learns to imitate.")  # type: ignore[valid-type]
    size: Annotated[int | None, OrAuto] = field(
        None, "Images are resized to this side; auto keeps the data set's size.", unit="pixels", ge=8, le=128
    )
    channels: Annotated[Literal[1, 3] | None, OrAuto] = field(
        None, "1 for grey, 3 for RGB; auto keeps the data set's channels."
    )
    count: int = field(0, "Number of examples to use; 0 uses all.", unit="examples", ge=0, le=1_000_000)
    labels: Literal["hair", "glasses"] = field(
        "hair", "What the labels of the data set 'faces' tell: hair colour or glasses."
    )
    path: str = field("", "Folder or zip file of images, for the data set 'folder'.", max_length=1000)
    fit: Literal["crop", "pad", "stretch"] = field(
        "crop", "Makes pictures square: crop cuts off the ends, pad adds margins, stretch distorts them."
    )
    ground: Literal["auto", "white", "black", "grey"] = field(
        "auto", "Colour behind transparent pictures; auto: white, or black if they are nearly white."
    )
    classes: Names = field((), "Names of the folders that are the classes; filled in when training starts.")
    points: Points = field((), "Points of the drawn distribution, for the data set 'drawn'.")


class LatentConfig(Section):
    dim: int = field(64, "Length of the latent vector z.", unit="numbers", ge=1, le=1024)
    distribution: Literal["normal", "uniform"] = field("normal", "Distribution of z: N(0, 1), or uniform in [-1, 1].")


class NetworkConfig(Section):
    hidden: Widths = field((128, 256), "Width of each hidden layer, from input to output (MLP).", unit="units")
    width: int = field(
        32, "Channels of the layer nearest the image; they double at each smaller size.", unit="channels", ge=1, le=512
    )
    depth: int = field(2, "How many times the image is halved (D) or doubled (G).", unit="stages", ge=1, le=6)
    activation: Literal["relu", "leaky-relu", "tanh", "elu", "silu"] = field(
        "relu", "Activation function between layers."
    )
    slope: float = field(0.2, "Slope of leaky ReLU below zero.", ge=0, le=1)
    norm: Literal["none", "batch"] = field("batch", "Normalisation after each hidden layer.")
    norm_first: bool = field(True, "Normalise the output of the first layer too.")
    dropout: float = field(0.0, "Share of hidden units dropped at each training step.", ge=0, lt=1)
    bias: Literal["auto", "always", "never"] = field("auto", "Bias terms; auto omits them before a normalisation.")
    spectral: bool = field(False, "Divide each layer's weights by their largest singular value (SNGAN).")
    blocks: int = field(1, "Transformer blocks at each image size (TransGAN).", unit="blocks", ge=1, le=12)
    init: Literal["torch", "normal", "he"] = field(
        "normal", "Initial weights: PyTorch's default; or N(0, init_std) or He's, both with zero biases."
    )
    init_std: float = field(0.02, "Standard deviation of normal initial weights.", gt=0, le=1)


class GeneratorConfig(NetworkConfig):
    name: name_in(GENERATORS) = field("dcgan", "Family of the generator network.")  # type: ignore[valid-type]
    output: Literal["tanh", "sigmoid", "linear"] = field(
        "tanh", "Output activation of G; images are scaled to its range: tanh [-1, 1], sigmoid [0, 1]."
    )
    mapping: int = field(4, "Layers that map z to the style w (StyleGAN).", unit="layers", ge=1, le=8)
    style_mixing: float = field(
        0.9, "Share of training samples that take their fine styles from a second z (StyleGAN).", ge=0, le=1
    )


class DiscriminatorConfig(NetworkConfig):
    name: name_in(DISCRIMINATORS) = field("dcgan", "Family of the discriminator (critic) network.")  # type: ignore[valid-type]
    activation: Literal["relu", "leaky-relu", "tanh", "elu", "silu"] = field(
        "leaky-relu", "Activation function between layers."
    )
    norm_first: bool = field(False, "Normalise the output of the first layer too.")
    batch_layer: name_in(BATCH_LAYERS) = field("none", "Layer through which D compares the samples of a batch.")  # type: ignore[valid-type]
    head: name_in(HEADS) = field("linear", "How D computes its score from its last features.")  # type: ignore[valid-type]


class ConditionConfig(Section):
    name: name_in(CONDITIONS) = field("none", "How the networks receive the class label, if at all.")  # type: ignore[valid-type]
    dim: int = field(32, "Length of the vector that represents a class.", unit="numbers", ge=1, le=512)


class AugmentConfig(Section):
    translation: float = field(
        0.0, "DiffAugment: shifts D's inputs by up to this share of the side; paper: 0.125.", live=True, ge=0, le=0.5
    )
    cutout: float = field(
        0.0, "DiffAugment: blanks a square of this share of the side of D's inputs; paper: 0.5.", live=True, ge=0, le=1
    )
    color: float = field(
        0.0, "DiffAugment: varies brightness, saturation and contrast of D's inputs; paper: 1.", live=True, ge=0, le=1
    )
    adaptive: float = field(
        0.0,
        "ADA: changes D's inputs the more, the better D tells pairs apart; paper: 0.6, 0 is off.",
        live=True,
        ge=0,
        le=1,
    )

    @property
    def is_on(self) -> bool:
        return any(self.model_dump().values())


class LossConfig(Section):
    name: name_in(LOSSES) = field("non-saturating", "Loss function of D and G.", live=True)  # type: ignore[valid-type]
    combine: Literal["sum", "mean"] = field(
        "sum", "D's loss is the sum or the mean of its real and its fake term.", live=True
    )
    label_smoothing: float = field(
        0.0, "The label of real samples is 1 minus this, which limits D's confidence.", live=True, ge=0, lt=0.5
    )


class PenaltyConfig(Section):
    name: name_in(PENALTIES) = field("none", "Regularisation of D.", live=True)  # type: ignore[valid-type]
    weight: float = field(10.0, "Strength: lambda of the gradient penalty, gamma of R1.", live=True, ge=0, le=1000)
    every: int = field(
        1, "Apply the penalty at every n-th step of D, with n times the strength.", unit="steps", live=True, ge=1, le=64
    )
    clip: float = field(0.01, "Largest absolute value of D's weights (weight clipping).", live=True, gt=0, le=1)


class OptimizerConfig(Section):
    name: name_in(OPTIMIZERS) = field("adam", "Update rule.")  # type: ignore[valid-type]
    lr: float = field(2e-4, "Learning rate.", live=True, gt=0, le=10)
    beta1: float = field(0.5, "Decay of the mean of gradients (the Adam family).", live=True, ge=0, lt=1)
    beta2: float = field(0.999, "Decay of the mean of squared gradients (the Adam family).", live=True, ge=0, lt=1)
    momentum: float = field(0.0, "Momentum (SGD, RMSprop).", ge=0, lt=1)
    nesterov: bool = field(False, "Nesterov's momentum (SGD).")
    alpha: float = field(0.99, "Decay of the mean of squared gradients (RMSprop).", ge=0, lt=1)
    rho: float = field(0.9, "Decay of the mean of squared gradients (Adadelta).", ge=0, lt=1)
    weight_decay: float = field(0.0, "Weight decay, which pulls every weight towards zero.", live=True, ge=0, le=1)


class RecordConfig(Section):
    samples: int = field(64, "Number of samples shown, always from the same latents.", unit="samples", ge=1, le=1024)
    log_every: int = field(
        1, "Log losses, scores and gradient norms at every n-th step.", unit="steps", ge=1, le=1_000_000
    )
    frame_every: int = field(100, "Keep a picture of the samples at every n-th step.", unit="steps", ge=1, le=1_000_000)
    save_every: int = field(1000, "Save a checkpoint at every n-th step.", unit="steps", ge=1, le=1_000_000)
    keep: int = field(3, "Number of checkpoints to keep; older ones are deleted.", unit="checkpoints", ge=1, le=1000)
    tensorboard: bool = field(False, "Also write event files for TensorBoard into the run's folder.")
    evaluate_every: float = field(
        15.0, "Seconds of training between evaluations of quality; 0 for none.", unit="seconds", ge=0, le=86_400
    )
    judge_every: int = field(
        0,
        "Evaluate at every n-th step while training waits; 0 uses evaluate_every instead.",
        unit="steps",
        ge=0,
        le=1_000_000,
    )
