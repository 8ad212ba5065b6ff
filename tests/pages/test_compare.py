"""The Compare page without a browser: choosing and starting a comparison, and one study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gan_core import compare, presets
from gan_core.compare import Axis, Comparison, Study, StudyStore
from gan_core.config import TrainConfig
from gan_core.runs import Run, RunStore, shipped
from gan_core.session.observer import Observer
from gan_core.training.history import COLUMNS
from gan_core.training.trainer import Trainer
from tests.compare.studies import ended_study
from tests.support.app_page import button, labels, page_of, query_of, texts
from tests.support.small import DIGITS, POINTS
from ui import server
from ui.formatting import plain

PLAN = compare.comparison(
    title="Rates <b>*", base=POINTS, axes=[Axis.of("optimizer_d.lr", [1e-4, 1e-3])], seeds=[0], steps=20, judgements=2
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of two runs that has ended."""
    return ended_study(PLAN, tmp_path_factory.mktemp("library"))


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(server, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(shipped, "SHIPPED", RunStore(tmp_path / "shipped"))
    yield tmp_path / "runs"
    server.pool().close()
    st.cache_resource.clear()


@pytest.fixture
def finished_study(finished: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """The page's library is the library of the finished study."""
    monkeypatch.setattr(server, "RUNS", finished.path.parents[1])
    yield finished
    st.cache_resource.clear()


def opened(draft: TrainConfig | None = None, **query: str) -> AppTest:
    app = page_of("compare")
    if draft is not None:
        app.session_state["draft"] = draft
    app.query_params.update(query)
    return app.run()


def tiny_run(library: Path, config: Any, name: str) -> Run:
    run, trainer = RunStore(library).create(config, name), Trainer(config, "cpu")
    run.append_metrics([[step] * len(COLUMNS) for step in (1, 2)])
    look = Observer(trainer).sample_view(trainer)
    run.write_frame(2, look.samples, look.plane)
    run.log("stopped", 2)
    return run


def test_the_ready_made_comparisons_are_shown_with_their_claims(library: Path) -> None:
    app = opened()
    assert not app.exception
    for name in compare.names():
        assert compare.get(name).title in labels(app)
    assert "most stable loss" in texts(app)
    for name in compare.names():
        headline = compare.finding(compare.measured(name)[-1]).headline
        assert plain(headline.text) in texts(app)  # on its card


def test_measured_results_are_shown_beside_the_claim(
    finished_study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = compare.get("saturating")
    told = json.loads(compare.report.json(compare.results_of(finished_study)))
    told["claims"] = [{"says": c.says, "outcome": "refuted", "text": "Refuted: p.", "tests": []} for c in plan.claims]
    (tmp_path / "saturating-20.json").write_text(json.dumps(told))
    monkeypatch.setattr("gan_core.compare.ready_made._MEASURED", tmp_path)
    app = opened(ready="saturating")
    assert not app.exception
    assert "refuted" in texts(app)
    assert "Measured here, 20 steps, 1 seeds" in texts(app)
    assert "a verdict needs 3 seeds" in texts(app)


def test_a_ready_made_comparison_shows_what_differs_and_what_it_needs(library: Path) -> None:
    app = button(opened(), compare.get(compare.names()[0]).title).click().run()
    assert not app.exception
    assert query_of(app) == {"ready": compare.names()[0]}
    assert "Start 9 runs" in labels(app)
    assert list(app.dataframe[0].value.columns) == ["Setting", "z 10", "z 100", "z 200"]
    app.number_input(key="seeds-latent-dims").set_value(2)
    app.run()
    assert "Start 6 runs" in labels(app)
    assert "no verdict" in texts(app)


def test_a_custom_comparison_is_checked_as_it_is_typed(library: Path) -> None:
    app = opened()
    app.selectbox(key="first").set_value(("latent.dim",)).run()
    assert not app.exception
    field = next(field for field in app.text_input if field.label.startswith("Values"))
    app = field.set_value("2, 4, 8").run()
    assert "Start 9 runs" in labels(app)
    for bad, why in (("2", "at least two"), ("2, fast", "latent.dim"), ("2, 2", "the id"), ("2, -1", "at least 1")):
        field = next(field for field in app.text_input if field.label.startswith("Values"))
        app = field.set_value(bad).run()
        assert not app.exception
        assert why in app.error[0].value
        assert not [label for label in labels(app) if label.startswith("Start")]


def test_the_first_offer_compares_optimisers_at_equally_tuned_rates(library: Path) -> None:
    app = opened()
    told = texts(app).replace("\\", "")
    assert "own learning rate: Adam 0.002, RMSprop 0.001. Each is the best of a short search" in told
    assert not app.warning
    rates = next(group for group in app.button_group if group.label == "Learning rates")
    rates.set_value("Same rate for all").run()
    told = texts(app).replace("\\", "")
    assert f"All optimisers have the same learning rate, {presets.load('ring8').optimizer_g.lr:g}." in told
    assert "may suit only some of them" in app.warning[0].value
    app.text_input(key="first-rate-ring8").set_value("0.5").run()
    assert "the same learning rate, 0.5." in texts(app).replace("\\", "")
    app.selectbox(key="first").set_value(("batch_size",)).run()
    assert "Compare the curves over images" in app.warning[0].value.replace("\\", "")


def test_two_axes_make_every_pair(library: Path) -> None:
    app = opened()
    app.toggle(key="two").set_value(True).run()
    assert not app.exception
    assert "Start 18 runs" in labels(app)  # two optimisers, three lengths of z, three seeds


def test_an_experiment_changed_on_the_train_page_can_be_the_base(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "start", lambda study, resources: None)
    untouched = opened(presets.load("ring8"))
    assert untouched.selectbox(key="base").value == "ring8"
    changed = presets.load("ring8").with_values({"batch_size": 17})
    app = opened(changed)
    assert not app.exception
    assert app.selectbox(key="base").options[0] == "Ring of eight, changed"
    button(app, "Start").click().run()
    (study,) = StudyStore(library).list()
    assert study.comparison.base == changed
    assert study.comparison.title == "Optimiser, Ring of eight, changed"


def test_start_starts_and_shows_the_comparison(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Comparison] = []
    monkeypatch.setattr(compare, "start", lambda study, resources: started.append(study.comparison))
    app = button(opened(), "Start").click().run()
    assert not app.exception
    (study,) = StudyStore(library).list()
    assert query_of(app) == {"comparison": study.id}
    assert started == [study.comparison]
    assert study.comparison.seeds == (0, 1, 2)


def test_a_saved_comparison_is_listed_and_shows_all_results(finished_study: Study) -> None:
    app = opened()
    assert "2 of 2 runs done" in texts(app)
    app = app.button(key=f"open-{finished_study.id}").click().run()
    assert not app.exception
    assert query_of(app) == {"comparison": finished_study.id}
    assert "Not settled: a verdict needs 3 seeds, and 1 is measured." in texts(app)
    assert "Add 2 seeds: 4 runs" in labels(app)
    assert list(app.dataframe[0].value["Runs done"]) == ["1 of 1", "1 of 1"]
    assert list(app.dataframe[1].value.iloc[0])[1:] == ["0.0001", "0.001"]  # the settings that differ
    assert len(app.get("bidi_component")) >= 4  # lanes, curves, two pictures, time line
    assert {button.proto.label for button in app.get("download_button")} >= {"Report (HTML)"}
    assert not {"Pause all", "Resume all"} & labels(app)
    (heading,) = [element.value for element in app.subheader]
    assert heading.replace("\\", "") == PLAN.title
    assert all(f"\\{c}" in heading for c in "<>*")  # shown without markup


def test_a_link_to_no_comparison_shows_an_error_and_the_choice(library: Path) -> None:
    for study_id in ("gone", "../..", "<script>", "a" * 5000):
        app = opened(comparison=study_id)
        assert not app.exception
        assert "no comparison" in app.error[0].value
        assert compare.get("optimizers").title in labels(app)


def test_an_unreadable_comparison_shows_an_error_and_can_be_deleted(library: Path) -> None:
    study = StudyStore(library).create(PLAN)
    (study.path / "comparison.json").write_text("{")
    for app in (opened(comparison=study.id), opened()):
        assert not app.exception
        assert "no readable comparison.json" in texts(app).replace("\\", "")
        app = button(app, f"Delete {study.id}").click().run()
        assert StudyStore(library).list() == []
        button(app, "Undo").click().run()
        assert [kept.id for kept in StudyStore(library).list()] == [study.id]


def test_paused_runs_can_be_resumed_and_are_started(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = StudyStore(library).create(PLAN)
    study.pause()
    started: list[Study] = []
    monkeypatch.setattr(compare, "start", lambda study, resources: started.append(study))
    app = button(opened(comparison=study.id), "Resume all").click().run()
    assert not app.exception
    assert [trial.status for trial in study.trial_statuses()] == ["waiting", "waiting"]
    assert len(started) == 1


def test_a_seed_and_a_value_can_be_added(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = StudyStore(library).create(PLAN)
    monkeypatch.setattr(compare, "start", lambda study, resources: None)
    app = button(opened(comparison=study.id), "One more seed").click().run()
    assert study.comparison.seeds == (0, 1)
    app.text_input(key=f"add-{study.id}-optimizer_d.lr").set_value("0.01")
    app = button(app, "Add value").click().run()
    assert not app.exception
    assert study.comparison.variants[-1].applied_to(POINTS).optimizer_d.lr == 0.01
    app.text_input(key=f"add-{study.id}-optimizer_d.lr").set_value("lots")
    app = button(app, "Add value").click().run()
    assert "Nothing was added" in app.error[0].value
    assert len(study.comparison.variants) == 3


def test_the_headline_adds_the_seeds_that_it_needs(
    finished: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished.path.parents[1], tmp_path / "copy")
    monkeypatch.setattr(server, "RUNS", tmp_path / "copy")
    started: list[Study] = []
    monkeypatch.setattr(compare, "start", lambda study, resources: started.append(study))
    app = button(opened(comparison=finished.id), "Add 2 seeds").click().run()
    assert not app.exception
    study = StudyStore(tmp_path / "copy").open(finished.id)
    assert study.comparison.seeds == (0, 1, 2)
    assert len(study.pending_jobs()) == 4
    assert [each.id for each in started] == [study.id]
    assert "2 of 6 runs are done." in texts(app)
    assert not [label for label in labels(app) if label.startswith("Add 2")]
    st.cache_resource.clear()


def test_a_link_to_a_comparison_names_its_curve_and_step(finished_study: Study) -> None:
    app = opened(comparison=finished_study.id, curve="loss_g", against="seconds", step="10")
    assert not app.exception
    assert app.selectbox(key="compare-measure").value == "loss_g"
    assert query_of(app) == {"comparison": finished_study.id}
    assert "step 10" in texts(app)
    app = opened(comparison=finished_study.id, curve="nonsense", against="nonsense", step="nonsense")
    assert not app.exception
    assert app.selectbox(key="compare-measure").value == "quality"


def test_a_run_of_the_library_can_be_added(library: Path) -> None:
    study = StudyStore(library).create(PLAN)
    run = tiny_run(library, POINTS, "Guest")
    other = tiny_run(library, DIGITS, "Digits")
    app = opened(comparison=study.id)
    choice = app.selectbox(key=f"join-{study.id}")
    assert choice.options == ["Guest"]
    app = choice.set_value(run.id).run()
    app = button(app, "Show it too").click().run()
    assert not app.exception
    assert [added_run.run_id for added_run in study.added_runs()] == [run.id]
    assert other.id not in texts(app)


def test_a_shipped_run_is_compared_as_any_other(library: Path) -> None:
    own = tiny_run(library, POINTS.with_values({"seed": 1}), "Own")
    one = tiny_run(shipped.SHIPPED.root, POINTS, "Shipped")
    study = StudyStore(library).create(PLAN)
    assert set(opened(comparison=study.id).selectbox(key=f"join-{study.id}").options) == {"Own", "Shipped"}
    app = opened(runs=f"{own.id},{one.id}")
    assert not app.exception
    assert list(app.dataframe[0].value["Variant"]) == ["Own", "Shipped"]
    together = StudyStore(library).open(query_of(app)["comparison"])
    assert compare.report.png(compare.results_of(together), together).startswith(b"\x89PNG")
