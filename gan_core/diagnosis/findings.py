"""The parts of a diagnosis: sample statistics, evidence, remedies, and the finding that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gan_core.config import SETTINGS

Chart = Literal["losses", "scores", "norms", "samples", "fit", "quality"]


@dataclass(frozen=True)
class SampleStats:
    """What the samples of one moment show, as figures: a session takes one with each look at its samples."""

    step: int
    spread: float  # mean distance between two samples, over that between two real examples; near 0 in a collapse
    nearest: float  # median distance of a sample to its nearest real one, over that of real ones to each other
    covered: float | None = None  # 2-D data with modes: share of them that are reached
    ratio: float = (
        1.0  # median distance of a sample to its nearest real one, over that to its second nearest; 0 is a copy
    )
    js: float | None = None  # 2-D data: Jensen-Shannon divergence from the true distribution, in bits
    overfit: float | None = None  # `overfitting` of D; None where all real examples are trained on


@dataclass(frozen=True)
class Evidence:
    """A figure that speaks for a finding, and the chart that shows it."""

    chart: Chart
    text: str  # "D(x) 0.98 and D(G(z)) 0.02"
    value: float
    limit: float  # what the value is held against
    step: int  # where on the chart


@dataclass(frozen=True)
class Remedy:
    """Settings to change. Live ones change the run as it goes; others need a new run."""

    label: str
    values: Mapping[str, Any]
    anew: bool = False  # the weights are past saving

    @property
    def live(self) -> bool:
        return not self.anew and all(SETTINGS[key].live for key in self.values)


@dataclass(frozen=True)
class Finding:
    """Something that a run shows, good or bad."""

    id: str  # stable: "mode-collapse"
    title: str
    bad: bool
    since: int  # step
    evidence: tuple[Evidence, ...]
    meaning: str  # two sentences
    remedies: tuple[Remedy, ...] = ()
