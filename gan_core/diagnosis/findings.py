"""The parts of a diagnosis: sample statistics, evidence, remedies and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gan_core.config import SETTINGS
from gan_core.diagnosis.measured_remedies import Measured
from gan_core.system.files import Count, Number

Chart = Literal["losses", "scores", "norms", "samples", "fit", "quality"]


@dataclass(frozen=True)
class SampleStats:
    """Statistics of the displayed samples at one step. Distances are Euclidean, in pixels or coordinates."""

    step: Count
    spread: Number  # mean distance between two samples, relative to real examples; near 0 in a mode collapse
    nearest: Number  # median distance of a sample to its nearest real example, relative to real examples
    covered: Number | None = None  # 2-D data with modes: share of the modes that are covered
    ratio: Number = 1.0  # median ratio of the distances to the nearest and second nearest real example; 0 is a copy
    js: Number | None = None  # 2-D data: Jensen-Shannon divergence from the true distribution, in bits
    overfit: Number | None = None  # `overfitting` of D; None if all real examples are in the training set


@dataclass(frozen=True)
class Evidence:
    """A value that supports a finding, and the chart that shows it."""

    chart: Chart
    text: str  # "D(x) 0.98 and D(G(z)) 0.02"
    value: float
    limit: float  # the threshold for the value
    step: int  # position on the chart


@dataclass(frozen=True)
class Remedy:
    """Settings to change. A live remedy changes the running run; any other needs a new run."""

    label: str
    values: Mapping[str, Any]
    why: str = ""  # one sentence
    measured: Measured | None = None  # how often it worked on this kind of data
    needs_new_run: bool = False  # the weights cannot recover

    @property
    def live(self) -> bool:
        return not self.needs_new_run and all(SETTINGS[key].live for key in self.values)


@dataclass(frozen=True)
class Finding:
    """A failure mode or a healthy state of a run."""

    id: str  # stable: "mode-collapse"
    title: str
    bad: bool
    since: int  # step
    evidence: tuple[Evidence, ...]
    meaning: str  # two sentences
    remedies: tuple[Remedy, ...] = ()
