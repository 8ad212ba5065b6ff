"""Thinning keeps every spike of a curve, and smoothing keeps gaps."""

from __future__ import annotations

import base64
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ui.charts.series import packed, smooth, thin

LONG = arrays(np.float32, st.integers(1, 3000), elements=st.floats(-1e6, 1e6, width=32))
WITH_GAPS = arrays(np.float32, st.integers(1, 500), elements=st.floats(-100, 100, width=32) | st.just(np.nan))


@given(LONG, st.integers(4, 400))
def test_thinning_keeps_the_ends_and_the_extremes_within_the_limit(values: np.ndarray, limit: int) -> None:
    kept = thin(values, limit)
    assert len(kept) <= limit
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    assert np.all(np.diff(kept) > 0)
    assert values[kept].min() == values.min()
    assert values[kept].max() == values.max()


@given(WITH_GAPS, st.integers(4, 100))
def test_thinning_keeps_the_extremes_next_to_missing_values(values: np.ndarray, limit: int) -> None:
    kept = values[thin(values, limit)]
    known = values[~np.isnan(values)]
    if len(known):
        assert np.nanmin(kept) == known.min()
        assert np.nanmax(kept) == known.max()


def test_a_short_series_is_not_thinned() -> None:
    assert thin(np.arange(10.0), 10).tolist() == list(range(10))
    assert thin(np.zeros(0), 10).tolist() == []


def test_a_million_steps_are_thinned_in_less_than_a_frame() -> None:
    values = np.random.default_rng(0).normal(size=1_000_000).astype(np.float32)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        thin(values, 1000)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.1  # measured: 0.01 s


@given(st.floats(-1e3, 1e3), st.floats(0, 0.99), st.integers(1, 200))
def test_smoothing_does_not_change_a_constant(value: float, weight: float, n: int) -> None:
    assert smooth(np.full(n, value), weight) == pytest.approx(np.full(n, value), rel=1e-9, abs=1e-9)


def test_smoothing_is_the_bias_corrected_moving_average() -> None:
    values, weight = np.random.default_rng(0).normal(size=50), 0.9
    average, expected = 0.0, []
    for t, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        expected.append(average / (1 - weight**t))
    assert smooth(values, weight) == pytest.approx(expected)


def test_smoothing_skips_missing_values_and_keeps_them_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, np.inf, 5.0])
    smoothed = smooth(values, 0.5)
    assert np.isnan(smoothed[1])
    assert np.isinf(smoothed[3])
    assert smoothed[[0, 2, 4]] == pytest.approx(smooth(np.array([1.0, 3.0, 5.0]), 0.5))


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-9, 9, width=32)))
def test_packed_numbers_can_be_read_back(values: np.ndarray) -> None:
    spec = packed(values)
    shape = tuple(map(int, spec["shape"].split(",")))
    assert np.frombuffer(base64.b64decode(spec["bdata"]), np.float32).reshape(shape).tolist() == values.tolist()
