"""The panel beside a person's own pictures: their number and classes, the files left out, and how they are fitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from gan_core import presets
from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.schema import as_text
from gan_core.data import DataError, few_notes, store
from gan_core.data.survey import Survey, preview, survey
from ui.components import sample_grid
from ui.formatting import count, duration, plain, rough_minutes
from ui.train import own_pictures
from ui.widgets import showing

_LENGTHS = (1000, 3000, 10_000)  # steps
_SIDES = (32, 64)  # pixels
_COLUMNS = 4
_LARGEST = 116  # pixels of a picture's side on the screen
_SHOWN = 16
_NAMED = 200  # files that are named for one reason
_SURVEY = "survey of own pictures"
_SOON = 0.4  # seconds; only what takes longer shows its progress


def pictures(config: TrainConfig) -> None:
    """Sixteen pictures as training sees them, and what was left out; or why there are none."""
    try:
        found = _survey(config)
        images = _preview(config) if found.pictures else np.empty((0, 1, 1, 1), np.uint8)
    except DataError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if own_pictures.is_new(config):
        own_pictures.change(_fitting(found))
        st.rerun()
    if not found.pictures:
        st.error("None of these files can be used as a picture.", icon=":material/error:")
    else:
        classes = f" in {len(found.classes)} classes" if found.classes else ""
        st.markdown(f"**{plain(count(found.pictures, 'pictures'))}**{classes}, as the networks will see them")
        sample_grid(images, "own", None, _COLUMNS, label="your pictures", largest=_LARGEST)
    _left_out(config, found)


def settings(config: TrainConfig) -> None:
    """The choices about the pictures, each shown only if it matters for them."""
    try:
        found = _survey(config)
    except DataError:
        return  # `pictures` says why
    if not found.pictures:
        return
    st.caption(_facts(found))
    for note in found.notes:
        st.info(plain(note), icon=":material/folder:")
    if found.not_square:
        _choice("Not square", "data.fit", {"crop": "Crop", "pad": "Pad", "stretch": "Stretch"}, config)
    if found.transparent or (found.not_square and config.data.fit == "pad"):
        grounds = {"auto": "Auto", "white": "White", "grey": "Grey", "black": "Black"}
        _choice("Ground", "data.ground", grounds, config)
    _choice("Colours", "data.channels", {3: "Colour", 1: "Grey"}, config, config.shape[0])
    _choice("Picture side", "data.size", {side: f"{side} pixels" for side in _SIDES}, config, config.shape[-1])
    if found.classes:
        by_class = config.condition.name != "none"
        st.toggle(
            "Train by class",
            by_class,
            help="The networks are told the folder of each picture, so that you can ask for one",
            **showing("own/by class", by_class, lambda on: own_pictures.change(_by_class(found, on))),
        )
    _length(config, found)
    for note in few_notes(config, found.pictures):
        st.warning(plain(note), icon=":material/photo_library:")


def _length(config: TrainConfig, found: Survey) -> None:
    def name(steps: int) -> str:
        if config.preset not in presets.names():
            return f"{steps:,} steps"
        minutes = presets.minutes_of(config.with_values({"max_steps": steps}), found.pictures)
        return rough_minutes(minutes).removeprefix("about ")

    _choice("Length", "max_steps", {steps: name(steps) for steps in _LENGTHS}, config)


def _choice(title: str, key: str, options: Mapping[Any, str], config: TrainConfig, value: object = None) -> None:
    """Buttons for the values of one setting."""
    value = config.value(key) if value is None else value
    names = options if value in options else {value: as_text(value), **options}
    st.segmented_control(
        title,
        list(names),
        default=value,
        required=True,
        format_func=lambda option: plain(names[option]),
        help=plain(SETTINGS[key].help),
        **showing(f"own/{key}", value, lambda chosen: own_pictures.change({key: chosen})),
    )


def _facts(found: Survey) -> str:
    small, large = ("×".join(map(str, size)) for size in (found.smallest, found.largest))
    sizes = f"{small} pixels" if small == large else f"{small} to {large} pixels"
    colours = "grey" if found.grey == 1 else "colour" if found.grey == 0 else "colour and grey"
    classes = ", ".join(f"{name} {number:,}" for name, number in found.classes.items())
    return plain(" · ".join(filter(None, (sizes, colours, classes))))


def _fitting(found: Survey) -> dict[str, object]:
    """The settings that suit pictures which have just been chosen."""
    side = _SIDES[0] if min(found.median) < 0.75 * _SIDES[1] else _SIDES[1]
    return {"data.size": side, "data.channels": 1 if found.grey == 1 else 3, **_by_class(found, on=False)}


def _by_class(found: Survey, on: bool) -> dict[str, object]:
    return {"condition.name": "projection" if on else "none", "data.classes": tuple(found.classes) if on else ()}


def _left_out(config: TrainConfig, found: Survey) -> None:
    """Every file that is not used, with the reason."""
    reasons = {reason: list(names) for reason, names in found.skipped.items()}
    for reason, names in own_pictures.refused(config).items():
        reasons.setdefault(reason, []).extend(names)
    if found.duplicates:
        reasons["the same as another"] = [f"{copy} = {first}" for first, copy in found.duplicates]
    total = sum(map(len, reasons.values()))
    if not total:
        return
    with st.expander(f"{plain(count(total, 'files'))} left out", icon=":material/filter_alt:"):
        for reason, names in reasons.items():
            st.markdown(f"**{plain(reason)}** ({len(names):,})")
            more = [f"and {len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
            st.text("\n".join(names[:_NAMED] + more))


# ---- reading ---------------------------------------------------------------------------------------------------------


def _survey(config: TrainConfig) -> Survey:
    """The survey of the pictures, kept by the tab until a file changes."""
    place, version = st.empty(), store.fingerprint(config.data.path)
    known: tuple[object, Survey] | None = st.session_state.get(_SURVEY)
    if known is None or known[0] != version:
        known = st.session_state[_SURVEY] = (version, survey(config.data.path, _progress(place)))
        place.empty()
    return known[1]


def _preview(config: TrainConfig) -> np.ndarray:
    keys = {key: value for key, value in config.values().items() if key.startswith("data.")}
    return _previewed(TrainConfig().with_values(keys), store.fingerprint(config.data.path))


@lru_cache(maxsize=8)
def _previewed(config: TrainConfig, fingerprint: object) -> np.ndarray:
    return preview(config, _SHOWN).permute(0, 2, 3, 1).numpy()


def _progress(place: Any) -> Callable[[float, str], None]:
    """Shows the progress of what takes longer than a moment, with the time left."""
    began = time.monotonic()

    def show(done: float, text: str) -> None:
        seconds = time.monotonic() - began
        if seconds > _SOON:
            left = f" · {duration(seconds / done * (1 - done))} left" if done > 0 else ""
            place.progress(min(done, 1.0), text=plain(text) + left)

    return show
