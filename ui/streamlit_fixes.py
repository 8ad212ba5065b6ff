"""Fixes for three bugs of Streamlit 1.65 to 1.67, which lose output of a page or a click.

(A fourth bug loses the connection; the comment in .streamlit/config.toml describes and avoids it.)

The script of a tab runs on a thread, its `ScriptRunner`. The thread sends its output and its end as events to the event
loop of the server.

* A fragment requests a rerun after the thread has ended and before its last events were processed. Streamlit starts a
  new thread and drops these events as outdated: a part of the page is not updated, or automatic refreshes stop.
  Fix: process the events of a thread that ended by itself.
* A click in a fragment waits for its rerun, and another click requests the whole page or another page. Streamlit ends
  the thread and loses the first click. Fix: add the first click to the new request.
* A fragment starts before the server has sent all output of the whole page. Streamlit drops the unsent output of the
  fragment, so the browser removes the fragment as stale, and its next run overwrites the elements below it.
  Fix: send all output.

On a busy machine with a page that refreshes twice a second, each of them happens within minutes. Streamlit has no
public way to change how it handles requests, so these functions replace private methods of `AppSession`. Without any
one of them tests/browser/test_reruns.py fails, and requirements.txt pins the tested versions.
"""

from __future__ import annotations

import weakref
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

_original_request_rerun = AppSession.request_rerun
_original_handle_event = AppSession._handle_scriptrunner_event_on_event_loop
_original_clear_queue = AppSession._clear_queue
_ended: weakref.WeakSet[Any] = weakref.WeakSet()  # threads that ended by themselves and have a successor


def apply() -> None:
    """Apply the fixes to all tabs of this server. A second call changes nothing."""
    AppSession.request_rerun = _request_rerun  # type: ignore[method-assign]
    AppSession._handle_scriptrunner_event_on_event_loop = _handle_event  # type: ignore[method-assign]
    AppSession._clear_queue = _clear_queue  # type: ignore[method-assign]


def _request_rerun(self: AppSession, client_state: ClientState | None) -> None:
    if self._scriptrunner is not None and client_state is not None:
        requests = self._scriptrunner._requests
        if client_state.fragment_id:
            if requests._state.name == "STOP":
                _ended.add(self._scriptrunner)
        elif requests._state.name == "RERUN" and (waiting := requests._rerun_data.widget_states):
            new = {widget.id for widget in client_state.widget_states.widgets}
            clicks = (widget for widget in waiting.widgets if str(widget.WhichOneof("value")).endswith("trigger_value"))
            client_state.widget_states.widgets.extend(click for click in clicks if click.id not in new)
    _original_request_rerun(self, client_state)


def _handle_event(self: AppSession, sender: Any, event: Any, *rest: Any, **more: Any) -> None:
    """Process an event of a thread that has ended. Only its shutdown event can follow events of its successor."""
    current = self._scriptrunner
    if sender is current or sender not in _ended or event.name == "SHUTDOWN":
        _original_handle_event(self, sender, event, *rest, **more)
        return
    self._scriptrunner = sender
    try:
        _original_handle_event(self, sender, event, *rest, **more)
    finally:
        self._scriptrunner = current


def _clear_queue(self: AppSession, fragment_ids_this_run: list[str] | None = None) -> None:
    if fragment_ids_this_run:
        self._browser_queue._delta_index_map = {}  # append new messages instead of replacing unsent ones
    else:
        _original_clear_queue(self, fragment_ids_this_run)
