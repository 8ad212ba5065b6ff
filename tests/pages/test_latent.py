"""The Latent page without a browser: its view, links, and messages about missing or damaged runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from gan_core import latent, models
from gan_core.config import TrainConfig
from gan_core.latent import Model, Weights
from gan_core.runs import Run, RunStore, direction_names, shipped
from tests.support import app_page
from tests.support.app_page import query_of
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS, POINTS
from ui import server
from ui.latent import sliders
from ui.latent.drawn_digit import to_digit
from ui.latent.latent_point import LatentPoint, LatentPointError
from ui.latent.panels import PANELS
from ui.latent.sources import Source
from ui.latent.view import LatentView, Search

FEW = DIGITS.with_values({"ema_decay": 0.9})


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    monkeypatch.setattr(server, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(shipped, "SHIPPED", RunStore(tmp_path / "shipped"))
    st.cache_data.clear()
    yield RunStore(tmp_path / "runs")
    server.pool().close()
    st.cache_resource.clear()


def trained(library: RunStore, config: TrainConfig = FEW, steps: int = 2) -> Run:
    return saved_run(library, config, "", save_at=range(1, steps + 1))[0]


def opened(**query: str) -> AppTest:
    return app_page.opened(app_page.page_of("latent"), query)


def rerun(app: AppTest) -> AppTest:
    st.cache_data.clear()  # lists of runs are kept for two seconds
    app.run()
    assert not app.exception
    return app


def picture_shown(app: AppTest) -> bool:
    return any("D's score" in element.value for element in app.caption)


def model(values: dict[str, Any] | None = None, config: TrainConfig = FEW) -> Model:
    config = config.with_values(values or {})
    generator, discriminator = models.build(config)
    return Weights(config, 0, generator.state_dict(), discriminator.state_dict()).model("test")


def test_without_any_model_the_page_says_what_to_do(library: RunStore) -> None:
    app = opened()
    assert "train one" in app.info[0].value


def test_a_deleted_run_is_reported_and_another_one_shown(library: RunStore) -> None:
    gone, kept = trained(library), trained(library)
    app = opened(run=gone.id)
    shutil.rmtree(gone.path)
    rerun(app)
    assert "renamed or deleted" in app.error[0].value
    assert query_of(app)["run"] == kept.id
    assert picture_shown(app)
    assert not rerun(app).error


def test_the_only_run_may_be_deleted_while_it_is_shown(library: RunStore) -> None:
    run = trained(library)
    app = opened(run=run.id)
    shutil.rmtree(run.path)
    assert "train one" in rerun(app).info[0].value


def test_a_damaged_checkpoint_is_reported_and_the_others_can_be_chosen(library: RunStore) -> None:
    run = trained(library)
    for file in (run.path / "step-0000002").glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    app = opened(run=run.id, step="2")
    assert "step 2 of the run" in app.error[0].value
    assert "damaged" in app.error[0].value
    app.selectbox(key="latent.moment").set_value("1").run()
    assert not app.error
    assert picture_shown(app)
    assert picture_shown(opened(run=run.id)), "the last intact checkpoint is shown instead"


def test_a_run_without_a_checkpoint_is_reported(library: RunStore) -> None:
    run = library.create(FEW)
    assert "no checkpoint yet" in opened(run=run.id).error[0].value


@pytest.mark.parametrize(("config", "size"), [(FEW, 1), (FEW, 512), (POINTS, 1), (POINTS, 2), (POINTS, 16)])
def test_every_panel_opens_for_latents_of_any_size(library: RunStore, config: TrainConfig, size: int) -> None:
    run = trained(library, config.with_values({"latent.dim": size}), steps=1)
    for panel in PANELS:
        app = opened(run=run.id, panel=panel, seed="3")
        assert picture_shown(app)
        assert not app.error


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"z": "!!"}, "no latent"),
        ({"z": "AAAA"}, "too short"),
        ({"seed": "-4"}, "a seed lies between 0 and 999,999"),
        ({"at": "pca.0:far"}, 'its move is "far", which is no number'),
        ({"seed": "1.5"}, 'its seed is "1.5", which is no whole number'),
        ({"at": "pca.0:nan"}, "lies at infinity"),
        ({"mix": "3:all"}, "was not found"),
        ({"step": "77"}, "no checkpoint of step 77"),
        ({"run": "../../etc"}, "is not there"),
    ],
)
def test_a_bad_link_is_reported_and_seed_0_is_shown(library: RunStore, query: dict[str, str], message: str) -> None:
    run = trained(library)
    app = opened(**({"run": run.id} | query))
    assert message in app.error[0].value
    assert query_of(app) == {"run": run.id, "seed": "0"}
    assert picture_shown(app)


def test_unknown_panels_directions_and_pages_fall_back_to_the_first(library: RunStore) -> None:
    run = trained(library)
    app = opened(run=run.id, panel="no", sliders="none", page="99", at="pca.99:1,none.0:2")
    assert picture_shown(app)
    assert query_of(app) == {"run": run.id, "seed": "0"}


def test_a_link_opens_the_same_view(library: RunStore) -> None:
    run = trained(library, FEW.with_values({"condition.name": "projection"}))
    query = {"run": run.id, "step": "1", "weights": "raw", "seed": "12", "class": "4", "at": "pca.1:1.5,raw.3:-2"}
    assert query_of(opened(**query)) == query


def test_another_model_of_the_same_size_keeps_the_latent(library: RunStore) -> None:
    first, second = trained(library), trained(library, FEW.with_values({"seed": 1}))
    z = latent.to_text(torch.linspace(-2, 2, 8))
    app = opened(run=first.id, z=z)
    app.selectbox(key="latent.source").set_value(second.id).run()
    assert query_of(app)["z"] == z


@settings(max_examples=40, deadline=None)
@given(
    seed=some.integers(0, 999_999),
    moves=some.dictionaries(some.sampled_from(["pca.0", "sefa.7", "raw.3"]), some.floats(-3, 3).filter(bool)),
    label=some.integers(0, 9),
)
def test_a_latent_point_survives_its_url(seed: int, moves: dict[str, float], label: int) -> None:
    of = CONDITIONAL
    moves = {name: float(f"{far:g}") for name, far in moves.items() if float(f"{far:g}")}
    latent_point = LatentPoint(latent.draw(of, 1, seed)[0], seed, moves, label)
    back = LatentPoint.from_query(latent_point.to_query(), of)
    assert (back.seed, dict(back.moves), back.label) == (seed, moves, label)
    assert torch.equal(back.z(of), latent_point.z(of))


def test_a_latent_without_a_seed_survives_its_url_exactly() -> None:
    latent_point = LatentPoint(torch.zeros(8)).at(latent.draw(CONDITIONAL, 1, 5)[0] * 1.1)
    assert torch.equal(LatentPoint.from_query(latent_point.to_query(), CONDITIONAL).base, latent_point.base)


def test_undo_leads_back_50_steps_at_most() -> None:
    view = LatentView().fit_to(CONDITIONAL)
    for seed in range(60):
        view = view.at_seed(seed, CONDITIONAL)
    for _ in range(60):
        view = view.undone()
    assert view.point.seed == 9


def test_all_moves_of_a_dragged_slider_are_one_step_for_undo() -> None:
    start = view = LatentView().fit_to(CONDITIONAL)
    for message, offset in enumerate((0.5, 1.0, 1.5)):
        view = sliders.move(view, {"pca.0": offset}, view.start, message, 7)
    assert (view.dragging, view.message, view.strips_in_browser) == (True, 2, 7)
    view = sliders.rest(view, {"pca.0": 2.0}, view.start, 3, 7)
    assert not view.dragging
    assert dict(view.point.moves) == {"pca.0": 2.0}
    assert view.undone().point is start.point


def test_a_late_message_of_a_slider_does_not_undo_a_reset() -> None:
    view = sliders.move(LatentView().fit_to(CONDITIONAL), {"pca.0": 1.0}, 0, 1, 7)
    before = view.start
    view = view.at(replace(view.point, moves={}))
    view = sliders.rest(view, {"pca.0": 1.0}, before, 2, 7)
    assert not view.point.moves
    assert (view.dragging, view.message) == (False, 2)
    assert sliders.move(view, {"pca.0": 0.5}, view.start, 3, 7).point.moves


def test_a_late_message_of_a_slider_does_not_move_the_latent_of_a_smaller_model() -> None:
    large = sliders.move(LatentView().fit_to(CONDITIONAL), {"pca.5": 1.0}, 1, 1, 7)
    small = large.fit_to(model({"latent.dim": 2}))
    assert not sliders.rest(small, {"pca.5": 1.0}, large.start, 2, 7).point.moves


def test_a_latent_of_another_size_is_refused() -> None:
    with pytest.raises(LatentPointError, match="too long"):
        LatentPoint.from_query({"z": latent.to_text(torch.zeros(9))}, CONDITIONAL)


CONDITIONAL = model({"condition.name": "projection"})


def test_a_drawing_of_any_size_and_position_becomes_a_centred_digit() -> None:
    stroke = [(0.02 * i, 0.05 * i) for i in range(20)]
    small, moved = to_digit(stroke, 28), to_digit([(2 * x - 1, 2 * y + 1) for x, y in stroke], 28)
    assert np.abs(small.astype(int) - moved).max() <= 32, "positions are rounded to eighths of a pixel"
    rows, columns = np.nonzero(small > 100)
    assert abs(rows.mean() - 13.5) < 1.5
    assert abs(columns.mean() - 13.5) < 1.5
    assert 17 <= np.ptp(rows) + 1 <= 21
    assert small[:, :14][14:].sum() > small[:, 14:][14:].sum(), "the digit leans to the right, as drawn"


def test_a_dot_is_a_small_digit() -> None:
    assert 0 < (to_digit([(1.0, 1.0)], 28) > 100).sum() < 20


def test_a_search_ends_when_another_model_is_shown(library: RunStore) -> None:
    one, other = trained(library), trained(library, FEW.with_values({"seed": 1}))
    searched = one.model()
    steps = latent.invert(searched, torch.zeros(FEW.shape))
    search = Search(one.id, searched, steps, next(steps))
    app = opened(run=one.id, panel="invert")
    app.session_state["latent"] = replace(app.session_state["latent"], search=search)
    assert rerun(app).session_state["latent"].search is not None
    app = opened(run=other.id, panel="invert")
    app.session_state["latent"] = replace(app.session_state["latent"], search=search)
    assert rerun(app).session_state["latent"].search is None


def test_a_name_for_a_direction_of_a_shipped_run_is_kept_in_the_library(library: RunStore) -> None:
    run = trained(shipped.SHIPPED)
    source = Source(run.id, "", True, run)
    sliders.name_direction(source, run.model(), "pca.0", "slant")
    assert not (run.path / direction_names.FILE).exists()
    assert (library.root / "shipped" / run.id / direction_names.FILE).exists()
    vectors = latent.directions(run.model(), "pca", 2).vectors
    assert direction_names.names_of(source.name_folders, "pca", vectors) == ["slant", ""]
    assert run.id not in {summary.id for summary in library.list()}
