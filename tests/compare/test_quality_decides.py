"""Only the quality of samples makes a variant better; calm losses do not, wherever a comparison is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gan_core import compare
from gan_core.cli import main
from gan_core.compare import MEASURES, Axis, Claim, Study
from gan_core.compare.analysis import report
from tests.compare.studies import ended_study
from tests.support.app_page import page_of, texts
from tests.support.small import POINTS
from ui import server

RANKS = re.compile(r"\b(better|worse|best|worst|winner|wins)\b|trophy", re.IGNORECASE)
PLAN = compare.comparison(
    title="Rates",
    base=POINTS,
    axes=[Axis.of(("optimizer_g.lr", "optimizer_d.lr"), [0.02, 1e-7])],  # the second learns nothing, so it is calm
    steps=100,
    judgements=2,
    claims=[Claim(says="Small steps are calm.", measure="loss_noise", best="1e-07")],
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished study of two rates: the losses of one are calm, and its samples are no better."""
    return ended_study(PLAN, tmp_path_factory.mktemp("library"))


@pytest.fixture
def opened(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The Compare page with this study."""
    monkeypatch.setattr(server, "RUNS", study.path.parents[1])
    app = page_of("compare")
    app.query_params["comparison"] = study.id
    yield app.run()
    st.cache_resource.clear()


def ranks(text: str) -> list[str]:
    """The lines that rank variants, without those about the quality of samples."""
    about_quality = ("divergence", "quality", "say which samples are better")
    return [line for line in text.splitlines() if RANKS.search(line) and not any(w in line for w in about_quality)]


def test_a_calm_loss_is_measured_and_makes_no_variant_better(study: Study) -> None:
    (calm,) = compare.verdicts(compare.results_of(study), ["loss_noise"])
    assert calm.is_shown
    assert calm.effect is not None
    assert calm.effect < 0.5
    assert calm.leader == "1e-07"
    assert calm.better is None
    assert not RANKS.search(calm.text)


def test_a_verdict_is_about_quality_only(study: Study) -> None:
    results = compare.results_of(study)
    assert {verdict.measure for verdict in compare.verdicts(results)} == {"quality"}
    assert {name for name, measure in MEASURES.items() if measure.is_quality} == {"quality", "best"}


def test_a_claim_about_the_losses_is_decided_without_a_rank(study: Study) -> None:
    (claim,) = compare.claims(compare.results_of(study))
    assert claim.text == "Confirmed: lower than every other in loss noise."
    assert [test.better for test in claim.tests] == [None]


def test_the_page_ranks_by_quality_only(opened: AppTest) -> None:
    assert not opened.exception
    assert "loss_noise" in opened.dataframe[0].value
    assert ranks(texts(opened)) == []


def test_every_export_ranks_by_quality_only(study: Study) -> None:
    results = compare.results_of(study)
    html = re.sub(r'src="data:[^"]*"', "", report.html(results, study)).replace("</", "\n</").replace("<td>", "\n<td>")
    assert ranks(html) == []
    told = json.loads(report.json(results))
    tests = [*told["verdicts"], *(test for claim in told["claims"] for test in claim["tests"])]
    assert all(test["better"] is None for test in tests if test["measure"] not in ("quality", "best"))
    assert ranks("\n".join(test["text"] for test in tests)) == []


def test_the_command_line_ranks_by_quality_only(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--resume", str(study.path)]) == 0
    said = capsys.readouterr().out
    assert "loss noise" in said
    assert ranks(said) == []


def test_measured_results_that_the_app_ships_rank_by_quality_only() -> None:
    for name in compare.names():
        for measured in compare.measured(name):
            tests = [*measured["verdicts"], *(test for claim in measured["claims"] for test in claim["tests"])]
            assert {test["measure"] for test in measured["verdicts"]} == {"quality"}
            assert all(not RANKS.search(test["text"]) for test in tests if test["measure"] != "quality")
            for claim, plan in zip(measured["claims"], measured["comparison"]["claims"], strict=True):
                assert plan["measure"] == "quality" or not RANKS.search(claim["text"])
