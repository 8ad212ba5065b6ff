"""The Compare page without a browser: deleting comparisons, and comparing runs of the library."""

from __future__ import annotations

from pathlib import Path

from gan_core.compare import StudyStore
from gan_core.runs import RunStore
from tests.pages import test_compare as page
from tests.pages.test_compare import PLAN, opened, tiny_run
from tests.support.app_page import button, page_of, query_of, texts
from tests.support.small import DIGITS, POINTS

library = page.library  # its fixture


def test_a_comparison_is_deleted_and_restored_and_its_runs_stay(library: Path) -> None:
    study = StudyStore(library).create(PLAN)
    run = tiny_run(library, POINTS, "Stays")
    study.add_run(run.id)
    with study.lock.acquire():  # it is being trained
        app = button(opened(), "Delete").click().run()
    assert "stop all its runs first" in app.error[0].value
    app = button(opened(), "Delete").click().run()
    assert "Deleted" in app.text[0].value
    assert StudyStore(library).list() == []
    assert [kept.id for kept in RunStore(library).list()] == [run.id]
    app = button(app, "Undo").click().run()
    assert [(kept.id, kept.added_runs()) for kept in StudyStore(library).list()] == [(study.id, study.added_runs())]
    app = button(app, "Delete").click().run()
    RunStore(library).empty_trash()
    app = button(app, "Undo").click().run()
    assert "it may have been emptied" in app.error[0].value


def test_runs_of_the_library_become_a_new_comparison(library: Path) -> None:
    runs = [tiny_run(library, POINTS.with_values({"seed": seed}), f"Run {seed}") for seed in (0, 1)]
    query = ",".join(run.id for run in runs)
    app = opened(runs=query)
    assert not app.exception
    (study,) = StudyStore(library).list()
    assert query_of(app) == {"comparison": study.id}
    assert "shown and not tested" in " ".join(texts(app).split())
    assert list(app.dataframe[0].value["Variant"]) == ["Run 0", "Run 1"]
    opened(runs=query)
    assert len(StudyStore(library).list()) == 1


def test_runs_that_cannot_be_compared_show_an_error(library: Path) -> None:
    one, other = tiny_run(library, POINTS, "Points"), tiny_run(library, DIGITS, "Digits")
    for query, why in ((f"{one.id},{other.id}", "cannot be compared"), (f"{one.id},gone", "gone")):
        app = opened(runs=query)
        assert not app.exception
        assert why in app.error[0].value
        assert StudyStore(library).list() == []


def test_an_unknown_comparison_in_a_link_is_named_with_the_nearest_one(library: Path) -> None:
    app = page_of("compare")
    app.query_params["ready"] = "optimizer"
    app.run(timeout=120)
    assert any('There is no comparison "optimizer". Did you mean' in error.value for error in app.error)
    assert not query_of(app)
