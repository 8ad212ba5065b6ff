"""A toast names a failure only once the health box has shown it for a while."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from ui.train import health


def page() -> None:
    import streamlit as st

    from gan_core.diagnosis.failure_mode import Symptoms
    from gan_core.diagnosis.failure_modes import FAILURE_MODES
    from gan_core.session.snapshot import Snapshot
    from tests.support.small import POINTS
    from ui.train import health

    modes = {mode.id: mode for mode in FAILURE_MODES}
    findings = tuple(modes[id].named(POINTS, Symptoms(1, ())) for id in st.session_state.ids)
    health.panel(None, Snapshot(POINTS, status=st.session_state.status, health=findings))


def test_a_failure_that_comes_and_goes_is_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    app = AppTest.from_function(page)

    def toasts(at: float, *ids: str, status: str = "training") -> list[str]:
        clock[0], app.session_state.ids, app.session_state.status = at, ids, status
        app.run(timeout=60)
        assert not app.exception
        return [toast.value.split(",")[0] for toast in app.toast]

    circles = "The networks chase each other without settling"
    assert toasts(0) == []
    assert toasts(1, "mode-collapse") == []
    assert toasts(2) == []
    assert toasts(3, "mode-collapse", "oscillation") == []
    assert toasts(4, "oscillation") == []
    assert toasts(6.1, "oscillation") == [circles]
    assert toasts(6.5, "oscillation", "mode-collapse") == [circles]  # sent again: a busy browser may miss the first
    assert toasts(9, "oscillation") == []
    assert toasts(10, "oscillation", "mode-collapse", status="finished") == ["Mode collapse"]
    assert toasts(10.1, "oscillation", "mode-collapse", status="finished") == []
