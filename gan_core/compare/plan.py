"""What is compared: a base experiment, the axes along which runs differ, seeds, and how long each run trains.

A comparison is a value, as an experiment is: JSON to and from, checked as a whole, never changed in place.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from gan_core import presets
from gan_core.compare import learning_rates
from gan_core.compare.measures import MEASURES
from gan_core.config import SETTINGS, ConfigError, TrainConfig
from gan_core.config.catalog import OPTIMIZERS, UnknownNameError
from gan_core.config.schema import Section, as_text

MOST_RUNS = 500
_FRAMES, _CHECKPOINTS, _ROWS = 20, 5, 10_000  # of each run, at most
_SELDOM = 1_000_000  # steps; a config allows no more between two of them
_NOT_THE_EXPERIMENT = ("preset", "seed", "record.", "max_steps", "epochs")  # set by the comparison itself
S = TypeVar("S", bound=Section)
_ID = r"^[a-z0-9][a-z0-9.+-]{0,59}$"


class Variant(Section):
    """One choice on an axis: some settings that go together, under one name.

    `like` names a preset whose settings are taken first, all but its data: so a variant can be a whole family.
    """

    id: str = Field(pattern=_ID)
    title: str
    values: dict[str, Any] = Field(default_factory=dict)
    like: str = ""

    def applied_to(self, config: TrainConfig) -> TrainConfig:
        """`config` with this choice made. Raises `ConfigError` on a bad setting, or on a preset that is not there."""
        if self.like:
            try:
                family = presets.load(self.like).values()
            except UnknownNameError as error:
                raise ConfigError(f"like: {error}") from None
            kept = ("data.", *_NOT_THE_EXPERIMENT)
            config = config.with_values({key: value for key, value in family.items() if not key.startswith(kept)})
        return config.with_values(self.values)


class Axis(Section):
    """What differs: two or more variants of one choice."""

    title: str
    variants: tuple[Variant, ...] = Field(min_length=2)

    @staticmethod
    def of(keys: str | Sequence[str], values: Sequence[Any], title: str = "") -> Axis:
        """An axis over any setting, or over several that get the same value: `Axis.of("latent.dim", [10, 100])`."""
        keys = [keys] if isinstance(keys, str) else list(keys)
        name = title or keys[0].split(".")[-1].replace("_", " ")
        texts = [as_text(tuple(value) if isinstance(value, list) else value) for value in values]
        variants = tuple(
            Variant(id=slug(text), title=f"{name} {text}", values=dict.fromkeys(keys, value))
            for text, value in zip(texts, values, strict=True)
        )
        return _checked(Axis, {"title": name, "variants": [variant.model_dump() for variant in variants]})

    @staticmethod
    def of_optimizers(names: Sequence[str]) -> Axis:
        """Both networks under each of these update rules, each at its own rate (`rates`)."""
        try:
            rates_of = {name: learning_rates.of(name) for name in names}
        except UnknownNameError as error:
            raise ConfigError(str(error)) from None
        variants = [
            {"id": name, "title": OPTIMIZERS[name].label, "values": {**_both("name", name), **_both("lr", rate)}}
            for name, rate in rates_of.items()
        ]
        return _checked(Axis, {"title": "optimiser", "variants": variants})


class Claim(Section):
    """What a source says, in a form that can be tested.

    `best` is the variant that is said to beat every other by `measure`; "" says that no variant differs noticeably.
    """

    says: str
    measure: str = "quality"
    best: str = ""

    @field_validator("measure")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in MEASURES:
            raise ValueError(MEASURES.unknown_message(name))
        return name


@dataclass(frozen=True)
class Job:
    """One run of a comparison."""

    key: str  # "adam-s0": unique within the comparison, fit for a file's name
    variant: Variant  # of two axes the two together
    seed: int
    config: TrainConfig
    max_seconds: float | None  # of training; None where the config's steps count


class Comparison(Section):
    """A whole comparison. Runs of one seed share initial weights, data order and noise, where shapes allow."""

    id: str = Field("own", pattern=_ID)
    title: str = "Comparison"
    source: str = ""  # who compared this
    claim: str = ""  # what the source says came out
    claims: tuple[Claim, ...] = ()  # the same, to be tested
    look_for: str = ""
    choices: str = ""  # what was chosen here where the source is silent, or too dear for a CPU
    base: TrainConfig = TrainConfig()
    axes: tuple[Axis, ...] = Field(max_length=2)  # none where all runs are added_runs, which the library had before
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    steps: int | None = Field(1000, ge=1, le=100_000_000)  # rounds of each run; None where seconds count
    seconds: float | None = Field(None, gt=0)  # of training of each run; such runs do not repeat bit for bit
    judgements: int = Field(10, ge=1, le=1000)  # of each run's quality
    reference: str = ""  # the variant that others are held against; "" for the first

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("each seed may stand there once")
        return seeds

    @model_validator(mode="after")
    def _runs_can_be_compared(self) -> Comparison:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("give each run a number of steps or of seconds, not both")
        variants = self.variants
        ids = [variant.id for variant in variants]
        if sum(any(variant.like for variant in axis.variants) for axis in self.axes) > 1:
            raise ValueError("only one axis may hold whole families, named by `like`")
        if twice := [id for id in ids if ids.count(id) > 1]:
            raise ValueError(f'two variants are called "{twice[0]}"')
        for named in filter(None, (self.reference, *(claim.best for claim in self.claims))):
            if named not in ids:
                raise ValueError(f'there is no variant "{named}"; there are {", ".join(ids)}')
        if len(ids) * len(self.seeds) > MOST_RUNS:
            raise ValueError(f"{len(ids) * len(self.seeds)} runs are too many; at most {MOST_RUNS}")
        configs = {variant.title: self._config_of(variant, self.seeds[0]) for variant in variants}
        seen: dict[TrainConfig, str] = {}
        for title, config in configs.items():
            if config in seen:
                raise ValueError(f'"{seen[config]}" and "{title}" are the same experiment')
            if (config.data.name, config.shape) != (self.base.data.name, self.base.shape):
                raise ValueError(
                    f'"{title}" learns other data than the rest ({config.data.name}, {config.shape}), so their quality '
                    "cannot be compared; put the data into the base, and compare one data set at a time"
                )
            seen[config] = title
        return self

    # ---- the runs ------------------------------------------------------------------------------------------------

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants of the one axis; of two axes, every pair; without an axis none."""
        if not self.axes:
            return ()
        return tuple(map(_joined, itertools.product(*(axis.variants for axis in self.axes))))

    def variant(self, id: str) -> Variant:
        """The variant of this id. Raises `KeyError` if there is none."""
        return {variant.id: variant for variant in self.variants}[id]

    @property
    def reference_id(self) -> str:
        """The variant that others are held against; "" without variants."""
        return self.reference or next((variant.id for variant in self.variants), "")

    def jobs(self) -> tuple[Job, ...]:
        """All runs, one seed after another, so that whole studies come early."""
        return tuple(
            Job(f"{variant.id}-s{seed}", variant, seed, self._config_of(variant, seed), self.seconds)
            for seed in self.seeds
            for variant in self.variants
        )

    def differences(self, variant: Variant) -> dict[str, Any]:
        """The settings in which the variant differs from the base, with the variant's values; no others differ."""
        return self.differences_of(self._config_of(variant, 0))

    def differences_of(self, config: TrainConfig) -> dict[str, Any]:
        """The settings in which any run's config differs from the base, but for seed, length and what is recorded."""
        changes = config.changes_from(self.base)
        return {key: value for key, value in changes.items() if not key.startswith(_NOT_THE_EXPERIMENT)}

    def _config_of(self, variant: Variant, seed: int) -> TrainConfig:
        try:
            config = variant.applied_to(self.base)
            return config.with_values({"seed": seed, **self._record()})
        except ConfigError as error:
            raise ValueError(f'"{variant.title}": {error}') from None

    def _record(self) -> dict[str, Any]:
        """Pictures, checkpoints and judgements at the same moments in every run."""
        if self.steps is None:
            return {"record.judge_every": 0, "record.evaluate_every": (self.seconds or 0.0) / self.judgements}
        times = {"log": _ROWS, "frame": _FRAMES, "save": _CHECKPOINTS, "judge": self.judgements}
        every = {f"record.{what}_every": min(max(1, self.steps // n), _SELDOM) for what, n in times.items()}
        return {"max_steps": self.steps, **every, "record.keep": 2}

    # ---- changed copies, reading and writing ---------------------------------------------------------------------

    def with_fields(self, **fields: Any) -> Comparison:
        """A checked copy with some fields changed; `steps` takes the place of `seconds` and the other way round.

        Raises:
            ConfigError: the whole no longer fits together.
        """
        if fields.get("steps") is not None:
            fields.setdefault("seconds", None)
        if fields.get("seconds") is not None:
            fields.setdefault("steps", None)
        fields = {name: _plain(value) for name, value in fields.items()}
        return _checked(Comparison, self.model_dump() | fields)

    def with_variant(self, variant: Variant) -> Comparison:
        """A copy with one more variant on its axis. Raises `ConfigError` unless there is one and it fits."""
        if len(self.axes) != 1:
            raise ConfigError("A variant can be added to one axis only; start a comparison of its own instead")
        axis = self.axes[0]
        return self.with_fields(axes=[axis.model_dump() | {"variants": [*axis.variants, variant]}])

    def to_json(self) -> str:
        """The whole comparison as indented JSON text."""
        return self.model_dump_json(indent=2)

    @staticmethod
    def from_json(text: str) -> Comparison:
        """What `to_json` wrote. Raises `ConfigError` if it is not a comparison."""
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"This is not a comparison: not valid JSON ({error})") from None
        if not isinstance(tree, dict):
            raise ConfigError(f"This is not a comparison: expected a JSON object, got {type(tree).__name__}")
        return _checked(Comparison, tree)


def comparison(**fields: Any) -> Comparison:
    """A comparison of these fields. Raises `ConfigError`, one sentence, where they do not fit together."""
    return _checked(Comparison, {name: _plain(value) for name, value in fields.items()})


def _both(field: str, value: Any) -> dict[str, Any]:
    """A setting of both optimisers."""
    return {f"optimizer_g.{field}": value, f"optimizer_d.{field}": value}


def slug(text: str) -> str:
    """The text as an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:50] or "x"


def _joined(parts: tuple[Variant, ...]) -> Variant:
    """One variant of each axis as one: all their settings."""
    values = {key: value for part in parts for key, value in part.values.items()}
    like = next((part.like for part in parts if part.like), "")
    return Variant(id="+".join(p.id for p in parts), title=", ".join(p.title for p in parts), values=values, like=like)


def _plain(value: Any) -> Any:
    """Sections as plain trees, so that a changed copy is checked like one read from a file."""
    if isinstance(value, Section):
        return value.model_dump()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple | range) else value


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
