"""The samples, scores and 2-D fit for the snapshot, computed again within a share of the training time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from gan_core.metrics.point_quality import Fit
from gan_core.session.health import Health
from gan_core.session.listener import Context
from gan_core.session.snapshot import SampleView

VIEW_SHARE, FIT_SHARE = 0.015, 0.01  # of the training time
_FIRST_PAUSE = 2.0  # seconds at most between the first computation, which also loads kernels, and the second

T = TypeVar("T")


class Throttle(Generic[T]):
    """Caches a value, and computes it again only as often as keeps the computation within a share of the time."""

    def __init__(self, compute: Callable[[], T], share: float) -> None:
        self._compute, self._share = compute, share
        self._next_time = 0.0
        self.value: T  # the last result

    def get(self, now: bool = False) -> T:
        """The value, computed again if that is due or if `now` is true."""
        started = time.perf_counter()
        if now or started >= self._next_time:
            first = not hasattr(self, "value")
            self.value = self._compute()
            ended = time.perf_counter()
            pause = (ended - started) / self._share
            self._next_time = ended + (min(pause, _FIRST_PAUSE) if first else pause)
        return self.value


class SampleViews:
    """Computes sample views and fits, and passes the statistics of the samples to `health`.

    A fit is computed only with a view, so that the statistics of its step include it.
    """

    def __init__(self, context: Context, health: Health) -> None:
        self._trainer, self._observer, self._health = context.trainer, context.observer, health
        self._view = Throttle(self._compute_view, VIEW_SHARE)
        self._fit = Throttle(self._compute_fit, FIT_SHARE)
        self._fit_step = -1

    def get(self, now: bool) -> tuple[SampleView, Fit | None, int]:
        """The view, the fit and the step of the fit; of the current step if `now` is true."""
        if now:
            self._fit.get(now)
        return self._view.get(now), self._fit.value, self._fit_step

    def _compute_view(self) -> SampleView:
        fit = self._fit.get()
        view, step = self._observer.sample_view(self._trainer), self._trainer.steps
        stats = self._observer.sample_stats(view, step, fit if self._fit_step == step else None)
        if stats is not None:
            self._health.add(stats)
        return view

    def _compute_fit(self) -> Fit | None:
        self._fit_step = self._trainer.steps
        return self._observer.fit(self._trainer)
