"""The plan of a comparison: a base experiment, the axes along which runs differ, the seeds, and the length of each run.

A `Comparison` is an immutable, validated value that converts to and from JSON, like a `TrainConfig`.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from gan_core import presets
from gan_core.compare import learning_rates
from gan_core.compare.measures import MEASURES, RENAMED
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.config.catalog import OPTIMIZERS, UnknownNameError
from gan_core.config.schema import Section, as_text
from gan_core.system.files import parse_json

MAX_RUNS = 500
_FRAMES, _CHECKPOINTS, _ROWS = 20, 5, 10_000  # per run, at most
_MAX_INTERVAL = 1_000_000  # steps; the config allows no longer interval
SET_BY_COMPARISON = ("preset", "seed", "record.", "max_steps", "epochs")  # settings, or prefixes of settings
S = TypeVar("S", bound=Section)
_ID = r"^[a-z0-9][a-z0-9.+-]{0,59}$"


class Variant(Section):
    """One choice on an axis: settings that change together, under one name.

    `like` names a preset whose settings are applied first, except its data. So a variant can be a whole model family.
    """

    id: str = Field(pattern=_ID)
    title: str
    values: dict[str, Any] = Field(default_factory=dict)
    like: str = ""

    def applied_to(self, config: TrainConfig) -> TrainConfig:
        """`config` with this choice applied. Raises `ConfigError` for a bad setting or an unknown preset."""
        if self.like:
            try:
                family = presets.load(self.like).values()
            except UnknownNameError as error:
                raise ConfigError(f"like: {error}") from None
            skipped = ("data.", *SET_BY_COMPARISON)
            config = config.with_values({key: value for key, value in family.items() if not key.startswith(skipped)})
        return config.with_values(self.values)


class Axis(Section):
    """One choice that differs between runs, with at least two variants."""

    title: str
    variants: tuple[Variant, ...] = Field(min_length=2)

    @staticmethod
    def of(keys: str | Sequence[str], values: Sequence[Any], title: str = "") -> Axis:
        """An axis over one setting, or several that share each value: `Axis.of("latent.dim", [10, 100])`."""
        keys = [keys] if isinstance(keys, str) else list(keys)
        name = title or keys[0].split(".")[-1].replace("_", " ")
        texts = [as_text(tuple(value) if isinstance(value, list) else value) for value in values]
        variants = tuple(
            Variant(id=slug(text), title=f"{name} {text}", values=dict.fromkeys(keys, value))
            for text, value in zip(texts, values, strict=True)
        )
        return _checked(Axis, {"title": name, "variants": [variant.model_dump() for variant in variants]})

    @staticmethod
    def of_optimizers(names: Sequence[str], networks: str = "gd", rate: float | None = None) -> Axis:
        """Each optimiser with its own learning rate, or all with `rate`, for both networks or one.

        Raises `UnknownNameError`.
        """
        variants = []
        for name, own in learning_rates.suggested_rates(names).items():
            settings = {"name": name, "lr": own if rate is None else rate}
            values = {f"optimizer_{network}.{key}": value for key, value in settings.items() for network in networks}
            variants.append({"id": name, "title": OPTIMIZERS[name].label, "values": values})
        return _checked(Axis, {"title": "optimiser", "variants": variants})


class Claim(Section):
    """A source's claim in testable form.

    `best` is the id of the variant that should beat every other by `measure`; "" claims no noticeable difference.
    """

    says: str
    measure: str = "quality"
    best: str = ""

    @field_validator("measure")
    @classmethod
    def _is_known(cls, name: str) -> str:
        name = RENAMED.get(name, name)
        if name not in MEASURES:
            raise ValueError(MEASURES.unknown_message(name))
        return name


@dataclass(frozen=True)
class Job:
    """One run of a comparison."""

    key: str  # "adam-s0": unique within the comparison, valid as a file name
    variant: Variant  # with two axes, both choices combined
    seed: int
    config: TrainConfig
    max_seconds: float | None  # of training; None where the config's number of steps is the limit


class Comparison(Section):
    """A whole comparison. Runs with the same seed share initial weights, data order and noise, where shapes allow."""

    id: str = Field("own", pattern=_ID)
    title: str = "Comparison"
    source: str = ""  # the publication that made this comparison
    claim: str = ""  # its result in words
    claims: tuple[Claim, ...] = ()  # its result in testable form
    look_for: str = ""
    choices: str = ""  # our settings where the source gives none, or needs too much compute for a CPU
    base: TrainConfig = TrainConfig()
    axes: tuple[Axis, ...] = Field(max_length=2)  # empty for a comparison of added runs only
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    steps: int | None = Field(1000, ge=1, le=100_000_000)  # per run; None where `seconds` is the limit
    seconds: float | None = Field(None, gt=0)  # of training per run; such runs are not reproducible bit for bit
    judgements: int = Field(10, ge=1, le=1000)  # evaluations of quality per run
    reference: str = ""  # id of the variant that the others are compared with; "" for the first

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("each seed may be listed only once")
        return seeds

    @model_validator(mode="after")
    def _runs_can_be_compared(self) -> Comparison:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("give either a number of steps or a number of seconds, not both")
        if math.prod(len(axis.variants) for axis in self.axes) * len(self.seeds) > MAX_RUNS:
            raise ValueError(f"these are too many runs; the limit is {MAX_RUNS}")
        variants = self.variants
        ids = [variant.id for variant in variants]
        if sum(any(variant.like for variant in axis.variants) for axis in self.axes) > 1:
            raise ValueError("only one axis may use `like`")
        if twice := [id for id in ids if ids.count(id) > 1]:
            raise ValueError(f'two variants have the id "{twice[0]}"')
        for id in filter(None, (self.reference, *(claim.best for claim in self.claims))):
            if id not in ids:
                raise ValueError(f'there is no variant "{id}"; choose from {", ".join(ids)}')
        if (runs := len(ids) * len(self.seeds)) > MAX_RUNS:
            raise ValueError(f"{runs} runs are too many; the limit is {MAX_RUNS}")
        seen: dict[TrainConfig, str] = {}
        for variant in variants:
            config = self._config_of(variant, self.seeds[0])
            if config in seen:
                raise ValueError(f'"{seen[config]}" and "{variant.title}" are the same experiment')
            if not self.has_same_data(config):
                raise ValueError(
                    f'"{variant.title}" trains on other data than the base ({config.data.name}, {config.shape}), so '
                    "their quality cannot be compared; set the data in the base, one data set per comparison"
                )
            seen[config] = variant.title
        return self

    def has_same_data(self, config: TrainConfig) -> bool:
        """Whether a run of `config` trains on this comparison's data, so that their quality can be compared."""
        return (config.data.name, config.shape) == (self.base.data.name, self.base.shape)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants of one axis, every pair of variants of two axes, or none without an axis."""
        if not self.axes:
            return ()
        return tuple(map(_combined, itertools.product(*(axis.variants for axis in self.axes))))

    @property
    def reference_id(self) -> str:
        """The id of the variant that the others are compared with; "" without variants."""
        return self.reference or next((variant.id for variant in self.variants), "")

    def jobs(self) -> tuple[Job, ...]:
        """All runs, ordered by seed, so that every variant has a finished run early."""
        return tuple(
            Job(f"{variant.id}-s{seed}", variant, seed, self._config_of(variant, seed), self.seconds)
            for seed in self.seeds
            for variant in self.variants
        )

    def differences(self, variant: Variant) -> dict[str, Any]:
        """The settings in which the variant differs from the base, with the variant's values."""
        return self._changes(self._config_of(variant, 0))

    def compared_settings(self, configs: Mapping[str, TrainConfig]) -> dict[str, dict[str, Any]]:
        """The settings in which any of the configs differs from the base: by setting, its value in each config."""
        keys = dict.fromkeys(key for config in configs.values() for key in self._changes(config))
        return {key: {name: config.value(key) for name, config in configs.items()} for key in keys}

    def _changes(self, config: TrainConfig) -> dict[str, Any]:
        changes = config.changes_from(self.base)
        return {key: value for key, value in changes.items() if not key.startswith(SET_BY_COMPARISON)}

    def _config_of(self, variant: Variant, seed: int) -> TrainConfig:
        try:
            config = variant.applied_to(self.base)
            return config.with_values({"seed": seed, **self._record()})
        except ConfigError as error:
            raise ValueError(f'"{variant.title}": {error}') from None

    def _record(self) -> dict[str, Any]:
        """Settings that save samples and checkpoints and evaluate at the same steps in every run."""
        if self.steps is None:
            return {"record.judge_every": 0, "record.evaluate_every": (self.seconds or 0.0) / self.judgements}
        counts = {"log": _ROWS, "frame": _FRAMES, "save": _CHECKPOINTS, "judge": self.judgements}
        every = {f"record.{name}_every": min(max(1, self.steps // n), _MAX_INTERVAL) for name, n in counts.items()}
        return {"max_steps": self.steps, **every, "record.keep": 2}

    def with_fields(self, **fields: Any) -> Comparison:
        """A validated copy with some fields changed; `steps` replaces `seconds` and vice versa.

        Raises:
            ConfigError: the fields do not fit together.
        """
        for name, other in (("steps", "seconds"), ("seconds", "steps")):
            if fields.get(name) is not None:
                fields.setdefault(other, None)
        return _checked(Comparison, self.model_dump() | fields)

    def with_variant(self, variant: Variant) -> Comparison:
        """A copy with one more variant on its only axis. Raises `ConfigError` if it does not fit."""
        if len(self.axes) != 1:
            raise ConfigError("A variant can be added to a comparison with one axis only; start a new comparison")
        axis = self.axes[0]
        return self.with_fields(axes=[axis.model_dump() | {"variants": [*axis.variants, variant]}])

    def to_json(self) -> str:
        """The comparison as indented JSON text."""
        return self.model_dump_json(indent=2)

    @staticmethod
    def from_json(text: str | bytes) -> Comparison:
        """Read the output of `to_json`. Raises `ConfigError` if it is not a comparison."""
        try:
            tree = parse_json(text)
        except ValueError as error:
            raise ConfigError(f"This is not a comparison: not valid JSON ({error})") from None
        return _checked(Comparison, tree)


def comparison(**fields: Any) -> Comparison:
    """A comparison with these fields. Raises `ConfigError` with one sentence if they do not fit together."""
    return _checked(Comparison, fields)


def slug(text: str) -> str:
    """The text as an id: lower-case letters, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:50] or "x"


def _combined(parts: tuple[Variant, ...]) -> Variant:
    """One variant from each axis, merged into one with all their settings."""
    values = {key: value for part in parts for key, value in part.values.items()}
    like = next((part.like for part in parts if part.like), "")
    return Variant(id="+".join(p.id for p in parts), title=", ".join(p.title for p in parts), values=values, like=like)


def _checked(kind: type[S], tree: Mapping[str, Any]) -> S:
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = [str(part) for part in first["loc"]]
        reason = first["msg"].removeprefix("Value error, ")
        if path[:1] == ["base"] and ".".join(path[1:]) in SETTINGS:
            reason = f"{reason}, not {first['input']!r}"
        raise ConfigError(f"{'.'.join(path)}: {reason}" if path else reason) from None
