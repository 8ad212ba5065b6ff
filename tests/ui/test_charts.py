"""Charts of a run: each curve has the colour of its role and the chosen unit, and few enough points to send."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from gan_core import losses
from gan_core.compare import Curve
from gan_core.config.catalog import LOSSES
from gan_core.losses.descriptions import describe
from gan_core.session.snapshot import SettingChange
from gan_core.training.history import History
from gan_core.training.plane_view import Plane
from ui.charts import curves
from ui.charts.banded import overlaid
from ui.charts.plane import layered_view, points_only
from ui.charts.quality import QualityCurve, quality
from ui.setting_names import in_words


def run_of(n: int, **columns: np.ndarray) -> History:
    """A run of `n` steps, 79 an epoch and 50 a second; the losses fall from 2 to 1."""
    step = np.arange(1.0, n + 1)
    fall = 1 + np.exp(-step / 100)
    values = {"loss_d": fall, "loss_g": fall, "d_real": fall / 2, "d_fake": fall / 3} | columns
    return History(
        step=step, epoch=step / 79, seconds=step / 50, images=step * 64, grad_norm_d=fall, grad_norm_g=fall, **values
    )


def numbers(spec: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(spec["bdata"]), spec["dtype"])


def named(figure: curves.Figure, name: str) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace.get("name") == name]


def a_plane(grid: np.ndarray, density: np.ndarray) -> Plane:
    chance = np.random.default_rng(0)
    return Plane(
        extent=np.array([-2, 2, -1, 3], np.float32),
        surface=chance.uniform(size=(40, 40)).astype(np.float32),
        grid=grid,
        density=density,
        fakes=chance.normal(size=(16, 2)).astype(np.float32),
        gradient=chance.normal(size=(16, 2)).astype(np.float32),
        scores=chance.uniform(size=16).astype(np.float32),
    )


def measured(run: History, values: Sequence[float] = (300.0, 80.0, 57.0)) -> QualityCurve:
    """The quality of a run at evenly spaced steps, as soon as it has as many steps as values."""
    value = np.array(values if len(run) > len(values) else [])
    step = np.linspace(1, max(len(run) - 1, 1), len(value)).astype(int)
    return QualityCurve("Fréchet distance", step, value, value - 5, value + 5, 1.1, "fair")


FLAT = np.stack(np.meshgrid(np.linspace(-1, 1, 21), np.linspace(-1, 1, 21)), axis=-1).astype(np.float32)
EVERY = {
    "losses": lambda run: curves.losses(
        run, smoothing=0.9, equilibrium=(1.386, 0.693), setting_changes=[SettingChange(5, "lr 1 to 2")]
    ),
    "scores": lambda run: curves.scores(run, "epoch", 0.5, warnings=[SettingChange(5, "D(x) 0.98")]),
    "gradient norms": lambda run: curves.gradient_norms(run, "seconds"),
    "quality": lambda run: quality(run, measured(run), "epoch", "first score soon", [SettingChange(5, "lr 1 to 2")]),
    "layers": lambda run: layered_view(a_plane(FLAT, np.ones((20, 20), np.float32)), FLAT[0], FLAT[1][:16]),
}


@pytest.mark.parametrize("steps", [0, 1, 2, 5000])
@pytest.mark.parametrize("name", EVERY)
def test_every_figure_is_json_with_plotlys_property_names_only(name: str, steps: int) -> None:
    sent = json.dumps(EVERY[name](run_of(steps)), allow_nan=False)
    coloured = re.sub(r"role:[a-z]+(/[0-9.]+)?", "#123456", sent).replace("scale:score", "Viridis")
    go.Figure(json.loads(coloured))  # refuses a property or a value that it does not know


@pytest.mark.parametrize("name", EVERY)
def test_every_trace_keeps_its_identity_between_updates(name: str) -> None:
    before, after = ([trace["uid"] for trace in EVERY[name](run_of(steps))["data"]] for steps in (0, 500))
    assert before == after
    assert len(set(before)) == len(before)


def test_a_long_run_is_sent_as_at_most_a_thousand_points_a_curve() -> None:
    spike = np.ones(200_000)
    spike[123_456] = 50
    figure = curves.losses(run_of(200_000, loss_d=spike))
    (curve,) = [trace for trace in named(figure, "D") if trace["uid"] == "discriminator"]
    assert len(numbers(curve["x"])) <= 1000
    assert numbers(curve["y"]).max() == 50
    assert len(json.dumps(figure)) < 60_000


def test_a_click_on_any_axis_gives_the_step() -> None:
    figure = curves.scores(run_of(500), unit="epoch")
    curve = named(figure, "D(x) real")[1]
    assert numbers(curve["customdata"]) == pytest.approx(numbers(curve["x"]) * 79, rel=1e-5)


def test_the_cursor_lies_on_the_axis_of_the_chart() -> None:
    run = run_of(500)
    assert curves.position(run, 158, "step") == 158
    assert curves.position(run, 158, "epoch") == pytest.approx(2)
    assert curves.position(run, 100, "seconds") == pytest.approx(2)


def test_the_axis_is_linear_while_a_loss_is_negative() -> None:
    assert curves.losses(run_of(50), log=True)["layout"]["yaxis"]["type"] == "log"
    assert curves.losses(run_of(50, loss_d=np.linspace(1, -1, 50)), log=True)["layout"]["yaxis"]["type"] == "linear"


def test_the_loss_axis_leaves_out_spikes_of_the_start_only() -> None:
    early, late = (np.where(np.arange(500) == step, 80.0, 1.0) for step in (3, 300))
    limits = [curves.losses(run_of(500, loss_d=loss))["layout"]["yaxis"]["autorangeoptions"] for loss in (early, late)]
    assert limits[0]["clipmax"] < 3 < 80 < limits[1]["clipmax"]
    negative = curves.losses(run_of(500, loss_d=-early), equilibrium=(9.0, None))["layout"]["yaxis"]["autorangeoptions"]
    assert -3 < negative["clipmin"] < -1
    assert negative["clipmax"] > 9
    assert curves.losses(run_of(15, loss_d=early[:15]))["layout"]["yaxis"]["autorangeoptions"] == {}


def test_equal_equilibria_share_one_line_and_unknown_ones_have_none() -> None:
    pairs = (None, (None, None), (0.693, 0.693), (2, None), (1, 0.5))
    traces = [len(curves.losses(run_of(50), equilibrium=pair, log=True)["data"]) for pair in pairs]
    assert traces == [4, 4, 5, 5, 6]


def test_smoothing_draws_the_raw_curve_behind() -> None:
    raw, smoothed = named(curves.losses(run_of(50, loss_d=np.tile([1.0, 2.0], 25)), smoothing=0.9), "D")
    assert numbers(raw["y"]).tolist() == [1.0, 2.0] * 25
    assert raw["line"]["color"] == "role:discriminator/0.25"
    assert np.ptp(numbers(smoothed["y"])[10:]) < 0.2


def test_each_piece_of_evidence_is_an_amber_line_with_its_text() -> None:
    figure = curves.scores(
        run_of(500), "epoch", setting_changes=[SettingChange(79, "lr")], warnings=[SettingChange(158, "D(x) 0.98")]
    )
    changed, warned = figure["layout"]["shapes"]
    assert warned["line"]["color"].startswith("role:warning")
    assert warned["line"] != changed["line"]
    (sign,) = figure["layout"]["annotations"]
    assert (sign["x"], sign["hovertext"], sign["text"]) == (pytest.approx(2), "D(x) 0.98", "▲")
    assert figure["layout"]["meta"].endswith("; warning at step 158: D(x) 0.98")


def test_the_quality_is_a_line_with_a_band_beside_that_of_real_data() -> None:
    figure = quality(run_of(500), measured(run_of(500)), "epoch", warnings=[SettingChange(158, "all alike")])
    (line,), (real,) = named(figure, "Fréchet distance"), named(figure, "real data")
    assert numbers(line["y"]).tolist() == [300.0, 80.0, 57.0]
    assert numbers(line["x"])[-1] == pytest.approx(499 / 79)
    assert numbers(line["customdata"]).tolist() == [1, 250, 499]
    low, high = (numbers(trace["y"]).tolist() for trace in figure["data"][:2])
    assert (low, high) == ([295.0, 75.0, 52.0], [305.0, 85.0, 62.0])
    assert (real["y"], real["text"]) == ([1.1, 1.1], ["", " 1.1"])
    assert "57, fair" in [note["text"] for note in figure["layout"]["annotations"]]
    told = "Quality at step 499: Fréchet distance 57, fair, real data 1.1; warning at step 158: all alike"
    assert figure["layout"]["meta"] == told


def test_the_quality_axis_is_logarithmic_once_its_values_differ_tenfold() -> None:
    run = run_of(500)
    assert quality(run, measured(run, [300, 80]))["layout"]["yaxis"]["type"] == "log"
    assert quality(run, measured(run, [4, 3]))["layout"]["yaxis"]["type"] == "linear"
    assert quality(run, measured(run, [4, 0]))["layout"]["yaxis"]["type"] == "linear"


def test_a_chart_without_a_score_says_when_it_comes_on_as_many_lines_as_needed() -> None:
    run = run_of(500)
    figure = quality(run, measured(run, []), absent="first score in about 15 seconds")
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["first score in about 15 seconds"]
    assert figure["layout"]["meta"] == "Quality: first score in about 15 seconds"
    long = quality(run, measured(run, []), absent="the data hold 3 different pictures, and quality needs at least 50")
    assert [note["yshift"] for note in long["layout"]["annotations"]] == [8, -8]


def test_there_is_no_warning_before_the_first_step() -> None:
    assert curves.losses(run_of(0), warnings=[SettingChange(0, "D(x) 0.98")])["layout"]["shapes"] == []


def test_each_change_of_a_setting_is_a_dotted_line_where_it_happened() -> None:
    layout = curves.losses(run_of(500), "epoch", setting_changes=[SettingChange(158, "lr 1 to 2")])["layout"]
    assert layout["shapes"][0]["x0"] == pytest.approx(2)
    assert [note["hovertext"] for note in layout["annotations"]] == ["lr 1 to 2"]


def test_the_layered_view_keeps_the_frame_of_its_plane() -> None:
    plane = a_plane(FLAT, np.ones((20, 20), np.float32))
    figure = layered_view(plane, np.zeros((5, 2)), plane.fakes)
    assert figure["layout"]["xaxis"]["range"] == [-2, 2]
    assert figure["layout"]["yaxis"] | {"range": [-1, 3], "scaleanchor": "x"} == figure["layout"]["yaxis"]
    assert points_only(np.zeros((5, 2)), plane.extent)["layout"]["xaxis"]["range"] == [-2, 2]
    json.dumps(figure, allow_nan=False)


def test_the_layered_view_describes_the_failure_of_the_points() -> None:
    plane = a_plane(FLAT, np.ones((20, 20), np.float32))
    well = layered_view(plane, np.zeros((5, 2)), plane.fakes)["layout"]
    sick = layered_view(plane, np.zeros((5, 2)), plane.fakes, warning="all alike")["layout"]
    assert well["annotations"] == []
    assert [note["text"] for note in sick["annotations"]] == ["▲ all alike"]
    assert "warning: all alike" in sick["meta"]


@pytest.mark.parametrize(
    ("grid", "density", "lines"),
    [
        (FLAT, np.ones((20, 20), np.float32), 2 * 21 * 20),
        (np.stack([FLAT[0], FLAT[0]]), np.ones((1, 20), np.float32), 2 * 20 + 21),
        (np.empty((0, 0, 2), np.float32), np.empty((0, 0), np.float32), 0),
    ],
    ids=["2-D latents", "1-D latents", "more latents"],
)
def test_each_edge_of_the_latent_grid_is_drawn_once(grid: np.ndarray, density: np.ndarray, lines: int) -> None:
    plane = a_plane(grid, density)
    traces = named(layered_view(plane, np.zeros((5, 2)), plane.fakes), "latent grid")
    assert sum(len(numbers(trace["x"])) for trace in traces) == 3 * lines  # two ends and a gap


def test_a_dense_part_of_the_latent_grid_is_drawn_stronger() -> None:
    density = np.full((20, 20), 0.01, np.float32)
    density[:, :3] = 1
    traces = named(layered_view(a_plane(FLAT, density), np.zeros((5, 2)), np.zeros((16, 2))), "latent grid")
    strong = numbers(traces[-1]["x"])
    assert np.nanmax(strong) <= FLAT[0, 3, 0] + 1e-6


def test_an_arrow_points_where_the_generators_loss_falls_and_its_length_is_limited() -> None:
    gradient = np.array([[1.0, 0.0], [0.0, -1e6], [0.0, 0.0]], np.float32)
    plane = a_plane(FLAT, np.ones((20, 20), np.float32))
    plane = Plane(**{**vars(plane), "gradient": gradient, "fakes": np.zeros((3, 2), np.float32)})
    (arrows,) = named(layered_view(plane, np.zeros((5, 2)), plane.fakes), "G's gradient")
    paths = np.stack([numbers(arrows["x"]), numbers(arrows["y"])], axis=-1).reshape(3, 6, 2)
    tips = paths[:, 1]
    assert tips == pytest.approx(np.array([[0.18, 0], [0, -0.36], [0, 0]]), abs=1e-4)  # 0.09 of a plane 4 wide


@pytest.mark.parametrize("name", list(LOSSES))
def test_every_loss_has_curves_with_or_without_an_equilibrium(name: str) -> None:
    def page() -> None:
        import streamlit as st

        from gan_core.config import TrainConfig
        from gan_core.session.snapshot import Snapshot
        from ui.train import curves

        st.session_state.setdefault("scrub", None)
        curves.panel(Snapshot(config=TrainConfig().with_values({"loss.name": st.session_state.loss})))

    app = AppTest.from_function(page, default_timeout=60)
    app.session_state.loss = name
    app.run()
    assert not app.exception
    formula_d, formula_g = (element.value for element in app.latex)
    assert describe(losses.get(name)).formula_d in formula_d
    assert describe(losses.get(name)).formula_g in formula_g


def test_the_last_changes_are_labelled_in_words_each_in_a_row_of_its_own() -> None:
    assert in_words("optimizer_g.lr=0.001, n_critic=2") == "G learning rate 0.001, D steps a round (k) 2"
    assert in_words("optimizer_g.lr 0.001 → 0.0005") == "G learning rate 0.001 → 0.0005"
    assert in_words("it said a=b") == "it said a=b"
    marks = [SettingChange(step, f"n_critic={step}, g_steps=2") for step in (1, 2, 3, 4)]
    notes = curves.losses(run_of(5), setting_changes=marks)["layout"]["annotations"]
    assert [note["text"] for note in notes] == [f"n_critic={step} and 1 more" for step in (2, 3, 4)]
    assert [note["yshift"] for note in notes] == [0, -15, -30]
    assert [note["xanchor"] for note in notes] == ["left", "left", "right"]
    assert not any("textangle" in note for note in notes)


def test_no_identity_of_a_trace_breaks_plotlys_css_selectors() -> None:
    """Plotly looks for `.cb` + uid when it removes a chart, and a variant may be called "adam+128"."""
    x = np.arange(3.0)
    lines = [(i, Curve(variant, variant, x, x, x, x, 1)) for i, variant in enumerate(("adam+128", "a b", "$x"))]
    figures = [overlaid("FD", lines, "step"), *(every(run_of(50)) for every in EVERY.values())]
    identities = [trace["uid"] for figure in figures for trace in figure["data"]]
    assert all(re.fullmatch(r"[\w -]+", identity) for identity in identities)
