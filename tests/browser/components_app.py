"""A page of components with synthetic data that changes twice a second."""

from __future__ import annotations

import gc
import time
from types import SimpleNamespace

import numpy as np
import streamlit as st

from ui import theme
from ui.charts import curves
from ui.charts.plane import layered_view
from ui.components import draw_pad, live_chart, sample_grid

st.set_page_config("Components", layout="wide")
theme.inject_css()
if "began" not in st.session_state:
    gc.collect()
    gc.freeze()
    st.session_state.began = time.monotonic()
MARKS = (SimpleNamespace(step=400, text="G's learning rate 0.0002 → 0.0001"),)
EMPTY = "empty" in st.query_params


def history(n: int) -> SimpleNamespace:
    """A run of `n` steps that converges to the equilibrium of the cross-entropy loss."""
    step = np.arange(1, n + 1, dtype=np.int32)
    fade = np.exp(-step / 300)
    noise = np.random.default_rng(1).normal(size=(6, n)).astype(np.float32)
    return SimpleNamespace(
        step=step,
        epoch=step / 79,
        seconds=step / 62,
        loss_d=1.386 - 0.9 * fade + 0.06 * noise[0],
        loss_g=0.693 + 2.2 * fade * (1 + 0.3 * np.sin(step / 40)) + 0.08 * noise[1],
        d_real=0.5 + 0.4 * fade + 0.03 * noise[2],
        d_fake=0.5 - 0.4 * fade + 0.03 * noise[3],
        grad_norm_d=np.exp(-1 + fade + 0.2 * noise[4]),
        grad_norm_g=np.exp(-2 + 2 * fade + 0.3 * noise[5]),
    )


def plane(turn: float) -> tuple[SimpleNamespace, np.ndarray, np.ndarray]:
    """A generator that approaches a ring of eight Gaussians, and a discriminator."""
    real = np.array([[2 * np.cos(a), 2 * np.sin(a)] for a in np.arange(256) % 8 * np.pi / 4])
    real = real + np.random.default_rng(2).normal(0, 0.06, real.shape)
    y, x = np.mgrid[-3:3:40j, -3:3:40j]
    near = np.exp(-((np.hypot(x, y) - 2) ** 2) / 0.3)
    surface = 0.15 + 0.65 * near + 0.1 * np.sin(x + turn)
    u, v = np.meshgrid(np.linspace(-1, 1, 15), np.linspace(-1, 1, 15))
    angle, radius = np.pi * u + 0.3 * np.sin(turn), 1.5 + 0.5 * v + 0.2 * np.sin(3 * u + turn)
    grid = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    chosen = np.random.default_rng(3).integers(0, 14, (2, 200))
    generated = grid[chosen[0], chosen[1]] + np.random.default_rng(4).normal(0, 0.1, (200, 2))
    away = np.linalg.norm(generated, axis=1, keepdims=True)
    return (
        SimpleNamespace(
            extent=(-3.0, 3.0, -3.0, 3.0),
            surface=surface.astype(np.float32),
            grid=grid.astype(np.float32),
            density=(1 / np.linalg.norm(grid[1:, 1:] - grid[:-1, :-1], axis=-1) ** 2).astype(np.float32),
            gradient=(generated / away * (2 - away) * 2).astype(np.float32),
        ),
        real,
        generated,
    )


def digits(n: int, side: int, channels: int, turn: float) -> np.ndarray:
    """White rings of changing width on black."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    wide = (0.45 + 0.25 * np.sin(turn + np.arange(n)))[:, None, None]
    ring = np.exp(-((np.hypot(x, y)[None] - wide) ** 2) / 0.02)
    tint = np.ones(1) if channels == 1 else np.array([1.0, 0.6, 0.2])
    return (40 + 215 * ring[..., None] * tint).clip(0, 255).astype(np.uint8)


def picked(value: float) -> None:
    st.session_state.cursor = value


top = st.columns([2, 2, 2, 3], vertical_alignment="bottom")
unit = top[0].segmented_control("x axis", ["step", "epoch", "seconds"], default="step", key="unit")
smoothing = top[1].slider("smoothing", 0.0, 0.99, 0.8)
log = top[2].toggle("log scale")
top[3].button("Start", type="primary", icon=":material/play_arrow:")


@st.fragment(run_every=0.5)
def live() -> None:
    seconds = time.monotonic() - st.session_state.began
    past = history(0 if EMPTY else 600 + int(60 * seconds))
    cursor = st.session_state.get("cursor")
    at = None if cursor is None else curves.position(past, cursor, unit)
    left, right = st.columns([6, 8])
    with left:
        index = sample_grid(
            digits(64, 28, 1, seconds),
            "fakes",
            scores=0.5 + 0.5 * np.sin(np.arange(64) + seconds),
            label="generated samples",
        )
        if index is not None:
            st.session_state.index = index
        st.caption("real images")
        sample_grid(digits(8, 64, 3, 0), "reals", label="real images")
    with right:
        common = {"uirevision": "run", "cursor": at, "on_pick": picked}
        chart = curves.losses(past, unit, smoothing, log, (2 * np.log(2), np.log(2)), MARKS)
        live_chart(chart, "losses", 270, **common)
        one, two = st.columns(2)
        with one:
            live_chart(curves.scores(past, unit, smoothing), "scores", 210, **common)
        with two:
            live_chart(curves.gradient_norms(past, unit, smoothing), "norms", 210, **common)
    one, two, _ = st.columns([5, 4, 4])
    with one:
        live_chart(layered_view(*plane(seconds)), "plane", "square", uirevision="run")
    st.session_state.updates = st.session_state.get("updates", 0) + 1
    st.text(f"cursor {cursor}  index {st.session_state.get('index')}  updates {st.session_state.updates}")


live()
points = draw_pad("pad", [(0.0, 0.0)] if "drawn" in st.query_params else ())
st.text(f"{len(points)} points, last {points[-1] if points else None}")
