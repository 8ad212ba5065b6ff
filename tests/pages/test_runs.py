"""The Runs page without a browser: each button and what it does to the library."""

from __future__ import annotations

import zipfile
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import export
from gan_core.config import TrainConfig
from gan_core.runs import Metadata, Run, RunStore, pack, shipped
from tests.support import app_page
from tests.support.app_page import button, labels, query_of, texts
from tests.support.saved_run import saved_run
from tests.support.small import POINTS
from ui import server
from ui.formatting import plain
from ui.runs import run_list


@pytest.fixture(autouse=True)
def shipped_runs(own_library: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "SHIPPED", RunStore(tmp_path / "pretrained"))


def stopped(store: RunStore, name: str = "first", status: str = "stopped") -> Run:
    run, _ = saved_run(store, name=name, save_at=(1, 2))
    run.log(status, 2)
    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return stopped(RunStore(tmp_path))


def opened(run: Run | str | None = None) -> AppTest:
    return app_page.opened(app_page.page_of("runs"), {"run": getattr(run, "id", run)} if run else {})


def errors(app: AppTest) -> list[str]:
    return [element.value for element in app.error]


def test_an_empty_library_says_what_to_do() -> None:
    app = opened()
    assert "No runs yet" in texts(app)


def test_a_missing_run_is_named_as_missing(run: Run) -> None:
    for run_id in ("gone", "../..", "<script>", "a" * 5000):
        app = opened(run_id)
        assert "not in this library" in texts(app)


def test_a_chosen_run_is_shown_in_full(run: Run) -> None:
    app = opened(run)
    assert "first" in texts(app)
    assert "step 2" in texts(app)
    assert query_of(app)["run"] == run.id
    assert {"Resume", "Use settings", "Delete"} <= labels(app)


def test_names_and_notes_are_shown_as_plain_text(run: Run) -> None:
    run.write_metadata(Metadata.of("<b>bold</b> **x** :red[y] $z$ [a](http://b)", ["<i>"], "<script>"))
    app = opened(run)
    (heading,) = [element.value for element in app.subheader]
    assert heading == plain("<b>bold</b> **x** :red[y] $z$ [a](http://b)")
    assert not any(element.allow_html for element in app.markdown if "bold" in element.value)


def test_resume_continues_from_the_last_checkpoint(run: Run) -> None:
    app = button(opened(run), "Resume").click().run()
    assert not app.exception
    (session,) = server.pool().live().values()
    assert session.wait(60)
    assert session.snapshot().run_id == run.id
    assert session.snapshot().step == POINTS.max_steps


def test_a_finished_run_can_be_trained_on(tmp_path: Path) -> None:
    run = stopped(RunStore(tmp_path), status="finished")
    app = opened(run)
    assert "Resume" not in labels(app)
    assert "which changes: noise on D's inputs 97 % → 50 %" in texts(app)
    app.number_input(key=f"more-{run.id}").set_value(5)
    app = button(app, "Go on").click().run()
    assert not app.exception
    session = server.pool().get(server.pool().latest())
    assert session is not None
    assert session.wait(60)
    assert session.snapshot().step == 7
    assert run.config.max_steps == 7


def set_rate(app: AppTest, run: Run, rate: str) -> None:
    next(field for field in app.multiselect if field.label == "Settings to change").select("optimizer_d.lr")
    app.run()
    app.text_input(key=f"fork-{run.id}-optimizer_d.lr").set_value(rate)


def test_a_fork_trains_under_the_changed_settings(run: Run) -> None:
    app = opened(run)
    app.select_slider[0].set_value(1)
    set_rate(app, run, "0.01")
    app.text_input(key=f"fork-name-{run.id}").set_value("faster D")
    app = button(app, "Fork and train").click().run()
    assert not app.exception
    child = next(summary for summary in server.pool().store.list() if summary.parent == run.id)
    assert (child.name, child.forked_at, child.config.optimizer_d.lr) == ("faster D", 1, 0.01)


def test_an_invalid_fork_shows_an_error_and_starts_nothing(run: Run) -> None:
    app = opened(run)
    set_rate(app, run, "lots")
    app = button(app, "Fork and train").click().run()
    assert not app.exception
    assert "optimizer_d.lr" in errors(app)[0]
    assert "Nothing was started" in errors(app)[0]
    assert len(server.pool().store.list()) == 1


def test_the_trash_is_emptied_only_after_a_confirmation(run: Run) -> None:
    app = button(opened(run), "Delete").click().run()
    app = button(app, "Empty the trash").click().run()
    assert [summary.id for summary in server.pool().store.trashed()] == [run.id]
    app = button(app, "Yes, delete 1 for good").click().run()
    assert not app.exception
    assert server.pool().store.trashed() == []


def test_a_run_in_training_can_be_watched_but_not_deleted(run: Run) -> None:
    endless = run.config.with_values({"max_steps": 10**8})
    session = server.pool().get(server.pool().open(endless, run_id=run.id))
    assert session is not None
    session.pause()
    app = opened(run)
    assert "Watch" in labels(app)
    assert not {"Delete", "Resume"} & labels(app)
    session.stop()
    session.wait(20)


def test_edited_metadata_is_saved(run: Run) -> None:
    app = opened(run)
    app.text_input(key=f"name-{run.id}").set_value("second")
    app.text_area(key=f"notes-{run.id}").set_value("D wins")
    app.run()
    assert run.metadata() == Metadata.of("second", (), "D wins")


def test_an_imported_run_is_added_and_selected(run: Run, tmp_path: Path) -> None:
    packed = pack(run).read()
    server.pool().store.trash(run.id)
    server.pool().store.empty_trash()
    app = opened()
    app.file_uploader[0].set_value(("run.zip", packed, "application/zip"))
    app.run()
    assert not app.exception
    assert [summary.id for summary in server.pool().store.list()] == [run.id]
    assert query_of(app)["run"] == run.id


