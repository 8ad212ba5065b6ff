"""The control strip: what people change while they watch a run, and how fast it trains.

Like the form, it changes the session if that trains, and the draft of this tab in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from gan_core.config import SETTINGS, TrainConfig
from gan_core.session import Session
from ui.train import form
from ui.widgets import showing

SPEEDS: Mapping[str, float | None] = {"1 step/s": 1.0, "10 steps/s": 10.0, "full": None}  # the slowest first
RATES = (*(float(f"{first}e{power}") for power in range(-6, 0) for first in (1, 1.5, 2, 3, 5, 7)), 1.0)
_SPEED, _DRAWN, _MORE_RATES = "speed of the next run", "speed drawn", "rates beside RATES"


def panel(config: TrainConfig, session: Session | None) -> None:
    """One row of controls; on a narrow screen they wrap."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="strip"):
        for key in ("optimizer_d.lr", "optimizer_g.lr"):
            _rate(key, config, session)
        form.widget(SETTINGS["loss.name"], config, session, place="strip", width=190)
        form.widget(SETTINGS["n_critic"], config, session, place="strip", width=150)
        _speed(session)


def has_another_speed(session: Session | None) -> bool:
    """Whether the speed has changed elsewhere since the strip was drawn, for example in another tab."""
    return st.session_state.get(_DRAWN) != _name(_speed_of(session))


def apply_speed(session: Session) -> None:
    """Give a new session the speed that was chosen in this tab."""
    session.set_speed(st.session_state.get(_SPEED))


def _rate(key: str, config: TrainConfig, session: Session | None) -> None:
    """A learning rate as a slider over `RATES`, on which each step multiplies the rate by about 1.5."""
    setting, rate = SETTINGS[key], config.value(key)
    more: set[float] = st.session_state.setdefault(_MORE_RATES, set())
    if rate not in RATES:
        more.add(rate)  # for good, since a slider reports the number of its option
    st.select_slider(
        options=sorted({*RATES, *more}),
        value=rate,
        format_func=lambda value: f"{value:g}",
        width=190,
        **form.described(setting, session),
        **showing(f"strip/{key}", rate, partial(form.change, key, session)),
    )


def _speed(session: Session | None) -> None:
    speed = _speed_of(session)
    st.session_state[_DRAWN] = shown = _name(speed)
    st.segmented_control(
        "Speed",
        list(SPEEDS) if shown in SPEEDS else [shown, *SPEEDS],
        default=shown,
        required=True,
        help="Steps a second at most. Keys: - slower, + faster.",
        width="content",
        **showing("speed", shown, partial(_set_speed, session)),
    )


def _set_speed(session: Session | None, name: str | None) -> None:
    if name is None or name not in SPEEDS:
        return
    st.session_state[_SPEED] = SPEEDS[name]
    if session is not None and session.snapshot().live:
        session.set_speed(SPEEDS[name])


def _speed_of(session: Session | None) -> float | None:
    """The speed of the watched session, or else the speed that the next run will have."""
    now = session.snapshot() if session is not None else None
    chosen: float | None = st.session_state.get(_SPEED)
    return now.speed if now is not None and now.live else chosen


def _name(speed: float | None) -> str:
    for name, each in SPEEDS.items():
        if each == speed:
            return name
    return f"{speed:g} steps/s"
