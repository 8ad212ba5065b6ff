"""TrainConfig: one whole experiment as one immutable, validated value.

The form edits it, the URL and the JSON file hold it, a checkpoint stores it and the command line reads it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError, model_validator
from pydantic_core import from_json

from gan_core.config import sections
from gan_core.config.catalog import DATASETS, DISCRIMINATORS, GENERATORS, LOSSES, DatasetEntry, NetworkEntry
from gan_core.config.retired import RETIRED, without_retired
from gan_core.config.schema import ConfigError, Section, Setting, as_text, error_message, field, settings_of


class TrainConfig(Section):
    """The whole experiment. `presets.load(id)` and `from_json` return one, `with_values` a changed copy."""

    preset: str = field("custom", "Preset that it started from.", max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$")
    seed: int = field(0, "Seed of all randomness: weights, data order, noise.", ge=0, le=2**31 - 1)
    data: sections.DataConfig = sections.DataConfig()
    latent: sections.LatentConfig = sections.LatentConfig()
    generator: sections.GeneratorConfig = sections.GeneratorConfig()
    discriminator: sections.DiscriminatorConfig = sections.DiscriminatorConfig()
    condition: sections.ConditionConfig = sections.ConditionConfig()
    loss: sections.LossConfig = sections.LossConfig()
    penalty: sections.PenaltyConfig = sections.PenaltyConfig()
    augment: sections.AugmentConfig = sections.AugmentConfig()
    optimizer_g: sections.OptimizerConfig = sections.OptimizerConfig()
    optimizer_d: sections.OptimizerConfig = sections.OptimizerConfig()
    record: sections.RecordConfig = sections.RecordConfig()
    batch_size: int = field(64, "Examples in one minibatch.", unit="examples", ge=2, le=8192)
    epochs: float = field(
        20.0, "Length of the run in passes over the data.", unit="epochs", live=True, gt=0, le=100_000
    )
    max_steps: int = field(
        0, "Length of the run in steps instead of epochs; 0 uses epochs.", unit="steps", live=True, ge=0, le=100_000_000
    )
    n_critic: int = field(
        1, "Discriminator steps in each round (k of Algorithm 1).", unit="steps", live=True, ge=1, le=100
    )
    g_steps: int = field(1, "Generator steps in each round.", unit="steps", live=True, ge=1, le=100)
    reuse_fakes: bool = field(False, "G learns from the fakes that D has just seen instead of new ones.")
    local_pairs: int = field(
        0, "SGAN: number of hidden pairs, whose networks train the pair that is shown.", unit="pairs", ge=0, le=16
    )
    lr_decay: Literal["none", "linear"] = field(
        "none", "Linear lowers both learning rates to zero by the end of the run.", live=True
    )
    ema_decay: float = field(
        0.0, "Decay of the moving average of G's weights that is shown; 0 shows G itself.", ge=0, lt=1
    )
    instance_noise: float = field(
        0.0, "Standard deviation of Gaussian noise on D's inputs, which falls to 0 over the run.", live=True, ge=0, le=2
    )
    precision: Literal["float32", "tf32", "bfloat16"] = field(
        "float32", "bfloat16 is faster and less precise; so is tf32 (CUDA only, for the whole process)."
    )
    channels_last: bool = field(False, "NHWC memory layout: can be faster on a GPU; a CPU with AVX2 always uses it.")
    deterministic: bool = field(False, "On CUDA, use only kernels whose results are the same in every run.")
    cuda_graph: bool = field(True, "On CUDA, launch each step as one graph: same numbers, faster for small networks.")

    @property
    def dataset(self) -> DatasetEntry:
        """The catalogue entry of the data set."""
        return DATASETS[self.data.name]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: (channels, height, width), or (2,) for points."""
        entry = self.dataset
        if entry.kind == "points":
            return (2,)
        size = self.data.size or entry.size
        return (self.data.channels or entry.channels, size, size)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the networks are conditioned on; () for an unconditional GAN."""
        return self.label_classes if self.condition.name != "none" else ()

    @property
    def label_classes(self) -> tuple[str, ...]:
        """Names of the classes that the data set's labels tell apart; () if it has none, or they are not yet known."""
        if self.dataset.needs == "files":
            return self.data.classes
        return self.dataset.other_classes.get(self.data.labels, self.dataset.classes)

    @property
    def generator_inputs(self) -> int:
        """Length of G's input: z, and the vector of the class in a conditional GAN."""
        return self.latent.dim + (self.condition.dim if self.classes else 0)

    @property
    def discriminator_input_shape(self) -> tuple[int, ...]:
        """Shape of D's input: a sample, with one more channel if the class is concatenated to it."""
        if self.condition.name != "embedding":
            return self.shape
        return (self.shape[0] + 1, *self.shape[1:])

    def total_steps(self, examples: int) -> int:
        """Rounds (n_critic steps of D, then g_steps of G) of a run on `examples` examples; at least 1."""
        return self.max_steps or max(1, round(self.epochs * examples / (self.batch_size * self.n_critic)))

    def share_left(self, step: int, examples: int) -> float:
        """The share of a run on `examples` examples that is left after `step` steps, in [0, 1]."""
        return max(0.0, 1 - min(1.0, step / self.total_steps(examples)))

    @model_validator(mode="before")
    @classmethod
    def _drop_retired(cls, tree: Any) -> Any:
        return without_retired(tree) if isinstance(tree, dict) else tree

    @model_validator(mode="after")
    def _parts_fit(self) -> TrainConfig:
        self._network_fits("generator", self.generator, GENERATORS[self.generator.name])
        self._network_fits("discriminator", self.discriminator, DISCRIMINATORS[self.discriminator.name])
        for role, optimizer in (("optimizer_g", self.optimizer_g), ("optimizer_d", self.optimizer_d)):
            if optimizer.nesterov and not optimizer.momentum:
                raise ValueError(
                    f"{role}.nesterov: true needs a momentum above 0; set {role}.momentum, for example to 0.9"
                )
        if self.condition.name != "none" and not self.dataset.may_have_classes:
            labelled = ", ".join(name for name, entry in DATASETS.items() if entry.may_have_classes)
            raise ValueError(f'condition.name: "{self.data.name}" has no classes; use "none", or one of {labelled}')
        if self.batch_size < 2 * (self.local_pairs + 1):
            raise ValueError(
                f"batch_size: {self.batch_size} is too small for {self.local_pairs} local pairs and the one that is "
                f"shown; use at least {2 * (self.local_pairs + 1)}"
            )
        if self.local_pairs and LOSSES[self.loss.name].compares_pairs:
            raise ValueError(
                f'loss.name: "{self.loss.name}" compares each real sample with one fake, which local_pairs mixes; '
                "use another loss, or local_pairs 0"
            )
        if self.reuse_fakes and self.g_steps > 1:
            raise ValueError(
                f"g_steps: {self.g_steps} is too many with reuse_fakes, which makes one batch of fakes; use 1"
            )
        return self

    def _network_fits(self, role: str, network: sections.NetworkConfig, entry: NetworkEntry) -> None:
        kind, side = self.dataset.kind, self.shape[-1]
        if kind not in entry.kinds:
            raise ValueError(f'{role}.name: a {entry.label} does not work on {kind}, and "{self.data.name}" is {kind}')
        if "depth" in entry.reads and network.depth > (deepest := int(math.log2(side // 2))):
            raise ValueError(
                f"{role}.depth: {network.depth} halvings are too many for {side} x {side} pixels; use at most {deepest}"
            )

    def with_values(self, values: Mapping[str, Any]) -> TrainConfig:
        """A validated copy with some settings changed, by dotted key: `{"optimizer_d.lr": 0.02, "seed": 3}`.

        Any value may be text, as in a URL or on a command line: "0.02", "true", "128,256".

        Raises:
            ConfigError: an unknown key, a value out of bounds, or settings that contradict each other.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(f'settings must be a mapping such as {{"seed": 3}}, not {values!r:.100}')
        tree = self.model_dump()
        for key, value in values.items():
            if key not in SETTINGS and key not in RETIRED:
                near = difflib.get_close_matches(str(key), SETTINGS, n=1)
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
    def from_json(text: str | bytes) -> TrainConfig:
        """The config that `to_json` wrote. Raises `ConfigError` on unknown keys, bad values or invalid JSON."""
        try:
            tree = from_json(text)  # which bounds the nesting, and refuses lone surrogates
        except (ValueError, TypeError) as error:
            raise ConfigError(f"This is not a config: not valid JSON ({error})") from None
        if not isinstance(tree, dict):
            raise ConfigError("This is not a config: it must be a JSON object of settings")
        return _validated(tree)

    def to_query(self) -> dict[str, str]:
        """The differences from `TrainConfig()` as text by dotted key: the query of a URL. `from_query` reads it."""
        default = TrainConfig().values()
        return {key: as_text(value) for key, value in self.values().items() if value != default[key]}

    @staticmethod
    def from_query(query: Mapping[str, str]) -> TrainConfig:
        """The config that `to_query` wrote. Raises `ConfigError` on unknown keys or bad values."""
        return TrainConfig().with_values(query)

    def values(self) -> dict[str, Any]:
        """Every setting by its dotted key, in the order of declaration."""
        return {key: self.value(key) for key in SETTINGS}

    def value(self, key: str) -> Any:
        """The value of one setting by its dotted key. Raises `KeyError` if there is no such setting."""
        if key not in SETTINGS:
            raise KeyError(key)
        node: Any = self
        for name in key.split("."):
            node = getattr(node, name)
        return node

    def changes_from(self, other: TrainConfig) -> dict[str, Any]:
        """The settings in which this config differs from `other`, with this config's values."""
        return {key: value for key, value in self.values().items() if value != other.value(key)}

    def describe_changes(self, values: Mapping[str, Any]) -> str:
        """Changes of settings as text: "n_critic 1 → 5, loss.name hinge → wasserstein"."""
        return ", ".join(f"{key} {as_text(self.value(key))} → {as_text(value)}" for key, value in values.items())

    def fixed_changes_from(self, other: TrainConfig) -> list[str]:
        """The keys of the settings that differ from `other` and cannot change within a run."""
        return [key for key in self.changes_from(other) if not SETTINGS[key].live]


SETTINGS: dict[str, Setting] = {setting.key: setting for setting in settings_of(TrainConfig)}


def _validated(tree: Mapping[str, Any]) -> TrainConfig:
    try:
        return TrainConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(error_message(error, SETTINGS)) from None
