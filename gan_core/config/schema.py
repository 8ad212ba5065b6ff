"""The parts of a config: sections of fields, and `Setting`, which describes a field to forms and error messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from gan_core.config.catalog import Catalog


class ConfigError(ValueError):
    """A bad value. The message is one sentence that names the setting, its value and the allowed values."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())  # a quoted value may contain line breaks
        super().__init__(line if len(line) <= 500 else line[:497] + "...")


class Section(BaseModel):
    """An immutable group of settings. It refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class _CatalogName:
    """Marks a text field as the name of an entry of `catalog`."""

    def __init__(self, catalog: Catalog[Any]) -> None:
        self.catalog = catalog

    def check(self, name: str) -> str:
        if name not in self.catalog:
            raise ValueError(self.catalog.unknown_message(name))
        return name


def name_in(catalog: Catalog[Any]) -> Any:
    """The type of a field that holds the name of an entry of `catalog`."""
    mark = _CatalogName(catalog)
    return Annotated[str, AfterValidator(mark.check), mark]


def field(default: Any, help: str, *, unit: str = "", live: bool = False, **bounds: Any) -> Any:
    """A field of a section, with pydantic's bounds.

    Args:
        help: one line for forms and the command line.
        live: whether the setting may change while a run trains.
    """
    return Field(default, description=help, json_schema_extra={"unit": unit, "live": live}, **bounds)


# URLs and command lines hold only text: "128,256" is a list of widths, "0,0;1,0.5" a list of points, "cat/dog" a
# list of names, "auto" is None.


def _split(value: object, separator: str) -> object:
    return [part for part in value.split(separator) if part.strip()] if isinstance(value, str) else value


def _split_points(value: object) -> object:
    return [_split(point, ",") for point in value.split(";") if point.strip()] if isinstance(value, str) else value


def _none_or_number(value: object) -> object:
    if value in ("", "auto"):
        return None
    return int(value) if isinstance(value, str) and value.isdecimal() else value


@dataclass(frozen=True)
class _ListOf:
    """Marks a field as a list, and describes its items."""

    items: str


Coordinate = Annotated[float, Field(ge=-10, le=10)]
Points = Annotated[
    tuple[tuple[Coordinate, Coordinate], ...],
    BeforeValidator(_split_points),
    Field(max_length=400),
    _ListOf("at most 400 pairs of numbers, each at least -10 and at most 10"),
]
Widths = Annotated[
    tuple[Annotated[int, Field(ge=1, le=8192)], ...],
    BeforeValidator(lambda value: _split(value, ",")),
    Field(max_length=8),
    _ListOf("at most 8 whole numbers, each at least 1 and at most 8192"),
]
Names = Annotated[
    tuple[Annotated[str, Field(max_length=100, pattern=r"^[^/]*[^/\s][^/]*$")], ...],
    BeforeValidator(lambda value: _split(value, "/")),
    Field(max_length=1000),
    _ListOf("at most 1000 names, each with at most 100 characters"),
]
OrAuto = BeforeValidator(_none_or_number)


def _separator(value: tuple[Any, ...]) -> str:
    kind = type(value[0]) if value else None
    return ";" if kind is tuple else "/" if kind is str else ","


def as_text(value: Any) -> str:
    """A setting's value as text, which `TrainConfig.with_values` reads back as the same value."""
    match value:
        case None:
            return "auto"
        case bool():
            return str(value).lower()
        case float():
            return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case tuple():
            return _separator(value).join(map(as_text, value))
        case _:
            return str(value)


@dataclass(frozen=True)
class Setting:
    """A field of the config, as forms, the command line and error messages describe it."""

    key: str  # dotted: "optimizer_d.lr"
    help: str  # one sentence
    unit: str
    live: bool  # may change while a run trains
    default: Any
    catalog: Catalog[Any] | None  # the catalogue that lists the allowed names, if there is one
    options: tuple[Any, ...]  # the allowed values if there are only a few, else ()
    bounds: dict[str, float]  # "ge", "gt", "le", "lt"
    kind: Literal["number", "whole number", "true or false", "text", "list"]
    items: str = ""  # for a list: what its items are

    @property
    def allowed(self) -> str:
        """The allowed values in words: "a number above 0 and at most 10"; "" if every text is allowed."""
        if self.catalog is not None or self.options:
            return "one of " + ", ".join(map(as_text, self.catalog or self.options))
        if self.items:
            return f"a list of {self.items}"
        phrases = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
        limits = [f"{phrase} {as_text(self.bounds[name])}" for name, phrase in phrases.items() if name in self.bounds]
        kind = {"text": "", "true or false": self.kind}.get(self.kind, f"a {self.kind}")
        return " ".join(filter(None, [kind, " and ".join(limits), self.unit if limits else ""]))


def settings_of(section: type[Section], prefix: str = "") -> Iterator[Setting]:
    """Every setting of a section and of the sections in it, in the order of declaration."""
    for name, info in section.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            yield from settings_of(info.annotation, f"{prefix}{name}.")
        else:
            yield _setting(prefix + name, info)


def _setting(key: str, info: FieldInfo) -> Setting:
    extra = info.json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError(f"{key} must be declared with field()")
    literals = [value for part in (info.annotation, *get_args(info.annotation)) for value in get_args(part)]
    options: list[Any] = [value for value in literals if isinstance(value, str | int) and not isinstance(value, bool)]
    if options and type(None) in get_args(info.annotation):
        options.insert(0, None)
    return Setting(
        key=key,
        help=info.description or "",
        unit=str(extra["unit"]),
        live=bool(extra["live"]),
        default=info.default,
        catalog=next((mark.catalog for mark in info.metadata if isinstance(mark, _CatalogName)), None),
        options=tuple(dict.fromkeys(options)),
        kind=_kind(info.annotation),
        items=next((mark.items for mark in info.metadata if isinstance(mark, _ListOf)), ""),
        bounds={
            name: getattr(mark, name)
            for mark in info.metadata
            for name in ("ge", "gt", "le", "lt")
            if hasattr(mark, name)
        },
    )


def _kind(annotation: Any) -> Literal["number", "whole number", "true or false", "text", "list"]:
    kinds = {annotation, get_origin(annotation), *get_args(annotation)}
    if bool in kinds:
        return "true or false"
    if int in kinds:
        return "whole number"
    if float in kinds:
        return "number"
    return "list" if tuple in kinds else "text"


def error_message(error: ValidationError, settings: dict[str, Setting]) -> str:
    """The first problem in a pydantic error as one sentence: the setting, its value, the allowed values."""
    first = error.errors(include_url=False, include_context=False)[0]
    path = [str(part) for part in first["loc"] if isinstance(part, str)]
    key = next((".".join(path[:n]) for n in range(len(path), 0, -1) if ".".join(path[:n]) in settings), "")
    reason = first["msg"].removeprefix("Value error, ")
    if not path:  # the message of a rule about several settings names them
        return reason
    if first["type"] == "extra_forbidden":
        return f'"{".".join(path)}" is not a setting'
    value = first["input"]
    text = as_text(value) if isinstance(value, str | int | float | bool | tuple) else repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    if not key:
        return f"{'.'.join(path)}: {text} is not allowed; it must be a JSON object of settings"
    setting = settings[key]
    if setting.catalog is not None and first["type"] == "value_error":
        return f"{key}: {reason}"
    if not setting.allowed:  # a pattern or a length
        return f"{key}: {text} is not allowed: {reason[0].lower()}{reason[1:]}"
    return f"{key}: {text} is not allowed; it must be {setting.allowed}"
