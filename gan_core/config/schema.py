"""How a config is described: sections of fields, and one `Setting` that tells a form all about a field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from gan_core.config.catalog import Catalog


class ConfigError(ValueError):
    """A bad value. The message is one sentence that names the field, the value and what would be allowed."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())  # what it quotes may hold anything
        super().__init__(line if len(line) <= 500 else line[:497] + "...")


class Section(BaseModel):
    """A group of settings: immutable, unknown keys refused, NaN and infinity refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class _Names:
    """Marks a text field as the name of an entry of `catalog`."""

    def __init__(self, catalog: Catalog[Any]) -> None:
        self.catalog = catalog

    def check(self, name: str) -> str:
        if name not in self.catalog:
            raise ValueError(self.catalog.complaint(name))
        return name


def name_in(catalog: Catalog[Any]) -> Any:
    """The type of a field that holds the name of an entry of `catalog`."""
    names = _Names(catalog)
    return Annotated[str, AfterValidator(names.check), names]


def described(default: Any, about: str, *, unit: str = "", live: bool = False, **bounds: Any) -> Any:
    """A field with its one line of help, its unit, whether it may change while a run trains, and pydantic's bounds."""
    return Field(default, description=about, json_schema_extra={"unit": unit, "live": live}, **bounds)


# A URL and a command line hold nothing but text, so lists and absent values have a spelling in text.


def _parts(value: object, separator: str) -> object:
    return [part for part in value.split(separator) if part.strip()] if isinstance(value, str) else value


def _points(value: object) -> object:
    return [_parts(point, ",") for point in value.split(";") if point.strip()] if isinstance(value, str) else value


def _absent(value: object) -> object:
    return None if value in ("", "auto") else value


def _digits(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


@dataclass(frozen=True)
class _ListOf:
    """Marks a field as a list, and says of what."""

    items: str


Coordinate = Annotated[float, Field(ge=-10, le=10)]
Points = Annotated[
    tuple[tuple[Coordinate, Coordinate], ...],
    BeforeValidator(_points),
    Field(max_length=400),
    _ListOf("at most 400 pairs of numbers, each at least -10 and at most 10"),
]
Widths = Annotated[
    tuple[Annotated[int, Field(ge=1, le=8192)], ...],
    BeforeValidator(lambda value: _parts(value, ",")),
    Field(max_length=8),
    _ListOf("at most 8 whole numbers, each at least 1 and at most 8192"),
]
OrAuto = BeforeValidator(lambda value: _digits(_absent(value)))  # "auto" spells None


def as_text(value: Any) -> str:
    """A setting's value in the spelling that reads back as the same value."""
    match value:
        case None:
            return "auto"
        case bool():
            return str(value).lower()
        case float():
            return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case tuple():
            separator = ";" if value and isinstance(value[0], tuple) else ","
            return separator.join(map(as_text, value))
        case _:
            return str(value)


@dataclass(frozen=True)
class Setting:
    """All that a form, a command line or an error message needs to know of one field."""

    key: str  # dotted: "optimizer_d.lr"
    about: str
    unit: str
    live: bool  # may change while a run trains
    default: Any
    catalog: Catalog[Any] | None  # where the value is a catalogue name
    options: tuple[Any, ...]  # where the value is one of a few; () otherwise
    bounds: dict[str, float]  # "ge", "gt", "le", "lt"
    kind: Literal["number", "whole number", "true or false", "text", "list"]
    items: str = ""  # of what it is a list

    @property
    def allowed(self) -> str:
        """What the setting may be, in words; "" where anything goes."""
        if self.catalog is not None or self.options:
            return "one of " + ", ".join(map(as_text, self.catalog or self.options))
        if self.items:
            return f"a list of {self.items}"
        words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
        limits = [f"{word} {as_text(self.bounds[name])}" for name, word in words.items() if name in self.bounds]
        article = "" if self.kind == "true or false" else "a "
        words_of_kind = f"{article}{self.kind}" if self.kind != "text" else ""
        return " ".join(filter(None, [words_of_kind, " and ".join(limits), self.unit if limits else ""]))


def settings_of(section: type[Section], prefix: str = "") -> Iterator[Setting]:
    """Every setting of a section, in the order of declaration, sections inside it opened up."""
    for name, info in section.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            yield from settings_of(info.annotation, f"{prefix}{name}.")
        else:
            yield _setting(prefix + name, info)


def _setting(key: str, info: FieldInfo) -> Setting:
    extra = info.json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError(f"{key} must be declared with described()")
    literals = [value for part in (info.annotation, *get_args(info.annotation)) for value in get_args(part)]
    options: list[Any] = [value for value in literals if isinstance(value, str | int) and not isinstance(value, bool)]
    if options and type(None) in get_args(info.annotation):
        options.insert(0, None)
    return Setting(
        key=key,
        about=info.description or "",
        unit=str(extra["unit"]),
        live=bool(extra["live"]),
        default=info.default,
        catalog=next((mark.catalog for mark in info.metadata if isinstance(mark, _Names)), None),
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


def sentence(error: ValidationError, settings: dict[str, Setting]) -> str:
    """The first complaint of a pydantic error as one sentence: field, value, bounds."""
    first = error.errors(include_url=False, include_context=False)[0]
    path = [str(part) for part in first["loc"] if isinstance(part, str)]
    key = next((".".join(path[:n]) for n in range(len(path), 0, -1) if ".".join(path[:n]) in settings), "")
    reason = first["msg"].removeprefix("Value error, ")
    if not path:  # a rule about several fields names them itself
        return reason
    if first["type"] == "extra_forbidden":
        return f'"{".".join(path)}" is not a setting'
    value = first["input"]
    shown = as_text(value) if isinstance(value, str | int | float | bool | tuple) else repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if not key:
        return f"{'.'.join(path)}: {shown} is not allowed; it must be a JSON object of settings"
    setting = settings[key]
    if setting.catalog is not None and first["type"] == "value_error":
        return f"{key}: {reason}"
    if not setting.allowed:  # a rule without bounds
        return f"{key}: {shown} is not allowed: {reason[0].lower()}{reason[1:]}"
    return f"{key}: {shown} is not allowed; it must be {setting.allowed}"
