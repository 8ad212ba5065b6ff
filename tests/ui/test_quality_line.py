"""The quality line of the Train page: the latest metrics, those of real data, and their provenance."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page(dataset: str, evaluated: bool, every: float, extractor: str, error: str, ended: bool) -> None:
    from gan_core import presets
    from gan_core.config import TrainConfig
    from gan_core.metrics.evaluations import Evaluation, Evaluations
    from gan_core.metrics.registry import MetricValue, Provenance
    from gan_core.session.snapshot import Snapshot
    from ui.train import quality

    config = presets.fit_to(TrainConfig(), dataset).with_values({"record.evaluate_every": every})
    provenance = Provenance(2000, "5,000 of training", extractor)
    metrics = (
        MetricValue("frechet", 41.23, 39.8, 42.6, 1.1, provenance),
        MetricValue("coverage", 0.42, 0.4, 0.44, 0.97, provenance),
    )
    rows = (Evaluation(1200, 7.7, 20.0, 38400, metrics),) if evaluated else ()
    found = Evaluations(rows, "frechet", 1200 if evaluated else None)
    quality.panel(Snapshot(config, evaluations=found, evaluation_error=error, status="stopped" if ended else "ready"))


def line(
    dataset: str = "mnist-5k",
    evaluated: bool = True,
    every: float = 15.0,
    extractor: str = "mnist-5k classifier",
    error: str = "",
    ended: bool = False,
) -> AppTest:
    values = {
        "dataset": dataset,
        "evaluated": evaluated,
        "every": every,
        "extractor": extractor,
        "error": error,
        "ended": ended,
    }
    app = AppTest.from_function(page, kwargs=values).run(timeout=60)
    assert not app.exception
    return app


def test_the_latest_metrics_are_shown_beside_those_of_real_data() -> None:
    caption = line().caption[0]
    assert caption.value == (
        "Quality at step 1,200: fair, **41.2** (Fréchet distance; lower is better; real data scores 1.1) · "
        "coverage **0.42** (real data 0.97)"
    )
    assert "39.8 to 42.6 (95 %), 2,000 generated against 5,000 of training, mnist-5k classifier" in caption.help
    assert "Best checkpoint so far: step 1,200" in caption.help


@pytest.mark.parametrize(("every", "text"), [(15.0, "first score in about 15 seconds"), (0.0, "never measured")])
def test_a_run_without_an_evaluation_says_when_one_comes(every: float, text: str) -> None:
    assert text in line(evaluated=False, every=every).caption[0].value


def test_a_run_that_ended_early_promises_no_score() -> None:
    assert "ended before its first score" in line(evaluated=False, ended=True).caption[0].value


def test_a_run_that_cannot_be_evaluated_says_why_and_promises_nothing() -> None:
    shown = line(evaluated=False, error="the data hold 3 different pictures, and quality needs at least 50").caption[0]
    assert shown.value == "Quality: none. the data hold 3 different pictures, and quality needs at least 50"


@pytest.mark.parametrize(
    ("extractor", "text"),
    [
        ("untrained network with colour, contrast and detail, scaled to the data 1a2b", "not what a picture shows"),
        ("1a2b classifier (quarter turns, 95.0% right)", "look the same after a turn"),
        ("mnist-5k classifier (10 classes, 98.9% right)", "what tells the classes apart"),
    ],
)
def test_the_help_says_what_the_features_see(extractor: str, text: str) -> None:
    assert text in line(extractor=extractor).caption[0].help


def test_points_have_no_quality_line() -> None:
    assert not line("ring8").caption
