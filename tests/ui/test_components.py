"""Messages of components that arrive late."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def test_a_message_of_a_component_that_is_no_longer_shown_is_ignored() -> None:
    """A slider rests 0.3 seconds after its last move, when another page may be open."""

    def page() -> None:
        import streamlit as st

        from ui.components.assets import forward

        forward("latent-sliders", "rest", st.write, spread=True)()
        st.text("drawn")

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.text[0].value == "drawn"


def test_a_control_that_reports_before_its_page_is_drawn_does_no_harm() -> None:
    def page() -> None:
        import streamlit as st

        from ui.latent import state

        st.button("Late", on_click=state.change(lambda view: view))

    app = AppTest.from_function(page).run()
    app.button[0].click().run()
    assert not app.exception
