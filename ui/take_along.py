"""Take along: what the page shows, as files, as links and as a command line. Train and Runs share it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from gan_core import export
from gan_core.config import TrainConfig
from gan_core.data import DataError
from gan_core.export.script import refusal
from gan_core.export.video import Progress
from gan_core.runs import Run, RunError
from gan_core.training.plane_view import Plane
from ui import addresses, run_links
from ui.experiment_command import command_line
from ui.formatting import plain

_OF_SETTINGS: dict[str, Callable[[TrainConfig], str]] = {
    "script": export.script,
    "notebook": export.notebook,
    "config": TrainConfig.to_json,
}
_FILES = "files that were taken along"
_START_WAIT = 3.0  # seconds in which a click reaches the server's thread for downloads
_FETCH_WAIT = 1.0  # seconds for the browser to fetch a file, which Streamlit deletes after two more runs of the page


@dataclass(frozen=True)
class Moment:
    """What a page shows at the moment."""

    config: TrainConfig
    run: Run | None = None  # None before the first start
    step: int | None = None  # of the saved picture that is shown; None for the present
    frame: Callable[[], np.ndarray | Plane] | None = None  # the picture that the page shows; None for the last saved


class _File:
    """A file in one format. Its content is made on a thread of the server, while the page shows the progress."""

    def __init__(self) -> None:
        self.done, self.error, self.active = 0.0, "", False
        self._begun = self._seen = 0

    def make(self, write: Callable[[Progress], bytes]) -> bytes:
        """The content. Streamlit calls this after a click."""
        self.done, self.error, self.active = 0.0, "", True
        self._begun += 1
        try:
            return write(self._progress)
        except Exception as error:
            self.error = _sentence(error)
            raise
        finally:
            self.active = False

    def _progress(self, done: float) -> None:
        self.done = done

    def show(self, title: str) -> None:
        """After a click: show the progress until the file is made or has failed."""
        end = time.monotonic() + _START_WAIT
        while self._begun == self._seen and time.monotonic() < end:
            time.sleep(0.01)
        if self._begun == self._seen:
            self.error = "The browser did not ask for the file; press the button again."
            return
        self._seen = self._begun
        bar = st.empty()
        while self.active:
            bar.progress(min(max(self.done, 0.0), 1.0), text=f"Making: {plain(title)}")
            time.sleep(0.1)
        if not self.error:
            time.sleep(_FETCH_WAIT)
        bar.empty()


def _sentence(error: Exception) -> str:
    """Why a file could not be made."""
    if isinstance(error, export.ExportError | RunError | DataError):
        return str(error)
    if isinstance(error, OSError):
        return f"The file could not be made: {error.strerror or error}."
    return f"The file could not be made ({type(error).__name__}: {error})."


@st.fragment
def panel(page: str, moment: Callable[[], Moment]) -> None:
    """A button that opens the choice of files and links. Everything is made on request.

    Args:
        page: "train" or "runs", where a link to the run leads.
        moment: what the page shows; read when the choice is opened.
    """
    popover = st.popover("Take along", icon=":material/download:", key="take-along", on_change="rerun")
    if not popover.open:
        st.session_state.pop(_FILES, None)
        return
    now = moment()
    with popover:
        files, links, command = st.tabs(["Files", "Links", "Command line"], key="take-along-tabs", on_change="rerun")
        with files, st.container(key="take-along-files", gap="small"):
            _files(now)
        with links, st.container(key="take-along-links"):
            _links(page, now)
        with command:
            st.caption("Trains the same experiment without a browser.")
            st.code(command_line(now.config), language="bash", wrap_lines=True)


# ---- files -----------------------------------------------------------------------------------------------------------


def _files(now: Moment) -> None:
    for name, form in export.FORMATS.items():
        if now.run is not None or name in _OF_SETTINGS:
            _file(name, form, now)


def _file(name: str, form: export.Format, now: Moment) -> None:
    """A download button with what the file holds, or with the reason why there is none."""
    stem = now.run.id if now.run is not None else now.config.preset
    file = st.session_state.setdefault(_FILES, {}).setdefault(f"{stem} {name}", _File())
    write, reason = _writer(name, form, now)
    with st.container(key=f"take-{name}", gap="small"):  # of its own, so that a message moves no other row
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.download_button(
                plain(form.title),
                data=partial(file.make, write),
                file_name=f"{stem}{form.suffix}",
                mime=form.mime,
                key=f"take-{stem}-{name}",
                icon=":material/download:",
                disabled=bool(reason),
                width=140,
            )
            st.caption(plain(reason or _about(name, form, now)))
        if pressed:
            file.show(form.title)
        if file.error:
            st.error(plain(file.error), icon=":material/error:")


def _writer(name: str, form: export.Format, now: Moment) -> tuple[Callable[[Progress], bytes], str]:
    """The function that makes a file, and why it cannot be made, in a sentence; "" if it can."""
    run, frame, config = now.run, now.frame, now.config
    if run is None or name in ("script", "config"):  # of the settings on the page, which may be newer than the run
        return lambda progress: _OF_SETTINGS[name](config).encode(), "" if name == "config" else refusal(config)
    if name == "png" and frame is not None:
        return lambda progress: export.frame_png(run.config, frame()), ""
    try:
        return partial(form.make, run), form.refusal(run)
    except RunError as error:
        return partial(form.make, run), str(error)


def _about(name: str, form: export.Format, now: Moment) -> str:
    if name == "png" and now.frame is not None:
        return "The samples that the page shows."
    if name == "notebook" and (now.run is None or not now.run.checkpoints()):
        return "The script in Jupyter cells; there are no weights yet."
    return form.about


# ---- links -----------------------------------------------------------------------------------------------------------


def _links(page: str, now: Moment) -> None:
    """A link to the run at the step that the page shows, and one to its settings, each with where it works."""
    if now.run is not None:
        link = run_links.link(page, now.run.id, now.step)
        _link("Link to this moment", link, run_links.where(now.run.id, now.step))
    where = (
        "Opens these settings on this machine only, because they name a folder of pictures on it."
        if now.config.data.path
        else "Opens these settings, seed included, in every copy of the app."
    )
    _link("Link to the settings", addresses.link("train", now.config.to_query()), where)


def _link(title: str, url: str, where: str) -> None:
    st.markdown(f"**{title}**")
    st.code(url, language=None, wrap_lines=True)
    st.caption(where)
