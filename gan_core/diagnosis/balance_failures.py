"""Failure modes of the balance between the two networks: one wins, or neither does.

The limits depend on the loss: probabilities where D's scores are probabilities, a share of the equilibrium value for
other losses that have one, and the gap between the scores for critics.
"""

from __future__ import annotations

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.failure_mode import (
    FailureMode,
    Remedies,
    Symptoms,
    find_period,
    penalty,
    separates_well,
    slower_d,
    smaller_steps,
)
from gan_core.diagnosis.findings import Evidence


class VanishingGradient(FailureMode):
    """G's gradient is almost zero while D separates real from fake (Arjovsky and Bottou, 2017, theorem 2.4)."""

    id = "vanishing-gradient"
    title = "G's gradient vanishes"
    meaning = (
        "D rejects the fakes with such certainty that its score hardly changes with the sample, so G gets no gradient. "
        "G stops learning however long the run goes on, most of all under the saturating loss."
    )
    limit = 0.01  # of the largest gradient norm so far

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        norms = run["grad_norm_g"]
        largest, _ = run.largest("grad_norm_g")
        if not largest > 0:
            return None
        since = run.lasting_since((norms < self.limit * largest) & separates_well(run), tolerance=0.2)
        if since is None:
            return None
        text = f"G's gradient {run.recent_mean('grad_norm_g'):.2g}, at most {largest:.2g} so far"
        return Symptoms(
            since, (Evidence("norms", text, run.recent_mean("grad_norm_g"), self.limit * largest, run.last),)
        )

    def remedies(self, config: TrainConfig) -> Remedies:
        non_saturating = {"loss.name": "non-saturating"}
        slower = {**non_saturating, **slower_d(config)}
        return [
            (
                "R1 and the non-saturating loss",
                {**slower, **penalty(config)},
                "A smooth D and a loss that does not flatten keep G's gradient alive.",
            ),
            (
                "Slow D, and the non-saturating loss",
                slower,
                "G gets a gradient from a D that is less certain and from a loss that does not flatten.",
            ),
        ]


class DiscriminatorTooStrong(FailureMode):
    """D has been certain of every sample for long, and the samples do not improve."""

    id = "discriminator-too-strong"
    title = "The discriminator is too strong"
    meaning = (
        "D separates real samples from fakes with near certainty, and G does not catch up. "
        "G then gets little useful gradient: slow D down, or let G take more steps."
    )
    score_margin, loss_share, gap_growth = 0.05, 0.05, 10.0

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        real, fake, equilibrium = run["d_real"], run["d_fake"], run.loss.equilibrium[0]
        hopeless = None
        if run.loss.is_probability:
            target = 1 - run.loss.label_smoothing
            certain = (real > target - self.score_margin) & (fake < self.score_margin)
            hopeless = run.lasting_since(certain & (fake < 1e-3))
            limit = self.score_margin
        elif equilibrium:
            limit = self.loss_share * equilibrium
            certain = run["loss_d"] < limit
        else:
            limit = self.gap_growth * max(self._early_gap(run), 0.1)
            certain = real - fake > limit
        since = hopeless if hopeless is not None else run.lasting_since(certain)
        if since is None or (hopeless is None and run.is_improving()):
            return None
        text = f"D(x) {run.recent_mean('d_real'):.3g} and D(G(z)) {run.recent_mean('d_fake'):.2g}"
        return Symptoms(since, (Evidence("scores", text, run.recent_mean("d_fake"), limit, run.last),))

    def _early_gap(self, run: RunSignals) -> float:
        """The median gap between a critic's scores from step 100 to 250; in a younger run, from 10 to 25 % of it."""
        rows = slice(*(int(np.searchsorted(run.history.step, share * min(run.last, 1000))) for share in (0.1, 0.25)))
        gaps = np.abs(run.history.d_real[rows] - run.history.d_fake[rows])
        return float(np.median(gaps)) if len(gaps) else np.inf

    def remedies(self, config: TrainConfig) -> Remedies:
        slower = slower_d(config)
        return [
            ("R1, slow D", {**slower, **penalty(config)}, "G can catch up with a D that is smooth and learns slowly."),
            ("Slow D, quicken G", slower, "G catches up if it learns faster than D."),
            (
                "Noise on what D sees",
                {**slower, "instance_noise": 0.2},
                "Noise hides small differences between real and fake, so D is less certain.",
            ),
            (
                "Unsure labels",
                {**slower, "loss.label_smoothing": 0.1},
                "Labels of 0.9 instead of 1 keep D from becoming certain.",
            ),
        ]