def test_a_bad_import_is_one_sentence(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../evil.py", "import os")
    app = opened()
    app.file_uploader[0].set_value(("bad.zip", (tmp_path / "bad.zip").read_bytes(), "application/zip"))
    app.run()
    assert not app.exception
    assert errors(app) == ['This file was not imported: the path "../evil.py" leads out of it']


def test_a_shipped_run_cannot_be_changed(run: Run, tmp_path: Path) -> None:
    app = opened(stopped(RunStore(tmp_path / "pretrained"), "shipped"))
    assert not {"Delete", "Resume"} & labels(app)
    assert "Use settings" in labels(app)


# ---- take along ------------------------------------------------------------------------------------------------------


def taking_along(run: Run, tab: str = "Files", step: int = 2) -> AppTest:
    """The page of this run with the choice of files and links open."""
    app = app_page.page_of("runs")
    app.session_state["take-along"] = True
    app.session_state["take-along-tabs"] = tab
    return app_page.opened(app, {"run": run.id, "step": str(step)})


def files(app: AppTest) -> dict[str, bool]:
    """Whether each file can be taken along, by the label of its button."""
    return {button.proto.label: not button.proto.disabled for button in app.get("download_button")}


def test_nothing_is_offered_before_the_choice_is_opened(run: Run) -> None:
    assert files(opened(run)) == {}


def test_every_format_can_be_taken_along(run: Run) -> None:
    assert files(taking_along(run)) == {form.title: True for form in export.FORMATS.values()}


def test_a_file_that_cannot_be_made_is_offered_with_its_reason(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise RuntimeError

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", missing)
    monkeypatch.setattr("gan_core.export.onnx_model.PACKAGES", ("no_such_package",))
    app = taking_along(run)
    refused = {label for label, offered in files(app).items() if not offered}
    assert refused == {"MP4", "ONNX"}
    assert "MP4 needs ffmpeg" in texts(app)
    assert plain("ONNX needs no_such_package") in texts(app)


def test_a_run_without_checkpoints_and_pictures_gives_its_settings(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    app = taking_along(run)
    offered = {label for label, offered in files(app).items() if offered}
    assert offered == {"Notebook", "Script", "Settings", "Whole run"}
    assert "there are no weights yet" in texts(app)


def test_a_shipped_run_can_be_taken_along_except_as_a_zip(tmp_path: Path) -> None:
    run = stopped(RunStore(tmp_path / "pretrained"), "shipped")
    for state in run.path.glob("step-*/state.*"):
        state.unlink()
    app = taking_along(run)
    assert {label for label, offered in files(app).items() if not offered} == {"Whole run"}
    app = taking_along(run, "Links")
    assert "every copy of the app, because it comes with the app" in texts(app)


def test_a_link_names_the_run_and_the_step_and_says_where_it_works(run: Run) -> None:
    app = taking_along(run, "Links")
    moment, settings, _ = (code.value for code in app.code)
    assert moment.endswith(f"runs?run={run.id}&step=2")
    assert TrainConfig.from_query(dict(parse_qsl(settings.partition("?")[2]))) == run.config
    assert "at step 2, on this machine only" in texts(app)
    assert "in every copy of the app" in texts(app)


def test_the_step_of_a_link_is_shown_and_stays_in_the_url(run: Run) -> None:
    app = app_page.opened(app_page.page_of("runs"), {"run": run.id, "step": "2"})
    assert query_of(app) == {"run": run.id, "step": "2"}
    assert query_of(app_page.opened(app_page.page_of("runs"), {"run": run.id, "step": "-1"})) == {"run": run.id}


def test_a_library_over_its_limit_says_so(run: Run) -> None:
    server.pool().store.limit = 1000
    app = opened(run)
    assert "no new run can start" in app.warning[0].value


def test_a_damaged_run_is_named_with_the_reason(run: Run, tmp_path: Path) -> None:
    other = stopped(RunStore(tmp_path), "other")
    (run.path / "config.json").write_text('{"a":1')
    app = opened(other)
    assert any(plain(run.id) in line.value and "has no readable config" in line.value for line in app.caption)
    app = opened(run)
    (message,) = errors(app)
    assert "has no readable config" in message
    assert "All its files are still there" in message
    store = RunStore(tmp_path)
    assert store.scan()[1].keys() == {run.id}
    button(app, f"Delete {plain(run.id)}").click().run()
    assert store.scan()[1] == {}
    button(app, "Restore").click().run()
    assert store.scan()[1].keys() == {run.id}


def test_a_damaged_value_is_named_beside_the_run(run: Run) -> None:
    run.log("finished", 200_000_000)  # more than the longest run may have
    run.log("saved", 2 * 10**9)
    app = opened(run)
    assert any(plain("events.jsonl, line") in line.value for line in app.caption)
    assert app.number_input("more-" + run.id).value == 100_000_000


def test_comparisons_count_against_the_limit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "comparisons").mkdir()
    (tmp_path / "comparisons" / "much").write_bytes(bytes(5_000_000))
    RunStore(tmp_path).limit = 4_000_000
    assert any("no new run can start" in warning.value for warning in opened(run).warning)


def test_a_run_without_a_name_has_the_heading_of_its_list_entry(run: Run) -> None:
    run.write_metadata(Metadata.of("", [], ""))
    (heading,) = [element.value for element in opened(run).subheader]
    assert heading == plain(run_list.name(RunStore(run.path.parent).list()[0]))
    assert run.id not in heading
