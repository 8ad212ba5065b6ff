"""TrainConfig: one whole experiment as one immutable, validated value.

The form edits it, the URL and the JSON file hold it, a checkpoint stores it and the command line reads it. Every field
carries its bounds, its unit, one line of help, and whether it may change while a run trains.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ValidationError, model_validator

from gan_core.catalog import (
    DATASETS,
    DISCRIMINATORS,
    GENERATORS,
    LOSSES,
    OPTIMIZERS,
    PENALTIES,
    DatasetEntry,
    NetworkEntry,
)
from gan_core.schema import (
    ConfigError,
    OrAuto,
    Points,
    Section,
    Setting,
    Widths,
    as_text,
    name_in,
    sentence,
    settings_of,
)
from gan_core.schema import described as _field


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
        "Channels of the layer next to the picture; doubles with each halving (DCGAN).",
        unit="channels",
        ge=1,
        le=512,
    )
    depth: int = _field(2, "How often the picture is halved or doubled (DCGAN).", unit="stages", ge=1, le=6)
    activation: Literal["relu", "leaky-relu", "tanh", "elu", "silu"] = _field("relu", "Non-linearity between layers.")
    slope: float = _field(0.2, "Slope of leaky ReLU below zero.", ge=0, le=1)
    norm: Literal["none", "batch"] = _field("batch", "Normalisation after each hidden layer.")
    norm_first: bool = _field(True, "Normalise the first layer's output too.")
    dropout: float = _field(0.0, "Share of hidden units dropped at each training step.", ge=0, lt=1)
    bias: Literal["auto", "always", "never"] = _field(
        "auto", "Bias terms; auto leaves them out where a normalisation follows."
    )
    init: Literal["torch", "normal"] = _field(
        "normal", "Initial weights: torch's own, or N(0, init_std) with zero biases."
    )
    init_std: float = _field(0.02, "Standard deviation of normal initial weights.", gt=0, le=1)


class GeneratorConfig(NetworkConfig):
    name: name_in(GENERATORS) = _field("dcgan", "Family of the generator network.")  # type: ignore[valid-type]
    output: Literal["tanh", "sigmoid", "linear"] = _field(
        "tanh", "Last step of G; images are scaled to its range: tanh [-1, 1], sigmoid [0, 1]."
    )


class DiscriminatorConfig(NetworkConfig):
    name: name_in(DISCRIMINATORS) = _field("dcgan", "Family of the discriminator (critic) network.")  # type: ignore[valid-type]
    activation: Literal["relu", "leaky-relu", "tanh", "elu", "silu"] = _field(
        "leaky-relu", "Non-linearity between layers."
    )
    norm_first: bool = _field(False, "Normalise the first layer's output too.")


class LossConfig(Section):
    name: name_in(LOSSES) = _field("non-saturating", "What D and G minimise.", live=True)  # type: ignore[valid-type]
    combine: Literal["sum", "mean"] = _field(
        "sum", "D's loss is the sum, or the mean, of its real and its fake term.", live=True
    )
    label_smoothing: float = _field(
        0.0, "Real label is 1 minus this; keeps D from being sure.", live=True, ge=0, lt=0.5
    )


class PenaltyConfig(Section):
    name: name_in(PENALTIES) = _field("none", "Extra constraint on D.")  # type: ignore[valid-type]
    weight: float = _field(10.0, "Strength: lambda of the gradient penalty, gamma of R1.", live=True, ge=0, le=1000)
    every: int = _field(1, "Apply at each n-th step of D, with n times the strength.", unit="steps", ge=1, le=64)
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


class TrainConfig(Section):
    """The whole experiment: `presets.load(id)` or `from_json` makes one, `with_values` a changed copy."""

    preset: str = _field("custom", "The preset this began as.", max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$")
    seed: int = _field(0, "Seed of everything random: weights, data order, noise.", ge=0, le=2**31 - 1)
    data: DataConfig = DataConfig()
    latent: LatentConfig = LatentConfig()
    generator: GeneratorConfig = GeneratorConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    loss: LossConfig = LossConfig()
    penalty: PenaltyConfig = PenaltyConfig()
    optimizer_g: OptimizerConfig = OptimizerConfig()
    optimizer_d: OptimizerConfig = OptimizerConfig()
    record: RecordConfig = RecordConfig()
    batch_size: int = _field(64, "Examples in one minibatch.", unit="examples", ge=2, le=8192)
    epochs: float = _field(
        20.0, "Length of the run in passes over the data.", unit="epochs", live=True, gt=0, le=100_000
    )
    max_steps: int = _field(
        0,
        "Length of the run in steps, in place of epochs; 0 means by epochs.",
        unit="steps",
        live=True,
        ge=0,
        le=100_000_000,
    )
    n_critic: int = _field(
        1, "Discriminator steps in each round (k of Algorithm 1).", unit="steps", live=True, ge=1, le=100
    )
    g_steps: int = _field(1, "Generator steps in each round.", unit="steps", live=True, ge=1, le=100)
    reuse_fakes: bool = _field(False, "G is updated on the very fakes that D has just seen, instead of new ones.")
    lr_decay: Literal["none", "linear"] = _field(
        "none", "Linear lets both rates fall to zero at the end of the run.", live=True
    )
    ema_decay: float = _field(0.0, "Show an average of G's past weights with this decay; 0 shows G itself.", ge=0, lt=1)
    instance_noise: float = _field(
        0.0, "Gaussian noise added to all that D sees, fading to none over the run.", live=True, ge=0, le=2
    )
    precision: Literal["float32", "bfloat16"] = _field(
        "float32", "bfloat16 computes faster and rounds more; weights stay float32."
    )
    deterministic: bool = _field(False, "On CUDA, forbid the fast kernels whose sums differ from run to run.")

    # ---- what follows from the fields ---------------------------------------------------------------------------

    @property
    def dataset(self) -> DatasetEntry:
        """The catalogue line of the data set."""
        return DATASETS[self.data.name]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: (channels, height, width), or (2,) for points."""
        entry = self.dataset
        if entry.kind == "points":
            return (2,)
        size = self.data.size or entry.size
        return (self.data.channels or entry.channels, size, size)

    def total_steps(self, examples: int) -> int:
        """Rounds (n_critic D-steps, g_steps G-steps) that this run takes over `examples` examples; at least 1."""
        return self.max_steps or max(1, round(self.epochs * examples / (self.batch_size * self.n_critic)))

    @model_validator(mode="after")
    def _parts_fit(self) -> TrainConfig:
        self._network_fits("generator", self.generator, GENERATORS[self.generator.name])
        self._network_fits("discriminator", self.discriminator, DISCRIMINATORS[self.discriminator.name])
        for role, optimizer in (("optimizer_g", self.optimizer_g), ("optimizer_d", self.optimizer_d)):
            if optimizer.nesterov and not optimizer.momentum:
                raise ValueError(
                    f"{role}.nesterov: true needs a momentum above 0; set {role}.momentum, for example to 0.9"
                )
        if self.reuse_fakes and self.g_steps > 1:
            raise ValueError(
                f"g_steps: {self.g_steps} is too many with reuse_fakes, which has one batch of fakes; use 1"
            )
        return self

    def _network_fits(self, role: str, network: NetworkConfig, entry: NetworkEntry) -> None:
        kind, side = self.dataset.kind, self.shape[-1]
        if kind not in entry.kinds:
            raise ValueError(f'{role}.name: a {entry.label} does not work on {kind}, and "{self.data.name}" is {kind}')
        if "depth" in entry.reads and network.depth > (deepest := int(math.log2(side // 2))):
            raise ValueError(
                f"{role}.depth: {network.depth} halvings are too many for {side} x {side} pixels; use at most {deepest}"
            )

    # ---- reading and writing ------------------------------------------------------------------------------------

    def with_values(self, values: Mapping[str, Any]) -> TrainConfig:
        """A validated copy with some fields changed, named by dotted keys: `{"optimizer_d.lr": 0.02, "seed": 3}`.

        Text is accepted for any value ("0.02", "true", "128,256"), as a URL or a command line gives it.

        Raises:
            ConfigError: an unknown key, a value out of bounds, or parts that do not fit together.
        """
        tree = self.model_dump()
        for key, value in values.items():
            if key not in SETTINGS:
                near = difflib.get_close_matches(key, SETTINGS, n=1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise ConfigError(f'"{key}" is not a setting{hint}')
            *path, leaf = key.split(".")
            section = tree
            for name in path:
                section = section[name]
            section[leaf] = value
        return _validated(tree)

    def to_json(self) -> str:
        """The whole config as indented JSON text."""
        return self.model_dump_json(indent=2)

    @staticmethod
    def from_json(text: str) -> TrainConfig:
        """The config that `to_json` wrote. Raises `ConfigError` on unknown keys, bad values or no JSON."""
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"This is not a config: not valid JSON ({error})") from None
        if not isinstance(tree, dict):
            raise ConfigError(f"This is not a config: expected a JSON object, got {type(tree).__name__}")
        return _validated(tree)

    def to_query(self) -> dict[str, str]:
        """What differs from `TrainConfig()`, as text by dotted key: the query of a URL. `from_query` reads it back."""
        default = TrainConfig().values()
        return {key: as_text(value) for key, value in self.values().items() if value != default[key]}

    @staticmethod
    def from_query(query: Mapping[str, str]) -> TrainConfig:
        """The config that a URL's query describes. Raises `ConfigError` on unknown keys or bad values."""
        return TrainConfig().with_values(query)

    def values(self) -> dict[str, Any]:
        """Every setting by its dotted key, in the order of declaration."""
        return {key: self.value(key) for key in SETTINGS}

    def value(self, key: str) -> Any:
        """One setting by its dotted key. Raises `KeyError` if there is no such setting."""
        if key not in SETTINGS:
            raise KeyError(key)
        node: Any = self
        for name in key.split("."):
            node = getattr(node, name)
        return node

    def changes_from(self, other: TrainConfig) -> dict[str, Any]:
        """The settings in which this config differs from `other`, with this config's values."""
        theirs = other.values()
        return {key: value for key, value in self.values().items() if value != theirs[key]}


SETTINGS: dict[str, Setting] = {setting.key: setting for setting in settings_of(TrainConfig)}


def _validated(tree: Mapping[str, Any]) -> TrainConfig:
    try:
        return TrainConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(sentence(error, SETTINGS)) from None