class GeneratorTooStrong(FailureMode):
    """D has scored fakes like real samples for long, so its scores carry no information."""

    id = "generator-too-strong"
    title = "The generator is too strong"
    meaning = (
        "D scores most fakes as real, whatever G makes. "
        "G learns nothing from such a D: raise D's learning rate, or let D take more steps."
    )
    probability, lead, loss_share = 0.7, 0.2, 1.25

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        real, fake, equilibrium = run["d_real"], run["d_fake"], run.loss.equilibrium[0]
        if run.loss.is_probability:
            limit = min(self.probability, run.recent_mean("d_real") + self.lead)
            fooled = (fake > real) & (fake > np.minimum(self.probability, real + self.lead))
        elif equilibrium:
            limit = self.loss_share * equilibrium
            fooled = (run["loss_d"] > limit) & (fake > real)
        else:
            limit, fooled = 0.0, fake - real > 0.1 * (np.abs(fake) + np.abs(real))
        since = run.lasting_since(fooled, tolerance=0.1)
        if since is None:
            return None
        text = f"D(G(z)) {run.recent_mean('d_fake'):.3g} above D(x) {run.recent_mean('d_real'):.3g}"
        return Symptoms(since, (Evidence("scores", text, run.recent_mean("d_fake"), float(limit), run.last),))

    def remedies(self, config: TrainConfig) -> Remedies:
        g, d = config.optimizer_g.lr, config.optimizer_d.lr
        quicker = {"optimizer_d.lr": max(2 * d, g), "g_steps": 1}
        return [
            ("Quicken D", quicker, "D needs larger steps to tell fakes from real samples again."),
            ("Quicken D, slow G", {**quicker, "optimizer_g.lr": g / 2}, "D catches up if it learns faster than G."),
            (
                "More steps of D",
                {**quicker, "n_critic": max(3, config.n_critic)},
                "D catches up if it takes more steps than G.",
            ),
        ]


class Oscillation(FailureMode):
    """The networks orbit the equilibrium (Mescheder et al., 2018): D(x) - D(G(z)) oscillates around zero."""

    id = "oscillation"
    title = "The networks chase each other without settling"
    meaning = (
        "G moves to where D scores highest, D reverses its scores, and G moves back: the scores oscillate steadily. "
        "Without damping this never ends; R1 or smaller steps damp the oscillation."
    )
    min_correlation, rows = 0.35, 1024

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if run.age < 2 * MIN_STEPS:
            return None
        tail = slice(-self.rows, None)
        gap = run.history.d_real[tail] - run.history.d_fake[tail]
        gap = gap[len(gap) // 4 :] if len(run.history) < self.rows else gap  # drop the transient at the start
        if len(gap) < 100 or not np.isfinite(gap).all() or np.abs(gap).max() > 1e100:
            return None
        deviation, half = float(gap.std()), len(gap) // 2
        negative = float((gap < 0).mean())
        early, late = float(gap[:half].std()), float(gap[half:].std())
        if not 0.2 < negative < 0.8 or min(early, late) < self._min_deviation(run) or late < 0.6 * early:
            return None
        correlation, period = find_period(gap)
        if correlation < self.min_correlation:
            return None
        since = int(run.history.step[-len(gap)])
        text = f"D(x) - D(G(z)) oscillates by {deviation * 2**0.5:.2g} with a period of about {period} steps"
        return Symptoms(since, (Evidence("scores", text, correlation, self.min_correlation, run.last),))

    def _min_deviation(self, run: RunSignals) -> float:
        """The smallest standard deviation that counts: a tenth of D's range, or of a critic's mean absolute score.

        Healthy runs may oscillate slightly: the largest deviation observed was 0.053 of the range.
        """
        if run.loss.has_labels:
            return 0.1
        scores = np.concatenate((run.history.d_real[-self.rows :], run.history.d_fake[-self.rows :]))
        return 0.1 * float(np.abs(scores - np.median(scores)).mean()) + 1e-6

    def remedies(self, config: TrainConfig) -> Remedies:
        return [
            ("R1", penalty(config, 1.0), "A penalty on D's slope damps the oscillation."),
            ("Smaller steps", smaller_steps(config), "Small steps do not overshoot the equilibrium."),
        ]
