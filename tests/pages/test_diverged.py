"""The Train and the Runs page after a run has diverged: one finding, its last good samples, and no lost weights."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from gan_core.runs import RunStore
from tests.pages.test_train import press
from tests.session.test_recorded_health import DIVERGING
from tests.support.app_page import labels, page_of, texts
from tests.ui.test_health import seen, watched


def test_a_diverged_run_offers_and_names_only_what_is_left(train: AppTest, tmp_path: Path) -> None:
    train.query_params.update(DIVERGING.to_query())
    app = press(seen(train.run()), "Start")
    assert watched(app).wait(120)
    app = seen(app.run())
    now = watched(app).snapshot()
    assert now.status == "failed"
    assert f"The last samples before the run failed, of step {now.frames[-1]:,}" in texts(app)
    assert "The training diverges" in texts(app)
    assert "collapse" not in texts(app).lower()
    assert not [label for label in labels(app) if label.startswith("Fork")]
    trainable = RunStore(tmp_path).open(now.run_id).trainable()
    assert ("Resume" in labels(app)) == bool(trainable)

    runs = page_of("runs")
    runs.query_params["run"] = now.run_id
    seen(runs.run())
    assert "The training diverges" in texts(runs)
    assert ("Fork and train" in labels(runs)) == bool(trainable)
