"""Short texts of numbers: no exponent for large ones, no sign for zero, units that carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.system.formatting import ago, count, duration, fixed, plural, rough_minutes, short, size

NUMBERS = st.floats(-1e15, 1e15)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (0.6931, "0.693"), (12.44, "12.4"), (99.96, "100"), (999.5, "1,000"),
        (1234, "1,234"), (9999.4, "9,999"), (9999.6, "10k"), (12_345, "12.3k"), (999_499, "999k"), (999_600, "1M"),
        (5.12e8, "512M"), (9.999e8, "1G"), (-1e4, "-10k"), (1e15, "1,000T"), (float("nan"), "nan"),
        (float("inf"), "inf"),
        (8.3e22, "8.3e+22"),
    ],
)  # fmt: skip
def test_a_number_is_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (512, "512 B"), (999.6, "1 kB"), (999_500, "1 MB"), (1e9, "1 GB"), (1.25e9, "1.25 GB")],
)  # fmt: skip
def test_an_amount_of_bytes_has_a_unit_that_fits(number: float, text: str) -> None:
    assert size(number) == text


@given(NUMBERS)
def test_no_number_has_a_positive_exponent_or_more_digits_than_fit(value: float) -> None:
    for text in (short(value), size(abs(value)), count(value, "images")):
        assert "e+" not in text
        assert not text.startswith("-0 ")
        assert sum(sign.isdigit() for sign in text) <= (7 if "e-" in text or "." in text else 4)


@given(st.floats(1, 1e14))
def test_a_short_number_is_within_half_a_percent(value: float) -> None:
    digits = short(value).replace(",", "")
    scale = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}.get(digits[-1], 1.0)
    assert float(digits.rstrip("kMGT")) * scale == pytest.approx(value, rel=0.0051)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_that_rounds_to_zero_has_no_sign(value: float, digits: int) -> None:
    text = fixed(value, digits)
    assert not (text.startswith("-") and float(text.replace(",", "")) == 0)
    assert float(text.replace(",", "")) == pytest.approx(value, abs=0.51 * 10**-digits)


def test_a_count_names_what_it_counts() -> None:
    assert count(512_000, "points") == "512k points"
    assert count(1, "images") == "1 image"
    assert plural(12_345, "picture is", "pictures are") == "12,345 pictures are"
    assert plural(1, "picture is", "pictures are") == "1 picture is"


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3599.6, "1:00:00")])
def test_a_duration_carries(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "about 5 seconds"), (0.34, "about 20 seconds"), (0.97, "about 55 seconds"), (0.99, "about 1 minute"),
        (3.2, "about 3 minutes"), (59.6, "about 1 hour"), (239, "about 4 hours"), (1439, "about 1 day"),
    ],
)  # fmt: skip
def test_a_rough_time_carries(minutes: float, text: str) -> None:
    assert rough_minutes(minutes) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "just now"), (3599, "59 min ago"), (86_400, "1 day ago"), (3e5, "3 days ago")]
)
def test_an_age_is_rounded_down(seconds: float, text: str) -> None:
    assert ago(seconds) == text
