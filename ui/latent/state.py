"""What one tab's Latent page has in hand: the model, the latent_point, the way back; all of it in the URL too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import streamlit as st
from torch import Tensor

from gan_core.latent import Model
from gan_core.runs import RunError
from ui.latent import sources
from ui.latent.latent_point import KEYS, LatentPoint, LatentPointError
from ui.latent.sources import Source

_TAB = "latent"
_UNDO = 50  # steps back that are kept
STAGE, PANEL = "stage", "panel"  # the page's two fragments


@dataclass
class Tab:
    """The page of one browser tab."""

    source: str = ""  # id of the run
    moment: str = ""  # "now", "last", "best" or a step; "" for the first that there is
    raw: bool = False  # G itself in latent_point of the average of its weights
    kind: str = "pca"  # of the sliders' directions
    page: int = 0  # of the sliders
    panel: str = "wall"
    latent_point: LatentPoint | None = None
    before: list[LatentPoint] = field(default_factory=list)
    query: dict[str, str] = field(default_factory=dict)  # as last written to the URL
    asked: dict[str, str] | None = None  # a query that waits for its model to be loaded
    trouble: str = ""
    answered: int = 0  # number of the sliders' last move
    held: int | None = None  # version of the strips that the browser holds, as it said with that move
    dragging: bool = False
    direction_basis: tuple[str, Model] | None = (
        None  # of a running session: the model whose directions the sliders keep
    )
    shelves: dict[str, list[Tensor]] = field(default_factory=dict)  # latents put aside, by name


def tab() -> Tab:
    if _TAB not in st.session_state:
        st.session_state[_TAB] = Tab()
    found: Tab = st.session_state[_TAB]
    return found


def read_url() -> None:
    """Follow a link: a query that this page has not written itself. The page begins with this."""
    here = tab()
    here.held, here.dragging = None, False  # the browser may have lost everything
    query = st.query_params.to_dict()
    if not query or query == here.query:
        return
    here.source, here.moment = query.get("run", here.source), query.get("step", "")
    here.raw = query.get("weights") == "raw"
    here.kind, here.panel = query.get("sliders", here.kind), query.get("panel", here.panel)
    here.page = int(query["page"]) if query.get("page", "").isdecimal() else 0
    here.asked = {key: query[key] for key in KEYS if key in query}
    here.query = query


def write_url() -> None:
    """Keep the URL telling what the tab shows. A seed stands for its latent; else the latent itself stands there."""
    here = tab()
    query = {"run": here.source} | ({"step": here.moment} if here.moment not in ("", sources.LAST) else {})
    if here.raw:
        query["weights"] = "raw"
    query |= here.latent_point.to_query() if here.latent_point is not None else {}
    defaults = Tab()
    query |= {"sliders": here.kind} if here.kind != defaults.kind else {}
    query |= {"page": str(here.page)} if here.page else {}
    query |= {"panel": here.panel} if here.panel != defaults.panel else {}
    here.query = query
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def open_source(found: list[Source]) -> Source | None:
    """The source that the tab names, or the first; None where there is nothing to look at."""
    here = tab()
    source = sources.find(here.source, found)
    if source is None and here.source:
        complain(f'The run "{here.source[:100]}" is not there; it may have been renamed or deleted.')
    if source is None and found:
        source = next((each for each in found if each.moments()), found[0])
        here.source, here.moment = source.id, ""
    return source


def open_model(source: Source) -> Model:
    """The model that the tab names, with a latent_point in it. Raises `RunError` if there is none."""
    here = tab()
    moments = source.moments()
    if here.moment not in moments:
        if here.moment.isdecimal():
            complain(f"The run {source.id} keeps no checkpoint of step {here.moment}; the last one is shown.")
        if not moments:
            raise RunError(
                f"The run {source.id} has no checkpoint yet, or was deleted meanwhile. Choose another model."
            )
        here.moment = moments[0]
    model = source.model(here.moment, here.raw)
    settle_in(model)
    return model


def settle_in(model: Model) -> None:
    """Stand somewhere in this model: where a link asks, or where the tab stood in the model before."""
    here = tab()
    start = LatentPoint.from_query({}, model)
    if here.asked is not None:
        try:
            here.latent_point = LatentPoint.from_query(here.asked, model)
        except LatentPointError as error:
            here.latent_point = start
            complain(str(error))
        here.asked = None
        here.before.clear()
    fitted = (here.latent_point or start).fitted(model)
    if here.latent_point is None or len(here.latent_point.base) != len(fitted.base):
        here.before.clear()
        here.shelves.clear()
    here.latent_point = fitted


def direction_basis(model: Model) -> Model:
    """The model whose directions the sliders follow: of a running session the first one that was seen.

    Else the picture would move with the directions too, not only with what G has learned.
    """
    here = tab()
    if here.moment != sources.NOW:
        return model
    which = f"{here.source} {here.raw}"
    if here.direction_basis is None or here.direction_basis[0] != which:
        here.direction_basis = which, model
    return here.direction_basis[1]


def latent_point() -> LatentPoint:
    """Where the tab stands. The page has opened a model before it asks."""
    here = tab().latent_point
    assert here is not None
    return here


def go(to: LatentPoint) -> None:
    """Stand there from now on; `undo` leads back."""
    here = tab()
    if here.latent_point is not None:
        here.before = [*here.before[-_UNDO + 1 :], here.latent_point]
    here.latent_point = to


def undo() -> None:
    here = tab()
    if here.before:
        here.latent_point = here.before.pop()


def then(act: Callable[..., None], *fragments: str) -> Callable[..., None]:
    """A callback that acts and then has the stage and the panel below drawn anew, not the whole page."""

    def call(*arguments: object) -> None:
        act(*arguments)
        st.rerun(list(fragments or (STAGE, PANEL)))

    return call


def take(z: Tensor) -> None:
    """Make this latent the current one."""
    go(latent_point().at(z))


def take_seed(seed: int, model: Model) -> None:
    """Make the latent of this seed the current one, with all sliders at 0."""
    go(replace(latent_point(), seed=seed, moves={}).fitted(model))


def complain(text: str) -> None:
    tab().trouble = text


def told() -> str:
    """What went wrong with the last thing that was asked for, once; "" if nothing did."""
    here = tab()
    text, here.trouble = here.trouble, ""
    return text
