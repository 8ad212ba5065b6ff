"""Looks at a trainer without disturbing it: the same latents and the same real examples each time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_core.data.ranges import to_bytes, to_model
from gan_core.diagnosis import SampleStats
from gan_core.diagnosis.sample_stats import SampleStatsMeter, overfitting
from gan_core.metrics.point_quality import SAMPLES, Fit, PointEvaluator
from gan_core.models.modes import batch_statistics
from gan_core.session.snapshot import NONE, SampleView
from gan_core.system.random_streams import stream
from gan_core.training.plane_view import view
from gan_core.training.trainer import Trainer


class Observer:
    """Looks at a trainer from the same latents and the same real examples each time."""

    def __init__(self, trainer: Trainer) -> None:
        config, n = trainer.config, trainer.config.record.samples
        self.z = trainer.latents(n, stream(config.seed, "display"))
        self.y = trainer.classes_in_turn(n)
        picked = torch.randperm(len(trainer.dataset), generator=stream(config.seed, "display of real"))[:n]
        self.real = trainer.dataset.examples[picked]
        self.real_y = None if trainer.labels is None else trainer.labels[picked]
        self.unseen = trainer.dataset.held_out
        self._judge = PointEvaluator(config) if config.dataset.kind == "points" else None
        self._glancer = SampleStatsMeter(trainer.dataset.examples, picked)
        self._many_z = trainer.latents(SAMPLES if self._judge else 0, stream(config.seed, "judged"))

    @torch.no_grad()
    def sample_view(self, trainer: Trainer) -> SampleView:
        """The present samples and scores. It disturbs nothing that training depends on."""
        real = to_model(self.real.to(trainer.device), trainer.config.generator.output)
        with batch_statistics(trainer.discriminator):
            real_scores = _scores(trainer, real, self.real_y)
            unseen_scores = self._unseen_scores(trainer)
            if trainer.dataset.examples.ndim == 2:
                plane = view(trainer, self.z)
                return SampleView(plane.fakes, plane.scores, self.real.numpy(), real_scores, unseen_scores, plane=plane)
            shown = trainer.decode(self.z, y=self.y)  # (n, C, H, W) in [0, 1]
            seen = to_model(shown.mul(255).byte().to(trainer.device), trainer.config.generator.output)
            scores = _scores(trainer, seen, self.y)
        classes = NONE if self.real_y is None else self.real_y.numpy()
        return SampleView(
            to_bytes(shown).numpy(), scores, self.real.permute(0, 2, 3, 1).numpy(), real_scores, unseen_scores, classes
        )

    def sample_stats(self, sample_view: SampleView, step: int, fit: Fit | None = None) -> SampleStats | None:
        """What the samples of a view show, as numbers, with the share of modes that a `fit` of that step found."""
        covered = fit.covered / fit.modes if fit is not None and fit.covered is not None and fit.modes else None
        known = len(sample_view.unseen_scores) > 0
        overfit = overfitting(sample_view.real_scores, sample_view.unseen_scores, sample_view.scores) if known else None
        return self._glancer(sample_view.samples, step, covered, fit.js if fit is not None else None, overfit)

    def _unseen_scores(self, trainer: Trainer) -> np.ndarray:
        if self.unseen is None:
            return NONE
        x = to_model(self.unseen.examples.to(trainer.device), trainer.config.generator.output)
        return _scores(trainer, x, None if trainer.labels is None else self.unseen.labels)

    def fit(self, trainer: Trainer) -> Fit | None:
        """How close a 2-D generator is to the truth; None for images, and for points that have run off to infinity."""
        if self._judge is None:
            return None
        points = trainer.decode(self._many_z)
        return self._judge(points) if bool(points.isfinite().all()) else None


def _scores(trainer: Trainer, x: Tensor, y: Tensor | None) -> np.ndarray:
    labels = y.to(trainer.device).split(500) if y is not None else [None] * len(x.split(500))
    parts = [trainer.discriminator(part, some).float() for part, some in zip(x.split(500), labels, strict=True)]
    return trainer.loss.score(torch.cat(parts)).cpu().numpy()
