"""Three studies in Streamlit 1.65 to 1.67 that lose what a page has drawn, or what a person has clicked; mended here.

(A fourth one loses the connection; .streamlit/config.toml says which, and avoids it.)

A tab's script runs in a thread, its `ScriptRunner`; what it draws, and that it ends, are events for the server's loop.

* A part of the page (a fragment) asks to be run after the thread has ended and before its last events were passed on.
  Streamlit begins a new thread, and drops the events as those of an old one: a part of the page stays as it was, or the
  clock stops that lets the page move. Mended: what a thread sent that came to its own end is passed on all the same.
* A click within a fragment waits for its turn, and another one asks for the whole page, or for another page. Streamlit
  ends the thread, and with it the click. Mended: the new request takes the click along.
* A fragment's run begins before all that the whole page has just drawn was sent. Streamlit drops what is not sent of
  the fragment; the browser takes its place for stale and removes it, and the next run overwrites what stood below.
  Mended: all is sent.

On a busy machine with a page that looks twice a second all happen within minutes. Streamlit's names used here are not
public; tests/browser/test_reruns.py provokes all of them, and requirements.txt keeps to the versions that were tested.
"""

from __future__ import annotations

import weakref
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType, _coalesce_widget_states

_streamlits_request = AppSession.request_rerun
_streamlits_events = AppSession._handle_scriptrunner_event_on_event_loop
_streamlits_clearing = AppSession._clear_queue
_ended: weakref.WeakSet[ScriptRunner] = weakref.WeakSet()  # threads that came to their own end, with another after them


def keep_all() -> None:
    """From now on no tab of this server loses what was drawn or clicked. Doing so twice changes nothing more."""
    AppSession.request_rerun = _request_rerun  # type: ignore[method-assign]
    AppSession._handle_scriptrunner_event_on_event_loop = _pass_on  # type: ignore[method-assign]
    AppSession._clear_queue = _clear_queue  # type: ignore[method-assign]


def _request_rerun(self: AppSession, client_state: ClientState | None) -> None:
    if self._scriptrunner is not None and client_state is not None:
        requests = self._scriptrunner._requests
        if client_state.fragment_id:
            if requests._state == ScriptRequestType.STOP:
                _ended.add(self._scriptrunner)
        elif requests._state == ScriptRequestType.RERUN:
            both = _coalesce_widget_states(requests._rerun_data.widget_states, client_state.widget_states)
            if both is not None:
                client_state.widget_states.CopyFrom(both)
    _streamlits_request(self, client_state)


def _pass_on(self: AppSession, sender: ScriptRunner | None, event: ScriptRunnerEvent, *rest: Any, **more: Any) -> None:
    """The old thread's events are all in the loop's queue before the new one's first, but for the shutdown."""
    now = self._scriptrunner
    if sender is now or sender not in _ended or event == ScriptRunnerEvent.SHUTDOWN:
        _streamlits_events(self, sender, event, *rest, **more)
        return
    self._scriptrunner = sender
    try:
        _streamlits_events(self, sender, event, *rest, **more)
    finally:
        self._scriptrunner = now


def _clear_queue(self: AppSession, fragment_ids_this_run: list[str] | None = None) -> None:
    if fragment_ids_this_run:
        self._browser_queue._delta_index_map = {}  # what comes next is added behind, not put in an earlier one's place
    else:
        _streamlits_clearing(self, fragment_ids_this_run)
