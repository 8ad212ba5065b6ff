"""The measures that runs are compared by: each is one number per run.

Only a measure of the samples' quality makes one variant better than another. The others describe how a run trains.

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
from gan_core.config.catalog import Catalog
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import QUALITY_METRIC
from gan_core.training.history import History

RENAMED = {"wobble": "loss_noise", "tells": "loss_quality_correlation", "settled": "converged_at"}  # ids in old files
_MIN_EVALUATIONS = 4  # for a correlation
_MIN_ROWS = 20  # of the history, for a statistic of the losses
_CONVERGED = 0.1  # share of a curve's range


@dataclass(frozen=True, eq=False)
class TrialData:
    """One run as read from its folder: everything that a measure may use."""

    key: str
    variant: str  # its id
    seed: int
    config: TrainConfig
    status: str
    history: History
    evaluations: Evaluations
    failure_modes: tuple[str, ...]  # ids of the failure modes that its session showed last
    memory: int  # bytes; 0 where unknown
    run_id: str
    frames: tuple[int, ...]  # steps with saved samples
    added_run: bool = False  # added from the library: trained under other rules, so shown but not tested

    @property
    def quality(self) -> np.ndarray:
        """The quality metric at each evaluation, NaN where it was not measured; lower is better."""
        column = self.evaluations.columns.get(QUALITY_METRIC[self.config.dataset.kind])
        return column.value if column is not None else np.empty(0)


def last(run: TrialData, level: float) -> float | None:
    known = run.quality[np.isfinite(run.quality)]
    return float(known[-1]) if len(known) and run.status != "failed" else None


def best(run: TrialData, level: float) -> float | None:
    known = run.quality[np.isfinite(run.quality)]
    return float(known.min()) if len(known) else None


def seconds_to_level(run: TrialData, level: float) -> float | None:
    reached = np.flatnonzero(run.quality <= level)
    return float(run.evaluations.seconds[reached[0]]) if len(reached) else None


def loss_noise(run: TrialData, level: float) -> float | None:
    """Root mean square residual of each loss around its least-squares line, over the last half of the steps."""
    half = slice(len(run.history) // 2, None)
    step = run.history.step[half]
    if len(step) < _MIN_ROWS or run.status == "failed":
        return None
    residuals = []
    for losses in (run.history.loss_d[half], run.history.loss_g[half]):
        if not np.isfinite(losses).all():
            return None
        line = np.polyfit(step - step[0], losses, 1)
        residuals.append(losses - np.polyval(line, step - step[0]))
    return float(np.sqrt(np.mean(np.square(residuals))))


def gradient(run: TrialData, level: float) -> float | None:
    norms = run.history.grad_norm_g[np.isfinite(run.history.grad_norm_g)]
    return float(np.median(norms)) if len(norms) >= _MIN_ROWS else None


def loss_quality_correlation(run: TrialData, level: float) -> float | None:
    """Spearman's rank correlation of -loss_D (D's estimate of the distance to real data) with the quality metric.

    D's loss at an evaluation is its mean over the steps nearest to that evaluation.
    """
    known = np.isfinite(run.quality)
    if known.sum() < _MIN_EVALUATIONS or len(run.history) < _MIN_ROWS:
        return None
    window = max(1.0, float(np.median(np.diff(run.evaluations.step))) if len(run.evaluations) > 1 else 1.0)
    distances = [
        -float(np.mean(run.history.loss_d[np.abs(run.history.step - step) <= window / 2]))
        for step in run.evaluations.step[known]
    ]
    if not np.isfinite(distances).all() or np.ptp(distances) == 0:
        return None
    rho = float(spearmanr(distances, run.quality[known]).statistic)
    return rho if math.isfinite(rho) else None


def converged_at(run: TrialData, level: float) -> float | None:
    """Real samples until D's loss, smoothed over 1/50 of the run, stays within 1/10 of its range of its last value."""
    loss = run.history.loss_d
    if len(loss) < _MIN_ROWS or not np.isfinite(loss).all():
        return None
    smooth = rolling(loss, max(1, len(loss) // 50))
    away = np.flatnonzero(np.abs(smooth - smooth[-1]) > _CONVERGED * np.ptp(smooth))
    return float(run.history.images[min(len(loss) - 1, away[-1] + 1 if len(away) else 0)])


def seconds(run: TrialData, level: float) -> float | None:
    return float(run.history.seconds[-1]) if len(run.history) else None


def images_per_second(run: TrialData, level: float) -> float | None:
    spent = seconds(run, level)
    return float(run.history.images[-1]) / spent if spent else None


def memory(run: TrialData, level: float) -> float | None:
    return float(run.memory) if run.memory else None


def rolling(values: np.ndarray, rows: int) -> np.ndarray:
    """Mean over each value and the `rows - 1` values before it (fewer at the start)."""
    rows = max(1, min(rows, len(values)))
    sums = np.cumsum(np.insert(values.astype(float), 0, 0.0))
    begin = np.maximum(0, np.arange(1, len(values) + 1) - rows)
    return (sums[1:] - sums[begin]) / (np.arange(1, len(values) + 1) - begin)


@dataclass(frozen=True)
class Measure:
    """One number per run. `scale` says how two runs are compared: by ratio or by difference.

    `of(run, level)` returns None where the run has no such number; `level` is the reference's final quality.
    `leads` is the direction that a claim means. It makes a variant better only if the measure `is_quality`.
    """

    of: Callable[[TrialData, float], float | None]
    label: str
    description: str
    leads: Literal["lower", "higher"] = "lower"
    is_quality: bool = False
    scale: Literal["ratio", "difference"] = "ratio"
    unit: str = ""


MEASURES: Catalog[Measure] = Catalog(
    "measure",
    {
        "quality": Measure(
            last, "quality at the end", "The Fréchet distance at the last evaluation; for points, the JS divergence.",
            is_quality=True,
        ),
        "best": Measure(
            best, "best quality", "The lowest Fréchet distance; for points, the lowest JS divergence.", is_quality=True
        ),
        "level": Measure(
            seconds_to_level, "time to the reference's quality",
            "Seconds of training until the quality is as good as the reference's at the end.", unit="s",
        ),
        "loss_noise": Measure(
            loss_noise, "loss noise",
            "Standard deviation of both losses around their own least-squares line, over the last half of the steps.",
        ),
        "gradient": Measure(gradient, "G's gradient", "Median norm of G's gradient.", leads="higher"),
        "loss_quality_correlation": Measure(
            loss_quality_correlation, "loss-quality correlation",
            "Spearman's rank correlation of D's negative loss with the distance to real data; at 1 the loss tells the "
            "quality.", leads="higher", scale="difference",
        ),
        "converged_at": Measure(
            converged_at, "samples until the loss converges",
            "Real samples until D's smoothed loss stays within a tenth of its range of its last value.", unit="samples",
        ),
        "seconds": Measure(seconds, "training time", "Seconds spent training.", unit="s"),
        "speed": Measure(
            images_per_second, "speed", "Real samples per second of training.", leads="higher", unit="samples/s"
        ),
        "memory": Measure(memory, "memory", "Memory of the run's process, or of its GPU.", unit="bytes"),
    },
)  # fmt: skip
