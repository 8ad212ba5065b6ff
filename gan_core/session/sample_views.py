"""The samples, scores and 2-D fit for the snapshot, computed again within a share of the training time."""

from __future__ import annotations

from gan_core.metrics.point_quality import Fit
from gan_core.session.health import Health
from gan_core.session.observer import Observer
from gan_core.session.snapshot import SampleView
from gan_core.session.throttle import Throttle
from gan_core.training.trainer import Trainer

VIEW_SHARE, FIT_SHARE = 0.015, 0.01  # of the training time


class SampleViews:
    """Computes sample views and fits, and passes the statistics of the samples to `health`."""

    def __init__(self, trainer: Trainer, observer: Observer, health: Health) -> None:
        self._trainer, self._observer, self._health = trainer, observer, health
        self._view = Throttle(self._compute_view, VIEW_SHARE)
        self._fit = Throttle(self._compute_fit, FIT_SHARE)
        self._fit_step = -1

    def get(self, now: bool) -> tuple[SampleView, Fit | None, int]:
        """The view, the fit and the step of the fit; of the current step if `now` is true."""
        fit = self._fit.get(now)  # before the view, whose statistics include the fit
        return self._view.get(now), fit, self._fit_step

    def _compute_view(self) -> SampleView:
        view, step = self._observer.sample_view(self._trainer), self._trainer.steps
        stats = self._observer.sample_stats(view, step, self._fit.value if self._fit_step == step else None)
        if stats is not None:
            self._health.add(stats)
        return view

    def _compute_fit(self) -> Fit | None:
        self._fit_step = self._trainer.steps
        return self._observer.fit(self._trainer)
