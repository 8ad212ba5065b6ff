"""What one browser tab shows of the Latent page, as an immutable value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from gan_core import latent
from gan_core.latent import Inversion, Model
from gan_core.session import Session
from ui.latent.latent_point import LatentPoint, LatentPointError
from ui.latent.strips import Strips

NOW, LAST, BEST = "now", "last", "best"  # moments of a run; each of its checkpoints is one too, named by its step
SLIDERS = {"attributes": 8, "pca": 8, "sefa": 8, "raw": 16}  # sliders on a page, for each kind of direction
_UNDO = 50  # steps back


@dataclass(frozen=True, eq=False)
class LiveModel:
    """The networks of a running session as the tab saw them last."""

    session: Session
    raw: bool
    model: Model
    basis: Model  # the first one that the tab saw of this session
    seen: float  # seconds, on the monotonic clock


@dataclass(frozen=True, eq=False)
class Search:
    """An inversion in progress, or its result."""

    source: str  # id
    model: Model
    steps: Iterator[Inversion]
    found: Inversion


@dataclass(frozen=True, eq=False)
class LatentView:
    """The tab's choices, and what it computed last where that may be shown again."""

    source: str = ""  # id of the run
    moment: str = ""  # NOW, LAST, BEST or a step; "" before one is chosen
    raw: bool = False  # show G's own weights instead of their moving average
    point: LatentPoint = field(default_factory=lambda: LatentPoint(torch.empty(0), seed=0))
    earlier: tuple[LatentPoint, ...] = ()  # for undo, the latest last
    directions: str = ""  # kind of the sliders' directions; "" for the first that the model has
    page: int = 0  # of the sliders
    panel: str = "wall"
    first_seed: int = 0  # of the seed grid
    picked: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)  # latents (z_size,), by the panel's name
    link: Mapping[str, str] | None = None  # the query of a URL, until its model is loaded
    trouble: str = ""  # why a link was not followed in full
    dragging: bool = False  # a slider is being moved
    start: int = 0  # number of the point from which the sliders move
    message: int = 0  # number of the sliders' last message
    strips_in_browser: int | None = None  # version of the strips that the browser has
    strips: Strips | None = None
    search: Search | None = None
    live: LiveModel | None = None

    # ---- changes -------------------------------------------------------------------------------------------------

    def at(self, point: LatentPoint) -> LatentView:
        """The view of another point; `undone` leads back."""
        earlier = (*self.earlier[-_UNDO + 1 :], self.point)
        return replace(self, point=point, earlier=earlier, start=self.start + 1, dragging=False)

    def at_latent(self, z: Tensor) -> LatentView:
        """The view of another latent (z_size,)."""
        return self.at(self.point.at(z))

    def at_seed(self, seed: int, model: Model) -> LatentView:
        """The view of the latent of this seed, with all sliders at 0."""
        return self.at(replace(self.point, seed=seed, moves={}).fit_to(model))

    def undone(self) -> LatentView:
        """The view of the point before."""
        if not self.earlier:
            return self
        return replace(self, point=self.earlier[-1], earlier=self.earlier[:-1], start=self.start + 1, dragging=False)

    def with_picked(self, name: str, latents: Iterable[Tensor]) -> LatentView:
        """The view with these latents picked under this name."""
        return replace(self, picked={**self.picked, name: tuple(latents)})

    def fit_to(self, model: Model) -> LatentView:
        """The view in this model, at the point that a link names or else at the same point as before."""
        view = replace(self, link=None)
        if self.link is not None:
            try:
                point, trouble = LatentPoint.from_query(self.link, model), self.trouble
            except LatentPointError as error:
                point, trouble = LatentPoint.from_query({}, model), str(error)
            view = replace(view, point=point, trouble=trouble, earlier=())
        point = view.point.fit_to(model)
        if len(point.base) != len(view.point.base):
            view = replace(view, earlier=(), picked={}, start=view.start + 1)
        kind = view.kind(model)
        directions = kind if kind == self.directions else ""
        return replace(
            view, point=point, directions=directions, page=min(self.page, (model.z_size - 1) // SLIDERS[kind])
        )

    # ---- samples -------------------------------------------------------------------------------------------------

    def basis(self, model: Model) -> Model:
        """The model that defines the directions.

        For a running session it is the first model that the tab saw. Otherwise the directions would change during
        training, and the picture would move because of them.
        """
        return self.live.basis if self.moment == NOW and self.live is not None else model

    def kind(self, model: Model) -> str:
        """The kind of the sliders' directions."""
        kinds = latent.kinds(self.basis(model))
        return self.directions if self.directions in kinds else kinds[0]

    def z(self, model: Model) -> Tensor:
        """The latent, (z_size,)."""
        return self.point.z(self.basis(model))

    def samples(self, model: Model, z: Tensor) -> np.ndarray:
        """The samples of latents (n, z_size), with the point's other inputs: (n, H, W, C) uint8, or (n, 2) float32."""
        return model.pictures(z, **self.point.inputs(model))

    def picture(self, model: Model) -> np.ndarray:
        """The sample at the point: (1, H, W, C) uint8, or (1, 2) float32."""
        return self.samples(model, self.z(model)[None])

    # ---- the URL -------------------------------------------------------------------------------------------------

    def to_query(self) -> dict[str, str]:
        """The query of the page's URL; default values are left out."""
        query = {"run": self.source} | ({"step": self.moment} if self.moment not in ("", LAST) else {})
        query |= ({"weights": "raw"} if self.raw else {}) | self.point.to_query()
        query |= {"sliders": self.directions} if self.directions else {}
        query |= {"page": str(self.page)} if self.page else {}
        return query | ({"panel": self.panel} if self.panel != LatentView.panel else {})

    def linked(self, query: Mapping[str, str]) -> LatentView:
        """The view that a URL's query names. Values that need a model are checked by `fit_to`."""
        return replace(
            self,
            source=query.get("run", self.source),
            moment=query.get("step", ""),
            raw=query.get("weights") == "raw",
            directions=query.get("sliders", self.directions),
            panel=query.get("panel", self.panel),
            page=int(query["page"]) if query.get("page", "").isdecimal() else 0,
            link=query,
        )
