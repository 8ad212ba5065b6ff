"""The health panel: how it shows a finding, and that each remedy takes one click in every state of the run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.diagnosis import MIN_STEPS, Evidence, Finding
from gan_core.session import Session
from gan_core.session.snapshot import SettingChange, Snapshot
from tests.support.small import POINTS
from ui import server
from ui.train import health

PAGE = Path(__file__).parents[1] / "browser" / "health_app.py"
FIRST = "optimizer_d.lr"


pytestmark = pytest.mark.usefixtures("own_library")
Open = Callable[..., AppTest]


@pytest.fixture
def panel() -> Open:
    """The panel with these findings, over a session that is paused after twelve steps."""

    def page(findings: str, **settings: object) -> AppTest:
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        config = POINTS.with_values({key.replace("__", "."): value for key, value in settings.items()})
        app.query_params.update(config.to_query() | {"findings": findings, "begin": "1"})
        app.run()
        wait_for(watched(app), 12)
        return seen(app.run())

    return page


def seen(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def watched(app: AppTest) -> Session:
    session = server.pool().get(app.session_state.watched)
    assert session is not None
    return session


def wait_for(session: Session, step: int) -> None:
    for _ in range(600):
        if session.snapshot().step >= step or not session.snapshot().live:
            return
        session.wait(0.05)
    raise AssertionError(f"step {step} was not reached")


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button if (button.key or "").startswith(("remedy-", "fork-"))]


def click(app: AppTest, label: str) -> AppTest:
    return seen(next(button for button in app.button if button.label == label).click().run())


def stop(app: AppTest) -> AppTest:
    return click(app, "Stop")


def text_of(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_a_failure_is_shown_with_its_evidence_limits_and_meaning(panel: Open) -> None:
    text = text_of(panel("strong-d"))
    assert "**Discriminator too strong** :small[:gray[since step 6]]" in text
    assert "| D(x) 0.98 and D(G(z)) 0.02 | 0.96 | 0.9 | Score, step 8 |" in text
    assert "D tells all samples apart with ease." in text


@pytest.mark.parametrize(("findings", "headline"), [("fine", "Fine, still improving"), ("", "watching (needs about")])
def test_a_healthy_run_has_a_grey_line_without_remedies(panel: Open, findings: str, headline: str) -> None:
    app = panel(findings)
    assert headline in text_of(app)
    assert ":yellow" not in text_of(app)
    assert labels(app) == []


def test_a_short_run_that_has_ended_is_not_watched(panel: Open) -> None:
    app = panel("")
    watched(app).stop()
    assert watched(app).wait(60)
    assert "too short to tell" in text_of(seen(app.run()))


def test_after_many_steps_the_panel_says_that_nothing_was_found(panel: Open) -> None:
    app = panel("", max_steps=1000)
    watched(app).step(4 * MIN_STEPS)
    wait_for(watched(app), 12 + 4 * MIN_STEPS)
    assert "nothing found so far" in text_of(seen(app.run()))


def test_a_live_remedy_changes_the_run_and_the_draft(panel: Open) -> None:
    app = panel("strong-d")
    session = watched(app)
    assert labels(app) == ["Start again with: a smaller D", "slow D", "smooth labels"]
    click(app, "slow D")
    assert watched(app) is session
    assert app.session_state.draft.optimizer_d.lr == 5e-5
    session.step()
    wait_for(session, 13)
    assert session.snapshot().config.optimizer_d.lr == 5e-5
    assert [toast.value for toast in app.toast] == ["D learning rate 0.0002 → 5e-05, from the next step on"]


def test_a_remedy_that_is_in_effect_is_disabled(panel: Open) -> None:
    app = panel("strong-d", loss__label_smoothing=0.1)
    (remedy,) = [button for button in app.button if button.label == "smooth labels"]
    assert remedy.disabled


def test_a_remedy_that_is_not_live_starts_a_new_run_and_pauses_the_old_one(panel: Open) -> None:
    app = panel("collapse")
    before = watched(app)
    before.start()
    click(app, "Start again with: another seed")
    after = watched(app)
    assert after is not before
    assert after.snapshot().config.seed == app.session_state.draft.seed == 9
    assert before.snapshot().live
    assert before.snapshot().status == "paused"


def test_a_stopped_run_is_forked_from_its_last_checkpoint(panel: Open) -> None:
    app = stop(panel("strong-d"))
    before = watched(app).snapshot()
    assert labels(app) == ["Start again with: a smaller D", "Fork: slow D", "Fork: smooth labels"]
    click(app, "Fork: slow D")
    session = watched(app)
    assert session.wait(60)
    now = session.snapshot()
    assert now.run_id != before.run_id
    assert now.config.changes_from(before.config) == {FIRST: 5e-5}
    assert [mark.step for mark in now.setting_changes] == [12]
    assert now.history.step[0] == 1


def test_a_fork_of_a_finished_run_doubles_its_steps(panel: Open) -> None:
    app = panel("strong-d", max_steps=12)
    assert watched(app).wait(60)
    click(app.run(), "Fork: slow D")
    session = watched(app)
    assert session.wait(60)
    assert (session.snapshot().status, session.snapshot().step) == ("finished", 24)


def test_a_live_run_with_a_checkpoint_can_be_forked(panel: Open) -> None:
    app = panel("strong-d", record__save_every=5)
    before = watched(app)
    assert "Fork" in labels(app)
    click(app, "Fork")
    assert watched(app) is not before
    assert before.snapshot().status == "paused"
    assert watched(app).snapshot().config.optimizer_d.lr == 5e-5


def test_an_ended_run_without_a_checkpoint_is_started_again(panel: Open, tmp_path: Path) -> None:
    app = stop(panel("strong-d"))
    shutil.rmtree(tmp_path / watched(app).snapshot().run_id / "step-0000012")
    click(app.run(), "Start again with: slow D")
    assert watched(app).snapshot().config.optimizer_d.lr == 5e-5


def test_a_failed_fork_is_explained(panel: Open, tmp_path: Path) -> None:
    app = stop(panel("strong-d"))
    (tmp_path / watched(app).snapshot().run_id / "step-0000012" / "state.json").write_bytes(b"")
    click(app, "Fork: slow D")
    assert "no complete checkpoint" in app.error[0].value


def test_a_failure_is_announced_once_when_it_appears(panel: Open) -> None:
    app = panel("strong-d")
    assert not app.toast  # no announcement of findings that the first view shows
    assert [toast.value for toast in click(app, "Find collapse").toast] == ["few modes are reached, since step 9"]
    assert not app.run().toast
    click(app, "Find fine")
    assert not click(app, "Find collapse").toast


def test_a_remedy_says_why_it_helps_and_how_often_it_worked(panel: Open) -> None:
    text = text_of(panel("strong-d"))
    assert "G catches up with a slow D. Worked in 6 of 6 measured runs; another failure followed in 1." in text
    assert "Not measured." in text


def test_findings_after_the_first_are_folded_whole(panel: Open) -> None:
    app = panel("strong-d,collapse")
    assert [popover.proto.popover.label for popover in app.get("popover")][-1] == "1 more finding"
    assert "Start again with: another seed" in labels(app)
    assert "G makes the same few samples." in text_of(app)


def a_finding(bad: bool) -> Finding:
    return Finding("x", "D wins", bad, 3, (health_evidence(),), "D wins. G learns little.")


def health_evidence() -> Evidence:
    return Evidence("scores", "D(x) 0.98", 0.98, 0.9, 5)


def test_the_badge_and_the_marks_show_only_failures() -> None:
    failing = Snapshot(POINTS, health=(a_finding(bad=False), a_finding(bad=True)))
    assert health.badge(failing) == " · :yellow[●] D wins"
    assert health.evidence_on(failing, "scores") == [SettingChange(5, "D wins: D(x) 0.98")]
    assert health.evidence_on(failing, "losses") == []
    assert health.text_beside(failing, "scores") == ":yellow[:material/warning:] D wins: D(x) 0.98"
    healthy = Snapshot(POINTS, health=(a_finding(bad=False),))
    assert health.badge(healthy) == ""
    assert health.evidence_on(healthy, "scores") == []
    assert health.text_beside(healthy, "scores") == ""
