"""What is compared about two runs: each measure is one number of one run, and says which way is better.

To add one, write its function and its line in MEASURES.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import spearmanr

from gan_core.config import TrainConfig
from gan_core.config.catalog import Catalog, Entry
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import QUALITY_METRIC
from gan_core.training.history import History

_FEW = 4  # judgements, or twenty rows of losses, below which nothing is measured of them
_ROWS = 20
_AT_REST = 0.1  # share of its whole range within which a curve is at rest


@dataclass(frozen=True, eq=False)
class Trace:
    """One run, read from its folder: all that a measure may use."""

    key: str
    variant: str  # its id
    seed: int
    config: TrainConfig
    status: str
    history: History
    evaluations: Evaluations
    illnesses: tuple[str, ...]  # ids of the findings that were named while it trained
    memory: int  # bytes; 0 where that is not known
    run_id: str
    frames: tuple[int, ...]
    added_run: bool = False  # joined from the library: not trained under the same rules, so shown and not tested

    @property
    def metric(self) -> str:
        """The metric that tells quality: lower is better. "frechet" or "js"."""
        return QUALITY_METRIC[self.config.dataset.kind]

    @property
    def quality(self) -> np.ndarray:
        """That figure at each judgement, NaN where one has none."""
        column = self.evaluations.columns.get(self.metric)
        return column.value if column is not None else np.empty(0)


def last(run: Trace, level: float) -> float | None:
    found = run.quality[np.isfinite(run.quality)]
    return float(found[-1]) if len(found) and run.status != "failed" else None


def best(run: Trace, level: float) -> float | None:
    found = run.quality[np.isfinite(run.quality)]
    return float(found.min()) if len(found) else None


def seconds_to_level(run: Trace, level: float) -> float | None:
    reached = np.flatnonzero(run.quality <= level)
    return float(run.evaluations.seconds[reached[0]]) if len(reached) else None


def loss_noise(run: Trace, level: float) -> float | None:
    """Root mean square of the residuals of each loss around its own least-squares line, over the last half of steps."""
    half = slice(len(run.history) // 2, None)
    step = run.history.step[half]
    if len(step) < _ROWS or run.status == "failed":
        return None
    rest = []
    for losses in (run.history.loss_d[half], run.history.loss_g[half]):
        if not np.isfinite(losses).all():
            return None
        line = np.polyfit(step - step[0], losses, 1)
        rest.append(losses - np.polyval(line, step - step[0]))
    return float(np.sqrt(np.mean(np.square(rest))))


def gradient(run: Trace, level: float) -> float | None:
    norms = run.history.grad_norm_g[np.isfinite(run.history.grad_norm_g)]
    return float(np.median(norms)) if len(norms) >= _ROWS else None


def loss_quality_correlation(run: Trace, level: float) -> float | None:
    """Spearman's rank correlation of -loss_D, D's measure of how far fakes are from real, with the judged distance."""
    known = np.isfinite(run.quality)
    if known.sum() < _FEW or len(run.history) < _ROWS:
        return None
    nearness = max(1.0, float(np.median(np.diff(run.evaluations.step))) if len(run.evaluations) > 1 else 1.0)
    around = [
        -float(np.mean(run.history.loss_d[np.abs(run.history.step - step) <= nearness / 2]))
        for step in run.evaluations.step[known]
    ]
    if not np.isfinite(around).all() or np.ptp(around) == 0:
        return None
    rho = float(spearmanr(around, run.quality[known]).statistic)
    return rho if math.isfinite(rho) else None


def converged_at(run: Trace, level: float) -> float | None:
    """Images until D's loss, smoothed over a fiftieth of the run, stays within a tenth of its range of its end."""
    loss = run.history.loss_d
    if len(loss) < _ROWS or not np.isfinite(loss).all():
        return None
    smooth = rolling(loss, max(1, len(loss) // 50))
    away = np.flatnonzero(np.abs(smooth - smooth[-1]) > _AT_REST * np.ptp(smooth))
    return float(run.history.images[min(len(loss) - 1, away[-1] + 1 if len(away) else 0)])


def seconds(run: Trace, level: float) -> float | None:
    return float(run.history.seconds[-1]) if len(run.history) else None


def images_per_second(run: Trace, level: float) -> float | None:
    spent = seconds(run, level)
    return float(run.history.images[-1]) / spent if spent else None


def memory(run: Trace, level: float) -> float | None:
    return float(run.memory) if run.memory else None


def rolling(values: np.ndarray, rows: int) -> np.ndarray:
    """Mean over each value and the `rows - 1` before it, fewer at the start."""
    rows = max(1, min(rows, len(values)))
    sums = np.cumsum(np.insert(values.astype(float), 0, 0.0))
    begin = np.maximum(0, np.arange(1, len(values) + 1) - rows)
    return (sums[1:] - sums[begin]) / (np.arange(1, len(values) + 1) - begin)


@dataclass(frozen=True)
class Measure(Entry):
    """One number of a run. `scale` says how two runs are held against each other: by ratio or by difference."""

    of: Callable[[Trace, float], float | None] = last
    better: Literal["lower", "higher", ""] = "lower"
    scale: Literal["ratio", "difference"] = "ratio"
    unit: str = ""


def _measure(
    of: Callable[[Trace, float], float | None],
    label: str,
    about: str,
    *,
    better: str = "lower",
    scale: str = "ratio",
    unit: str = "",
) -> Measure:
    return Measure(f"{__name__}:{of.__name__}", label, about, of, better, scale, unit)  # type: ignore[arg-type]


MEASURES: Catalog[Measure] = Catalog(
    "measure",
    {
        "quality": _measure(last, "quality at the end", "The last judged Frechet distance; of points, JS divergence."),
        "best": _measure(best, "best quality", "The lowest judged Frechet distance, or JS divergence of points."),
        "level": _measure(
            seconds_to_level, "time to the reference's quality",
            "Seconds of training until the quality is judged as good as the reference's at the end.", unit="s",
        ),
        "loss_noise": _measure(
            loss_noise, "unrest of the losses",
            "Standard deviation of both losses around their own least-squares line, over the last half of the steps.",
        ),
        "gradient": _measure(gradient, "G's gradient", "Median norm of G's gradient.", better="higher"),
        "loss_quality_correlation": _measure(
            loss_quality_correlation, "loss tells quality",
            "Spearman's rank correlation of D's negative loss with the judged distance; 1: the loss tells the quality.",
            better="higher", scale="difference",
        ),
        "converged_at": _measure(
            converged_at, "loss at rest after",
            "Images until D's smoothed loss stays within a tenth of its range of where it ends.", unit="images",
        ),
        "seconds": _measure(seconds, "training time", "Seconds spent training.", unit="s"),
        "speed": _measure(
            images_per_second, "speed", "Real images seen in a second of training.", better="higher", unit="images/s"
        ),
        "memory": _measure(memory, "memory", "Memory of the run's process, or on its GPU.", unit="bytes"),
    },
)  # fmt: skip
