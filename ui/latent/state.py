"""The only place where the Latent page reads and writes its session state and its URL.

Streamlit reports a click through a callback, before it draws the page. So a control's reaction is a pure function from
the old view to the new one, and `change` turns it into a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.errors import StreamlitAPIException

from ui.latent.view import LatentView

_VIEW, _QUERY = "latent", "latent.query"
MAIN, PANEL = "latent-main", "latent-panel"  # keys of the page's two fragments


def read() -> LatentView:
    """The tab's view."""
    return st.session_state.get(_VIEW) or LatentView()


def write(view: LatentView) -> None:
    """Make this the tab's view."""
    st.session_state[_VIEW] = view


def read_url() -> LatentView:
    """The view at the start of a run of the whole page: the tab's own, or the one that a new URL names."""
    view = replace(read(), strips_in_browser=None, dragging=False)  # the browser may have been reloaded
    query = st.query_params.to_dict()
    if query and query != st.session_state.get(_QUERY):
        view = view.linked(query)
        st.session_state[_QUERY] = query
    write(view)
    return view


def write_url(view: LatentView) -> None:
    """Put the view into the URL."""
    query = view.to_query()
    st.session_state[_QUERY] = query
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def change(react: Callable[..., LatentView], fragments: Sequence[str] = (MAIN, PANEL)) -> Callable[..., None]:
    """A callback that replaces the view and draws these fragments.

    Args:
        react: takes the view and the arguments of the callback, such as a new value; returns the new view.
        fragments: () draws what Streamlit draws by itself: the fragment around the widget, or the page.
    """

    def callback(*arguments: object) -> None:
        write(react(read(), *arguments))
        if fragments:
            with suppress(StreamlitAPIException):  # the page is not drawn yet; it will show the new view
                st.rerun(list(fragments))

    return callback


change_here = partial(change, fragments=())
change_panel = partial(change, fragments=(PANEL,))
