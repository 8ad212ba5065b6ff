"""The dialog of a clicked sample: its score in words, and the link to its latent."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan_core.session.snapshot import SampleView, Snapshot
from tests.support.small import VARIANTS
from ui.train.enlarged import Picture


def page(scored: bool, is_real: bool) -> None:
    import numpy as np
    import streamlit as st

    from gan_core.session.snapshot import SampleView, Snapshot
    from tests.support.small import VARIANTS
    from ui.train import enlarged

    config = VARIANTS["conditional digits"]
    images = np.zeros((16, 28, 28, 1), np.uint8)
    scores = np.linspace(0, 1, 16) if scored else np.full(16, np.nan)
    view = SampleView(images, scores, images, scores, real_classes=np.full(16, 7), step=40)
    now = Snapshot(config, sample_view=view, run_id="2026-01-01-lost-000000", step=40)
    st.session_state.grid = True
    enlarged.opener(now, view, (0, 1), np.array([3, 13]), is_real)(1)
    enlarged.panel("grid")


def texts(**values: bool) -> str:
    app = AppTest.from_function(page, kwargs={"scored": True, "is_real": False} | values).run(timeout=60)
    assert not app.exception
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


@pytest.mark.usefixtures("own_library")
def test_the_dialog_tells_the_score_in_words_and_why_latent_cannot_show_it() -> None:
    shown = texts()
    assert "D leans towards real: D(x) 0.87." in shown
    assert "Nearest real image" in shown
    assert "Latent cannot show this image, because the run has no checkpoint." in shown
    assert "Latent" not in texts(is_real=True)
    assert "the one at step 40 is not known" in texts(scored=False)


def test_a_picture_has_the_class_of_its_place_or_of_its_example() -> None:
    view = SampleView(real_classes=np.array([4, 7]))
    now = Snapshot(VARIANTS["conditional digits"], sample_view=view)
    assert Picture(now, view, (0, 1), 13, False, np.zeros(1), None).label == 3
    assert Picture(now, view, (0, 1), 1, True, np.zeros(1), None).label == 7
