"""The failure modes, one small class each. To add one, write its class and add it to FAILURE_MODES."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.balance_failures import (
    DiscriminatorTooStrong,
    GeneratorTooStrong,
    Oscillation,
    VanishingGradient,
)
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals, middle_of
from gan_core.diagnosis.failure_mode import FailureMode, Remedies, Symptoms, critic, is_rising, penalty, smaller_steps
from gan_core.diagnosis.findings import Chart, Evidence
from gan_core.diagnosis.network_failures import BlindToContrast


class Divergence(FailureMode):
    """A loss is not finite, or D's gradients or scores grow to a hundred times their early size."""

    id = "divergence"
    title = "The training diverges"
    meaning = (
        "The steps are so large that each one overshoots further than the last, so scores or gradients explode. "
        "The weights cannot recover: start a new run with smaller steps, or with a penalty on D."
    )
    destroys_weights = True
    limit = 100.0

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        for name in ("loss_d", "loss_g"):
            last, before = getattr(run.history, name)[-1:], getattr(run.history, name)[:-1]
            if len(last) and not np.isfinite(last[0]) and (np.isfinite(before).any() or np.isinf(last[0])):
                text = f"{'D' if name == 'loss_d' else 'G'}'s loss is not finite"
                return Symptoms(run.last, (Evidence("losses", text, float(last[0]), 0.0, run.last),))
        if len(run.history) < 20:
            return None
        gap = np.abs(run.history.d_real - run.history.d_fake)
        return (
            self._growth(run, run.history.grad_norm_d, run["grad_norm_d"], 0.01, "norms", "D's gradient")
            or (
                (run.loss.equilibrium[0] or 0.0) == 0.0
                and self._growth(run, gap, np.abs(run["d_real"] - run["d_fake"]), 0.3, "scores", "D(x) - D(G(z))")
            )
            or self._loss_jump(run)
        )

    def _growth(
        self, run: RunSignals, values: np.ndarray, blocks: np.ndarray, floor: float, chart: Chart, label: str
    ) -> Symptoms | None:
        """Values that stay above a hundred times their early size, which is at least `floor`.

        The early size is a high quantile, not a median: a D that wins at once has almost no gradient after ten steps.
        """
        early = values[: max(5, min(50, len(values) // 4))]
        early = early[np.isfinite(early)]
        if not len(early) or run.age < MIN_STEPS:
            return None
        early_size = float(np.quantile(early, 0.95))
        limit = self.limit * max(early_size, floor)
        since = run.lasting_since(blocks > limit)
        if since is None:
            return None
        now = float(blocks[-1])
        text = f"{label} {now:.3g}, at first {early_size:.2g}"
        return Symptoms(since, (Evidence(chart, text, now, limit, run.last),))

    def _loss_jump(self, run: RunSignals) -> Symptoms | None:
        """Cross-entropy: D's loss jumps within a few steps, and D is then so certain that gradients vanish."""
        equilibrium, (highest, step) = run.loss.equilibrium[0], run.largest("loss_d")
        if not run.loss.is_probability or not equilibrium or run.age < MIN_STEPS or highest < 6 * equilibrium:
            return None
        certain = run["d_real"] - run["d_fake"] > 0.98
        still_high = (run["loss_d"] > 3 * equilibrium) & (run["d_fake"] < 0.9)
        since = run.lasting_since(certain | still_high, tolerance=0.2)
        if since is None:
            return None
        text = f"D's loss jumped to {highest:.3g}, {highest / equilibrium:.0f} times its equilibrium"
        return Symptoms(min(step, since), (Evidence("losses", text, highest, 6 * equilibrium, step),))

    def remedies(self, config: TrainConfig) -> Remedies:
        both = ("optimizer_g", "optimizer_d")
        adam = {f"{side}.name": "adam" for side in both} | {f"{side}.lr": 2e-4 for side in both}
        return [
            (
                "Smaller steps and R1",
                {**smaller_steps(config), **penalty(config)},
                "Small steps do not overshoot, and a penalty keeps D's slope small.",
            ),
            ("Smaller steps", smaller_steps(config), "Small steps do not overshoot."),
            ("Adam", adam, "Adam limits the size of each step."),
        ]


class ModeCollapse(FailureMode):
    """All samples are alike (Goodfellow, 2016, section 5.1.1), or points miss most modes."""

    id = "mode-collapse"
    title = "Mode collapse"
    meaning = (
        "Many latents give the same few samples: G has found samples that D scores as real, and makes little else. "
        "D learns to reject them, G moves on to others, and the losses alone do not show the collapse."
    )
    max_spread, max_covered = 0.4, 0.5
    tiny_spread, lost_share = 0.1, 0.5  # a collapse even without learning: this spread, and this share of the first one
    wide_spread, min_steps_if_wide = 0.75, 20 * MIN_STEPS

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if run.last < 2 * MIN_STEPS:
            return None
        return self._alike(run) or self._missing_modes(run)

    def _alike(self, run: RunSignals) -> Symptoms | None:
        """The samples differ much less than real examples."""
        since = run.stats_since(lambda stats: stats.spread < self.max_spread)
        recent = run.recent_stats()
        if since is None or self._is_untrained(run) or is_rising(run.late_stats(), lambda stats: stats.spread, 1.3):
            return None
        last = recent[-1]
        text = f"samples differ by {last.spread:.0%} of what real ones do"
        return Symptoms(since, (Evidence("samples", text, last.spread, self.max_spread, last.step),))

    def _missing_modes(self, run: RunSignals) -> Symptoms | None:
        """Points: most modes stay without samples."""
        known = [stats for stats in run.sample_stats if stats.covered is not None]
        if run.last < 4 * MIN_STEPS or len(known) < 6 or known[-1].step < run.last - run.lasting:
            return None
        late = known[middle_of(known) :]
        if run.last < self.min_steps_if_wide and late[-1].spread > self.wide_spread:
            return None  # samples as wide as the data may still find the modes
        if (
            max(stats.covered or 0.0 for stats in late) > self.max_covered
            or is_rising(late, lambda stats: stats.covered or 0.0)
            or is_rising(late, lambda stats: 1 / max(stats.nearest, 1e-6))
        ):
            return None
        share = late[-1].covered or 0.0
        text = f"{share:.0%} of the modes are reached"
        return Symptoms(late[0].step, (Evidence("fit", text, share, self.max_covered, late[-1].step),))

    def _is_untrained(self, run: RunSignals) -> bool:
        """Whether the samples are about as far from the data as at first, so that G has not learnt anything yet.

        False if the samples lost the variety that they had at first: an untrained G keeps its variety.
        """
        if len(run.sample_stats) < 2:
            return False
        first, recent = run.sample_stats[: max(1, len(run.sample_stats) // 4)], run.recent_stats()
        limit = min(self.tiny_spread, self.lost_share * max(stats.spread for stats in first))
        if recent and all(sample_stats.spread < limit for sample_stats in recent):
            return False
        return run.sample_stats[-1].nearest > 0.8 * max(stats.nearest for stats in first)

    def remedies(self, config: TrainConfig) -> Remedies:
        d, g = config.optimizer_d.lr, config.optimizer_g.lr
        balanced: dict[str, Any] = {"g_steps": 1}
        if d < g:
            balanced |= {"optimizer_d.lr": g}
        remedies: Remedies = [
            (
                "A critic with a gradient penalty",
                {**balanced, **critic(config)},
                "A Wasserstein critic gives G a direction even if it rejects every sample.",
            )
        ]
        if config.loss.name != "least-squares":  # measured: these three do not end the collapse of least squares
            remedies = [
                ("Give D as many steps as G", balanced, "D must learn to reject repeated samples before G moves on."),
                (
                    "Calm D (gradient penalty), equal steps",
                    {**balanced, **penalty(config)},
                    "A smooth D does not pull all samples to one place.",
                ),
                (
                    "More steps of D",
                    {**balanced, "n_critic": max(5, config.n_critic)},
                    "A D that takes more steps rejects repeated samples sooner.",
                ),
                *remedies,
            ]
        if config.generator.norm == "none" and config.shape != (2,):
            why = "Normalisation across the batch keeps samples apart."
            remedies.append(("Batch norm in G", {"generator.norm": "batch"}, why))
        return remedies


class Memorisation(FailureMode):
    """G copies the training examples, or D overfits to them."""

    id = "memorisation"
    title = "The examples are learnt by heart"
    meaning = (
        "D scores its training examples higher than other real ones, or the samples are copies of training examples. "
        "More data helps most; augmentation shows D each example in many versions, so that it cannot memorise them."
    )
    min_ratio = 0.4  # new images have about 1, new points 0.7, copies below 1/3 (Yoon et al., 2023)
    max_overfit = 0.5
    min_epochs = 10

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if not len(run.history) or run.history.epoch[-1] < self.min_epochs:
            return None
        symptoms = [found for found in (self._copies(run), self._overfits(run)) if found is not None]
        if not symptoms:
            return None
        return Symptoms(min(s.since for s in symptoms), tuple(e for s in symptoms for e in s.evidence))

    def _copies(self, run: RunSignals) -> Symptoms | None:
        """The samples are much closer to one real example than to all others."""
        since = run.stats_since(lambda stats: stats.ratio < self.min_ratio)
        if since is None:
            return None
        last = run.sample_stats[-1]
        text = f"samples lie at {last.ratio:.0%} of the distance to the second nearest example"
        return Symptoms(since, (Evidence("samples", text, last.ratio, self.min_ratio, last.step),))

    def _overfits(self, run: RunSignals) -> Symptoms | None:
        """D scores real examples outside its training set like fakes."""
        since = run.stats_since(lambda stats: (stats.overfit or 0.0) > self.max_overfit)
        if since is None:
            return None
        last = run.sample_stats[-1]
        share = last.overfit or 0.0
        text = f"D scores unseen real examples {share:.0%} of the way towards fakes"
        return Symptoms(since, (Evidence("scores", text, share, self.max_overfit, last.step),))

    def remedies(self, config: TrainConfig) -> Remedies:
        all_data = ("All of the data", {"data.count": 0}, "D cannot memorise as many examples.")
        if config.dataset.kind == "points":
            return [all_data]
        return [
            (
                "Augment what D sees",
                {"augment.translation": 0.25, "augment.cutout": 0.5, "augment.color": 1.0},
                "D sees each example in many versions, so it cannot memorise them.",
            ),
            all_data,
        ]


FAILURE_MODES: tuple[FailureMode, ...] = (  # the most serious first
    Divergence(),
    BlindToContrast(),
    ModeCollapse(),
    VanishingGradient(),
    DiscriminatorTooStrong(),
    GeneratorTooStrong(),
    Oscillation(),
    Memorisation(),
)
