"""Every figure beside a picture is of the picture's step, or says of which step it is."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_page import texts

FIT, EVALUATED, LATER = 400, 600, 1240  # steps of the fit, of the evaluation, and of the samples


def page(kind: str, scrub: int | None, failed: bool = False) -> None:
    import numpy as np
    import streamlit as st
    import torch

    from gan_core.metrics.evaluations import Evaluation, Evaluations
    from gan_core.metrics.point_quality import PointEvaluator
    from gan_core.metrics.registry import MetricValue, Provenance
    from gan_core.session.snapshot import SampleView, Snapshot
    from tests.support.small import DIGITS, POINTS
    from tests.ui.test_steps_of_figures import EVALUATED, FIT, LATER
    from ui.train import point_fit, quality

    st.session_state.scrub = scrub
    config = POINTS if kind == "points" else DIGITS
    provenance = Provenance(2000, "fresh points", "coordinates")
    values = {"kl": 1.25, "js": 0.5, "covered": 3.0, "good": 0.25} if kind == "points" else {"frechet": 41.2}
    metrics = tuple(MetricValue(name, value, value, value, 0.1, provenance) for name, value in values.items())
    samples = np.zeros((4, 2) if kind == "points" else (4, 28, 28, 1), np.float32)
    now = Snapshot(
        config,
        status="failed" if failed else "training",
        step=LATER + 60,
        frames=(0, FIT, EVALUATED, 800),
        sample_view=SampleView() if failed else SampleView(samples, step=LATER),
        fit=PointEvaluator(config).fit(torch.zeros(100, 2)) if kind == "points" else None,
        fit_step=FIT,
        evaluations=Evaluations((Evaluation(EVALUATED, 1.0, 1.0, 1, metrics),), "js"),
    )
    point_fit.panel(now)
    quality.panel(now)


def shown(kind: str, scrub: int | None = None, failed: bool = False) -> AppTest:
    app = AppTest.from_function(page, kwargs={"kind": kind, "scrub": scrub, "failed": failed}).run(timeout=60)
    assert not app.exception
    return app


def metrics(app: AppTest) -> dict[str, Any]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_fit_of_an_earlier_step_than_the_picture_says_so() -> None:
    app = shown("points")
    assert f"Measured at step {FIT:,}; the picture shows step {LATER:,}" in texts(app)
    assert metrics(app)["Modes"] == "0 of 8"


def test_the_time_line_shows_the_figures_of_its_step() -> None:
    app = shown("points", FIT)
    assert f"Measured at step {FIT:,}" in texts(app)
    assert "the picture shows" not in texts(app)
    app = shown("points", EVALUATED)
    assert f"Measured at step {EVALUATED:,}" in texts(app)
    assert metrics(app) == {"KL": "1.250 bits", "JS": "0.500 bits", "Modes": "3 of 8", "On a mode": "25%"}


def test_a_step_without_an_evaluation_shows_no_figures() -> None:
    app = shown("points", 800)
    assert "Not measured at this step (800)" in texts(app)
    assert set(metrics(app).values()) == {"–"}
    assert "generated] | – | –" in texts(app)


def test_a_failed_run_names_the_step_of_its_last_picture() -> None:
    assert f"Measured at step {FIT:,}; the picture shows step 800" in texts(shown("points", failed=True))


@pytest.mark.parametrize(
    ("scrub", "told"),
    [(None, "Quality at step 600"), (EVALUATED, "Quality at step 600"), (800, "not measured at step 800")],
)
def test_the_quality_of_images_is_of_the_step_on_the_time_line(scrub: int | None, told: str) -> None:
    app = shown("images", scrub)
    assert told in app.caption[0].value
    assert ("41.2" in app.caption[0].value) == (scrub != 800)
