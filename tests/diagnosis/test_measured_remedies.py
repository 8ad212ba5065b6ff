"""How often a remedy worked: one table for the docs, the order of the remedies and the page."""

from __future__ import annotations

import re

import pytest

from gan_core import presets
from gan_core.diagnosis.failure_mode import Symptoms
from gan_core.diagnosis.failure_modes import FAILURE_MODES
from gan_core.diagnosis.findings import Finding
from gan_core.diagnosis.measured_remedies import ROWS, Measured, measured, table
from tests.architecture.source import ROOT

MODES = {mode.id: mode for mode in FAILURE_MODES}


def finding(failure: str, preset: str, **values: object) -> Finding:
    config = presets.load(preset).with_values({key.replace("__", "."): value for key, value in values.items()})
    return MODES[failure].named(config, Symptoms(0, ()))


def test_the_docs_have_the_same_table() -> None:
    assert table() in (ROOT / "docs" / "diagnosis.md").read_text("utf-8")


def test_every_measured_remedy_is_offered() -> None:
    """A label that changes loses its measurements."""
    offered = {
        (mode.id, label)
        for mode in FAILURE_MODES
        for preset in ("ring8", "mlp-mnist")
        for label, _, _ in mode.remedies(presets.load(preset).with_values({"generator.norm": "none"}))
    }
    assert {(row.failure, row.remedy) for row in ROWS} <= offered


def test_runs_of_one_kind_of_data_are_added() -> None:
    assert measured("mode-collapse", "More steps of D", "points") == Measured(4, 4, 4)
    assert measured("mode-collapse", "More steps of D", "images") == Measured(6, 4, 6)
    assert measured("blind-to-contrast", "Biases in D", "images") is None


def test_the_remedy_that_left_no_failure_most_often_is_first_and_an_unmeasured_one_last() -> None:
    points = finding("discriminator-too-strong", "ring8", penalty__name="none", n_critic=5).remedies
    assert points[0].label == "R1, slow D"
    found = finding("mode-collapse", "mlp-mnist", g_steps=2, generator__norm="none").remedies
    shares = [-1 if remedy.measured is None else remedy.measured.healthy / remedy.measured.runs for remedy in found]
    assert shares == sorted(shares, reverse=True)
    assert (found[-1].label, found[-1].measured) == ("Give D as many steps as G", None)


@pytest.mark.parametrize("mode", FAILURE_MODES, ids=lambda mode: mode.id)
def test_every_remedy_says_why_in_one_short_sentence(mode: object) -> None:
    for preset in ("ring8", "mlp-mnist"):
        for label, _, why in MODES[mode.id].remedies(presets.load(preset)):  # type: ignore[attr-defined]
            assert re.fullmatch(r"[A-Z][^.]*(\.\d[^.]*)?\.", why), label
            assert len(why) <= 90, label
