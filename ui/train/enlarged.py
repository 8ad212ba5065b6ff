"""One picture of the Train page, enlarged: D's score in words, its nearest real image, and a link to its latent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from streamlit.errors import StreamlitAPIException

from gan_core import data, latent, losses
from gan_core.config import TrainConfig
from gan_core.latent import Neighbors
from gan_core.losses.descriptions import describe, score_in_words
from gan_core.models.sampling import recorded_latents
from gan_core.runs import RunError
from gan_core.session.snapshot import SampleView, Snapshot
from ui import shell
from ui.components import sample_grid
from ui.formatting import plain
from ui.latent.latent_point import LatentPoint
from ui.latent.nearest_images import verdict
from ui.latent.view import LAST, NOW, LatentView
from ui.server import pool

LARGEST = 320  # pixels of a picture's side
_CHOSEN, _FRAGMENT = "enlarged picture", "enlarged"
_ASK_EVERY = 0.4  # seconds between two looks at a search that has not ended
# The first search of a data set takes seconds. On the page's thread it would hold up every refresh.
_searches = ThreadPoolExecutor(1, "nearest image", initializer=torch.set_num_threads, initargs=(1,))


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was when it was clicked."""

    now: Snapshot
    view: SampleView  # the samples and the scores of the step that was shown
    span: tuple[float, float]  # the scores to draw as fully fake and fully real
    index: int
    is_real: bool
    pixels: np.ndarray  # (1, H, W, C) uint8
    nearest: Future[Neighbors] | None  # to a generated picture

    @property
    def score(self) -> float:
        """D's score; NaN if it is not known at this step."""
        if self.is_real:
            return float(self.now.real_scores[self.index]) if self.view is self.now.sample_view else np.nan
        return float(self.view.scores[self.index])

    @property
    def label(self) -> int | None:
        """The class; None without classes."""
        classes = self.now.config.classes
        if not classes or (self.is_real and not len(self.now.sample_view.real_classes)):
            return None
        return int(self.now.sample_view.real_classes[self.index]) if self.is_real else self.index % len(classes)


def opener(
    now: Snapshot, view: SampleView, span: tuple[float, float], shown: np.ndarray, is_real: bool = False
) -> Callable[[int], None]:
    """A callback of a grid that enlarges its nth picture; `shown` (k,) are the indices of its pictures."""

    def open_dialog(n: int) -> None:
        index = int(shown[n])
        pixels = (now.real if is_real else view.samples)[index, None]
        nearest = None if is_real else _searches.submit(_search, now.config, pixels)
        st.session_state[_CHOSEN] = Picture(now, view, span, index, is_real, pixels, nearest)
        with suppress(StreamlitAPIException):  # the page is not drawn yet; it will show the dialog
            st.rerun([_FRAGMENT])

    return open_dialog


@st.fragment(key=_FRAGMENT)
def panel(grid: str) -> None:
    """The dialog of the clicked picture. Another visit of the page ends it, as it ends the `grid` with this key."""
    if grid not in st.session_state:
        st.session_state[_CHOSEN] = None
    picture: Picture | None = st.session_state.get(_CHOSEN)
    if picture is not None:
        st.dialog(_title(picture), width="medium", on_dismiss=_close)(_show)(picture)


def _close() -> None:
    st.session_state[_CHOSEN] = None


def _title(picture: Picture) -> str:
    kind = "Real example" if picture.is_real else "Generated image"
    name = "" if picture.label is None else f", class {plain(picture.now.config.classes[picture.label])}"
    return f"{kind} {picture.index + 1}{name}, step {picture.view.step:,}"


def _show(picture: Picture) -> None:
    st.markdown(plain(_judgement(picture)))
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption("Real example" if picture.is_real else "Generated")
        score = np.array([picture.score])
        name = describe(losses.get(picture.now.config.loss.name)).score_name
        sample_grid(
            picture.pixels, "enlarged", score, 1, picture.span, name, "enlarged picture", largest=LARGEST, rim=4
        )
    if picture.nearest is None:
        return
    with right:
        every = _ASK_EVERY if wait([picture.nearest], _ASK_EVERY).not_done else None
        st.fragment(_nearest, run_every=every)(picture.now.config, picture.nearest, waiting=every is not None)
    if picture.now.run_id:
        _link(picture)


def _judgement(picture: Picture) -> str:
    if not np.isfinite(picture.score):
        return f"D's scores are not kept with earlier pictures, so the one at step {picture.view.step:,} is not known."
    loss, real_scores = losses.get(picture.now.config.loss.name), picture.now.real_scores
    return score_in_words(loss, picture.score, real_scores)


def _search(config: TrainConfig, pixels: np.ndarray) -> Neighbors:
    return latent.neighbors(config, pixels, data.load(config, download=False), 1)


def _nearest(config: TrainConfig, search: Future[Neighbors], waiting: bool) -> None:
    """The nearest real image once it is found; until then the fragment asks again and again."""
    st.caption("Nearest real image")
    if not search.done():
        st.info(f"Searching {plain(config.dataset.label)}", icon="spinner")
        return
    if waiting:
        st.rerun()  # draws the dialog without this timer
    try:
        found = search.result()
    except data.DataError as error:
        st.caption(f"The real data cannot be loaded: {plain(str(error))}")
        return
    sample_grid(found.real[0], "nearest", columns=1, label="nearest real image", largest=LARGEST, rim=4)
    st.caption(verdict(float(found.closer[0])))


def _link(picture: Picture) -> None:
    """A link to exactly this latent on the Latent page, and a remark if it shows another step."""
    moment, remark = _moment(picture.now.run_id, picture.view.step)
    if not moment:
        st.caption(plain(remark))
        return
    point = LatentPoint(recorded_latents(picture.now.config)[picture.index], label=picture.label)
    view = LatentView(picture.now.run_id, moment, point=point)
    st.page_link(
        shell.path("latent"),
        label="Open in Latent",
        icon=":material/explore:",
        help="Change this image by moving its latent",
        query_params=view.to_query(),
    )
    if remark:
        st.caption(plain(remark))


def _moment(run_id: str, step: int) -> tuple[str, str]:
    """The moment of the run that Latent shows, "" for none, and a sentence if it is not this step."""
    session = pool().get(pool().of_run(run_id))
    now = session.snapshot() if session is not None else None
    try:
        steps = pool().store.open(run_id).checkpoints()
    except RunError:
        steps = []
    if now is not None and now.live and now.step == step:
        return NOW, ""
    if step in steps:
        return str(step), ""
    if now is not None and now.live:
        return NOW, f"Latent shows the same latent at the newest step, because step {step:,} is not saved."
    if steps:
        return LAST, f"Latent shows the same latent at step {steps[-1]:,}, because step {step:,} is not saved."
    return "", "Latent cannot show this image, because the run has no checkpoint."
