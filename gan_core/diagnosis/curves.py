"""A run's curves in the form that a diagnosis reads: thinned, smoothed, and tested for lasting symptoms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gan_core import losses
from gan_core.config import TrainConfig
from gan_core.diagnosis.findings import SampleStats
from gan_core.metrics.evaluations import Evaluations
from gan_core.training.history import History

MIN_STEPS = 150  # a younger run has no finding, except for a loss that is not finite
BLOCKS = 50  # block means per curve
_ROWS = 2000  # rows read per column before the recent ones, however long the run
_MIN_RECENT = 4  # rows that are recent, however seldom the run logs
_LASTING_SHARE, _LASTING_MIN, _LASTING_MAX = 0.2, 100, 1000  # a symptom must last this share of the run, in these steps


class RunSignals:
    """The curves of one run so far, under its current settings."""

    def __init__(
        self, config: TrainConfig, history: History, sample_stats: tuple[SampleStats, ...], evaluations: Evaluations
    ) -> None:
        self.config, self.history, self.sample_stats, self.evaluations = config, history, sample_stats, evaluations
        self.loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
        n = len(history)
        self.last = int(history.step[-1]) if n else 0
        self.age = self.last - int(history.step[0]) if n else 0
        self.lasting = float(np.clip(_LASTING_SHARE * self.last, _LASTING_MIN, _LASTING_MAX))
        # The recent rows are read without gaps and have blocks of their own. So a symptom of the last steps counts the
        # same however long the run is.
        split = min(int(np.searchsorted(history.step, self.last - self.lasting)), max(0, n - _MIN_RECENT))
        earlier = np.arange(0, split, max(1, n // _ROWS))
        self._rows = np.r_[earlier, split:n]
        steps = history.step[self._rows]
        recent = max(_LASTING_SHARE * BLOCKS, BLOCKS * (n - split) / max(1, n))
        starts = _block_starts(0, len(earlier), BLOCKS - recent), _block_starts(len(earlier), len(steps), recent)
        self._starts = np.concatenate(starts)
        self._recent = np.arange(len(self._starts)) >= len(starts[0])  # for each block, whether it is recent
        self.steps = steps[self._starts]  # first step of each block
        self._blocks: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        """Block means of a column, oldest first; NaN before the network's first step."""
        if name not in self._blocks:
            values = getattr(self.history, name)[self._rows]
            sizes = np.diff(np.append(self._starts, len(values)))
            with np.errstate(all="ignore"):
                self._blocks[name] = np.add.reduceat(values, self._starts) / sizes
        return self._blocks[name]

    def largest(self, name: str) -> tuple[float, int]:
        """The largest value of a column so far and its step; (0, 0) if none is finite."""
        values = getattr(self.history, name)
        if not np.isfinite(values).any():
            return 0.0, 0
        row = int(np.nanargmax(values))
        return float(values[row]), int(self.history.step[row])

    def recent_mean(self, name: str) -> float:
        """Mean of a column over the recent blocks, those of the last `lasting` steps."""
        return float(self[name][self._recent].mean())

    def lasting_since(self, symptom: np.ndarray, tolerance: float = 0.0) -> int | None:
        """The step since which a symptom, one bool per block, has lasted; None if it has not lasted `lasting` steps.

        Args:
            tolerance: share of the recent blocks that may lack the symptom, in [0, 1).
        """
        recent = self._recent
        if self.age < MIN_STEPS or recent.sum() < 2 or symptom[recent].mean() < 1 - tolerance:
            return None
        lacking = np.flatnonzero(~symptom)
        earlier = lacking[~recent[lacking]]
        first = int(earlier[-1]) + 1 if len(earlier) else 0
        return int(self.steps[min(first, len(symptom) - 1)])

    # ---- sample statistics ---------------------------------------------------------------------------------------

    def recent_stats(self) -> tuple[SampleStats, ...]:
        """The sample statistics of the last `lasting` steps, at least three; () if there are fewer than four in all."""
        if self.age < MIN_STEPS or len(self.sample_stats) < 4:
            return ()
        recent = tuple(stats for stats in self.sample_stats if stats.step >= self.last - self.lasting)
        return recent if len(recent) >= 3 else self.sample_stats[-3:]

    def stats_since(self, symptom: Callable[[SampleStats], bool]) -> int | None:
        """The step since which all sample statistics show a symptom; None unless all recent ones do."""
        recent = self.recent_stats()
        if not recent or not all(map(symptom, recent)):
            return None
        first = len(self.sample_stats)
        while first and symptom(self.sample_stats[first - 1]):
            first -= 1
        return self.sample_stats[first].step

    def late_stats(self) -> tuple[SampleStats, ...]:
        """The sample statistics of the last fifth of the run, which show a slow trend, but at least the recent ones."""
        if not (recent := self.recent_stats()):
            return ()
        late = tuple(stats for stats in self.sample_stats if stats.step >= (1 - _LASTING_SHARE) * self.last)
        return max(recent, late, key=len)

    def is_improving(self) -> bool:
        """Whether the late samples come closer to the data, by their spread or their distance."""
        late = self.late_stats()
        if not late:
            return False
        (spread_before, nearest_before), (spread, nearest) = halves(late)
        return abs(1 - spread_before) - abs(1 - spread) > 0.03 or nearest < 0.95 * nearest_before


def _block_starts(first: int, end: int, blocks: float) -> np.ndarray:
    """The first rows of about so many equal blocks of at least two rows from `first` to before `end`."""
    count = max(1, min(round(blocks), (end - first) // 2))
    return np.unique(np.linspace(first, end, count + 1).astype(int)[:-1]) if end > first else np.empty(0, int)


def halves(sample_stats: tuple[SampleStats, ...]) -> list[tuple[float, float]]:
    """Medians of spread and nearest, over the first and the second half of the statistics."""
    middle = middle_of(sample_stats)
    return [
        (float(np.median([stats.spread for stats in half])), float(np.median([stats.nearest for stats in half])))
        for half in (sample_stats[:middle], sample_stats[middle:])
    ]


def middle_of(sample_stats: Sequence[SampleStats]) -> int:
    """Where the second half of the steps begins: a long run keeps fewer of its older statistics."""
    steps = [stats.step for stats in sample_stats]
    return max(1, int(np.searchsorted(steps, (steps[0] + steps[-1]) / 2))) if steps else 0
