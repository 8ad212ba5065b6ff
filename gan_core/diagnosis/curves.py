"""A run's curves as a diagnosis reads them: thinned, smoothed, and held against what "long enough" means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gan_core import losses
from gan_core.config import TrainConfig
from gan_core.diagnosis.findings import SampleStats
from gan_core.metrics.evaluations import Evaluations
from gan_core.training.history import History

MIN_STEPS = 150  # steps before which nothing is said, unless a figure is no number
BLOCKS = 50  # means that a curve is read as
_ROWS = 2000  # read of each column, however long the run
_LASTING = 0.2  # share of the run that a sign must have lasted, within these steps:
_LEAST, _MOST = 100, 1000


class RunSignals:
    """The curves of one run, made ready.

    Args:
        config: in force now.
        history: all rows so far.
        sample_stats: oldest first.
        evaluations: the judgements of quality so far.
    """

    def __init__(
        self, config: TrainConfig, history: History, sample_stats: tuple[SampleStats, ...], evaluations: Evaluations
    ) -> None:
        self.config, self.history, self.sample_stats, self.evaluations = config, history, sample_stats, evaluations
        self.loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
        n = len(history)
        self.last = int(history.step[-1]) if n else 0
        self.age = self.last - int(history.step[0]) if n else 0
        self.lasting = float(np.clip(_LASTING * self.last, _LEAST, _MOST))
        kept = slice((n - 1) % max(1, n // _ROWS) if n else 0, None, max(1, n // _ROWS))  # ends with the last row
        self._rows = kept
        count = len(range(n)[kept])
        self._starts = np.unique(np.linspace(0, count, min(BLOCKS, max(1, count // 2)) + 1).astype(int)[:-1])
        self.steps = history.step[kept][self._starts] if n else np.empty(0)  # where each block begins
        self._blocks: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        """Block means of a column, oldest first; NaN where the network had not moved yet."""
        if name not in self._blocks:
            values = self.column(name)
            sizes = np.diff(np.append(self._starts, len(values)))
            with np.errstate(all="ignore"):
                self._blocks[name] = np.add.reduceat(values, self._starts) / sizes
        return self._blocks[name]

    def column(self, name: str) -> np.ndarray:
        """A column's rows, thinned evenly."""
        values: np.ndarray = getattr(self.history, name)[self._rows]
        return values

    def recent_mean(self, name: str) -> float:
        """A column over the last blocks that count as lasting: their mean."""
        return float(self[name][self.steps >= self.last - self.lasting].mean())

    def lasting_since(self, sign: np.ndarray, forgiven: float = 0.0) -> int | None:
        """The step since which a sign, true or false for each block, has lasted long enough; else None.

        Args:
            forgiven: share of the lasting blocks that may lack the sign; in [0, 1).
        """
        recent = self.steps >= self.last - self.lasting
        if self.age < MIN_STEPS or recent.sum() < 2 or sign[recent].mean() < 1 - forgiven:
            return None
        lacking = np.flatnonzero(~sign)
        earlier = lacking[~recent[lacking]]
        first = int(earlier[-1]) + 1 if len(earlier) else 0
        return int(self.steps[min(first, len(sign) - 1)])

    # ---- sample statistics ---------------------------------------------------------------------------------------

    def recent_stats(self) -> tuple[SampleStats, ...]:
        """The sample_stats that count as lasting, at least three; () where there are not that many."""
        if self.age < MIN_STEPS or len(self.sample_stats) < 4:
            return ()
        recent = tuple(stats for stats in self.sample_stats if stats.step >= self.last - self.lasting)
        return recent if len(recent) >= 3 else self.sample_stats[-3:]

    def stats_since(self, sign: Callable[[SampleStats], bool]) -> int | None:
        """The step since which every sample_stats has shown the sign, if that is long enough; else None."""
        recent = self.recent_stats()
        if not recent or not all(sign(sample_stats) for sample_stats in recent):
            return None
        first = len(self.sample_stats)
        while first and sign(self.sample_stats[first - 1]):
            first -= 1
        return self.sample_stats[first].step

    def is_improving(self) -> bool:
        """Whether G is getting nearer to the data: over the recent sample_stats its spread or its distance improves."""
        recent = self.recent_stats()
        if not recent:
            return False
        half = len(recent) // 2
        spread = [abs(1 - _median([stats.spread for stats in part])) for part in (recent[:half], recent[half:])]
        nearest = [_median([stats.nearest for stats in part]) for part in (recent[:half], recent[half:])]
        return spread[0] - spread[1] > 0.03 or nearest[1] < 0.95 * nearest[0]


def _median(values: list[float]) -> float:
    return float(np.median(values))
