"""Computes sample views and fits of a trainer without changing its training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_core.data.ranges import to_bytes, to_model
from gan_core.diagnosis import SampleStats
from gan_core.diagnosis.sample_stats import SampleStatsMeter, overfitting
from gan_core.metrics.point_quality import SAMPLES, Fit, PointEvaluator
from gan_core.models.modes import batch_statistics
from gan_core.models.sampling import recorded_latents
from gan_core.session.snapshot import EMPTY, SampleView
from gan_core.system.random_streams import stream
from gan_core.training.plane_view import view
from gan_core.training.trainer import Trainer

_BATCH = 500  # examples that D scores at once


class Observer:
    """Observes a trainer, always with the same latents and the same real examples."""

    def __init__(self, trainer: Trainer) -> None:
        config, n = trainer.config, trainer.config.record.samples
        self.z = recorded_latents(config)
        self.y = trainer.classes_in_turn(n)
        picked = torch.randperm(len(trainer.dataset), generator=stream(config.seed, "display of real"))[:n]
        self.real = trainer.dataset.examples[picked]
        self.real_y = None if trainer.labels is None else trainer.labels[picked]
        self.unseen = trainer.dataset.held_out
        self._evaluator = PointEvaluator(config) if config.dataset.kind == "points" else None
        self._stats_meter = SampleStatsMeter(trainer.dataset.examples, picked)
        self._fit_z = trainer.latents(SAMPLES if self._evaluator else 0, stream(config.seed, "judged"))

    @torch.no_grad()
    def sample_view(self, trainer: Trainer) -> SampleView:
        """The samples and scores of the current step."""
        real = to_model(self.real.to(trainer.device), trainer.config.generator.output)
        with batch_statistics(trainer.discriminator):
            real_scores = _scores(trainer, real, self.real_y)
            unseen_scores = self._unseen_scores(trainer)
            if trainer.dataset.examples.ndim == 2:
                plane = view(trainer, self.z)
                points, scores = self.real.numpy(), plane.scores
                return SampleView(
                    plane.fakes, scores, points, real_scores, unseen_scores, plane=plane, step=trainer.steps
                )
            images = trainer.decode(self.z, y=self.y)  # (n, C, H, W) in [0, 1]
            rounded = to_model(images.mul(255).byte().to(trainer.device), trainer.config.generator.output)
            scores = _scores(trainer, rounded, self.y)
        classes = EMPTY if self.real_y is None else self.real_y.numpy()
        shown, real_images = to_bytes(images).numpy(), self.real.permute(0, 2, 3, 1).numpy()
        return SampleView(shown, scores, real_images, real_scores, unseen_scores, classes, step=trainer.steps)

    def sample_stats(self, sample_view: SampleView, step: int, fit: Fit | None = None) -> SampleStats | None:
        """Statistics of the samples for diagnosis, including the share of modes covered in a `fit` of the same step."""
        covered = fit.covered / fit.modes if fit is not None and fit.covered is not None and fit.modes else None
        overfit = None
        if len(sample_view.unseen_scores):
            overfit = overfitting(sample_view.real_scores, sample_view.unseen_scores, sample_view.scores)
        return self._stats_meter(sample_view.samples, step, covered, fit.js if fit is not None else None, overfit)

    def fit(self, trainer: Trainer) -> Fit | None:
        """The distance between a 2-D generator and the true distribution. None for images or non-finite points."""
        if self._evaluator is None:
            return None
        points = trainer.decode(self._fit_z)
        return self._evaluator.fit(points) if bool(points.isfinite().all()) else None

    def _unseen_scores(self, trainer: Trainer) -> np.ndarray:
        if self.unseen is None:
            return EMPTY
        x = to_model(self.unseen.examples.to(trainer.device), trainer.config.generator.output)
        return _scores(trainer, x, None if trainer.labels is None else self.unseen.labels)


def _scores(trainer: Trainer, x: Tensor, y: Tensor | None) -> np.ndarray:
    batches = x.split(_BATCH)
    labels = y.to(trainer.device).split(_BATCH) if y is not None else [None] * len(batches)
    parts = [trainer.discriminator(batch, some).float() for batch, some in zip(batches, labels, strict=True)]
    return trainer.loss.score(torch.cat(parts)).cpu().numpy()
