"""What the sources report, seen again."""

from __future__ import annotations

import math
import statistics

import pytest
import torch

from gan_core import presets
from gan_core.metrics.point_quality import SAMPLES, PointEvaluator
from gan_core.training.trainer import Trainer


@pytest.mark.slow  # ten whole runs of 2,500 steps: the claim is about every seed
def test_both_losses_of_the_chapters_gaussian_end_at_ln_2_in_every_seed_and_the_median_fit_is_good() -> None:
    """Dive into Deep Learning, 17.1. The losses alone certify nothing, so the moments are held too."""
    mean_errors, covariance_errors = [], []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for seed in range(10):
        config = presets.load("gaussian-2d").with_values({"seed": seed})
        trainer = Trainer(config, "cpu")
        records = [trainer.step() for _ in range(trainer.total_steps)]
        assert trainer.epoch == 20
        last = torch.stack([record.values for record in records[-125:]]).mean(0)
        assert last[0].item() == pytest.approx(math.log(2), abs=0.03), f"D, seed {seed}"
        assert last[4].item() == pytest.approx(math.log(2), abs=0.03), f"G, seed {seed}"
        fit = PointEvaluator(config).fit(trainer.generate(SAMPLES))
        mean_errors.append(fit.mean_error)
        covariance_errors.append(fit.covariance_error)
    torch.set_num_threads(threads)
    print(f"mean errors {mean_errors}\ncovariance errors {covariance_errors}")
    assert statistics.median(mean_errors) < 0.25
    assert statistics.median(covariance_errors) < 0.20
