"""Illnesses of the game between the two networks: one wins, or neither does.

What "too strong" looks like depends on the loss: cross-entropy has probabilities, other losses with a resting value
have their share of it, critics have only the gap between their scores. No limit is in the units of one loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.failure_mode import (
    FailureMode,
    Symptoms,
    find_period,
    is_separated,
    penalty,
    slower_d,
    smaller_steps,
)
from gan_core.diagnosis.findings import Evidence
from gan_core.losses import CrossEntropy, LeastSquares


class VanishingGradient(FailureMode):
    """G's gradient is all but gone while D still tells real from fake (Arjovsky and Bottou, 2017, theorem 2.4)."""

    id = "vanishing-gradient"
    title = "G's gradient vanishes"
    meaning = (
        "D is so sure of the fakes that its verdict hardly changes with the sample, so G is not told where to go. "
        "G stands still however long the run goes on, most of all under the saturating loss."
    )
    limit = 0.01

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        norms = run["grad_norm_g"]
        column = run.column("grad_norm_g")
        best = float(np.nanmax(column)) if np.isfinite(column).any() else 0.0
        if not best > 0:
            return None
        since = run.lasting_since(
            (norms < self.limit * best) & is_separated(run), forgiven=0.2
        )  # one loud step is no way out
        if since is None:
            return None
        text = f"G's gradient {run.recent_mean('grad_norm_g'):.2g}, at most {best:.2g} so far"
        return Symptoms(since, (Evidence("norms", text, run.recent_mean("grad_norm_g"), self.limit * best, run.last),))

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        softer = {"loss.name": "non-saturating"}
        return [
            ("R1 and the non-saturating loss", {**softer, **slower_d(config), **penalty(config)}),
            ("Slow D, and the non-saturating loss", {**softer, **slower_d(config)}),
        ]


class DiscriminatorTooStrong(FailureMode):
    """D is sure of every sample for long, and the samples do not get better."""

    id = "discriminator-too-strong"
    title = "The discriminator is too strong"
    meaning = (
        "D tells every real sample from every fake one with near certainty, and G does not catch up. "
        "A game that one side always wins teaches the other little: hold D back, or let G take more steps."
    )
    score, share, growth = 0.05, 0.05, 10.0

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        real, fake, rest_d = run["d_real"], run["d_fake"], run.loss.equilibrium[0]
        if isinstance(run.loss, CrossEntropy):
            top = 1 - run.loss.label_smoothing
            sign = (real > top - self.score) & (fake < self.score)
            hopeless = run.lasting_since(sign & (fake < 1e-3))
            limit = self.score
        elif rest_d:
            sign = run["loss_d"] < self.share * rest_d
            hopeless, limit = None, self.share * rest_d
        else:
            gap = real - fake
            early = np.abs(gap[max(1, len(gap) // 10) : max(2, len(gap) // 4)])
            limit = self.growth * max(float(np.median(early)), 0.1) if len(early) else np.inf
            sign, hopeless = gap > limit, None
        since = hopeless if hopeless is not None else run.lasting_since(sign)
        if since is None or (hopeless is None and run.is_improving()):
            return None
        text = f"D(x) {run.recent_mean('d_real'):.3g} and D(G(z)) {run.recent_mean('d_fake'):.2g}"
        return Symptoms(since, (Evidence("scores", text, run.recent_mean("d_fake"), limit, run.last),))

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        slower = slower_d(config)
        return [
            ("R1, slow D", {**slower, **penalty(config)}),
            ("Slow D, quicken G", slower),
            ("Noise on what D sees", {**slower, "instance_noise": 0.2}),
            ("Unsure labels", {**slower, "loss.label_smoothing": 0.1}),
        ]


class GeneratorTooStrong(FailureMode):
    """D takes the fakes for real, for long: its verdict means nothing."""

    id = "generator-too-strong"
    title = "The generator is too strong"
    meaning = (
        "D lets most fakes pass as real, so G is praised for whatever it makes. "
        "G learns nothing from a D that lags behind: quicken D, or let it take more steps."
    )
    probability, lead, share = 0.7, 0.2, 1.25

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        real, fake, rest_d = run["d_real"], run["d_fake"], run.loss.equilibrium[0]
        if isinstance(run.loss, CrossEntropy):
            limit = min(self.probability, run.recent_mean("d_real") + self.lead)
            sign = (fake > real) & (fake > np.minimum(self.probability, real + self.lead))
        elif rest_d:
            limit, sign = self.share * rest_d, (run["loss_d"] > self.share * rest_d) & (fake > real)
        else:
            limit, sign = 0.0, fake - real > 0.1 * (np.abs(fake) + np.abs(real))
        since = run.lasting_since(sign, forgiven=0.1)
        if since is None:
            return None
        text = f"D(G(z)) {run.recent_mean('d_fake'):.3g} above D(x) {run.recent_mean('d_real'):.3g}"
        return Symptoms(since, (Evidence("scores", text, run.recent_mean("d_fake"), float(limit), run.last),))

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        g, d = config.optimizer_g.lr, config.optimizer_d.lr
        return [
            ("Quicken D", {"optimizer_d.lr": max(2 * d, g), "g_steps": 1}),
            ("Quicken D, slow G", {"optimizer_d.lr": max(2 * d, g), "optimizer_g.lr": g / 2, "g_steps": 1}),
            ("More steps of D", {"optimizer_d.lr": max(2 * d, g), "n_critic": max(3, config.n_critic), "g_steps": 1}),
        ]


class Oscillation(FailureMode):
    """The two networks chase each other in circles (Mescheder et al., 2018): the gap of scores swings about zero."""

    id = "oscillation"
    title = "The two networks go round in circles"
    meaning = (
        "G moves to where D praises it, D turns round, and G comes back: the scores swing with a steady period. "
        "Without a brake this goes on for ever; R1 or smaller steps let the swing die out."
    )
    regular, rows = 0.35, 1024

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if run.age < 2 * MIN_STEPS:
            return None
        tail = slice(-self.rows, None)
        gap = run.history.d_real[tail] - run.history.d_fake[tail]
        gap = gap[len(gap) // 4 :] if len(run.history) < self.rows else gap  # the start is no swing
        if len(gap) < 100 or not np.isfinite(gap).all() or np.abs(gap).max() > 1e100:
            return None
        size, half = float(gap.std()), len(gap) // 2
        below = float((gap < 0).mean())
        early, late = float(gap[:half].std()), float(gap[half:].std())
        if not 0.2 < below < 0.8 or min(early, late) < self._least(run) or late < 0.6 * early:
            return None
        strength, period = find_period(gap)
        if strength < self.regular:
            return None
        since = int(run.history.step[-len(gap)])
        text = f"D(x) - D(G(z)) swings by {size * 2**0.5:.2g} about every {period} steps"
        return Symptoms(since, (Evidence("scores", text, strength, self.regular, run.last),))

    def _least(self, run: RunSignals) -> float:
        """The smallest swing that counts: a tenth of D's range, or for a critic of what its scores reach.

        A game of equals may ripple with a period, and be well: the widest ripple seen of one was 0.053 of the range.
        """
        if isinstance(run.loss, (CrossEntropy, LeastSquares)):
            return 0.1
        scores = np.concatenate((run.history.d_real[-self.rows :], run.history.d_fake[-self.rows :]))
        return 0.1 * float(np.abs(scores - np.median(scores)).mean()) + 1e-6

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        return [("R1", penalty(config, 1.0)), ("Smaller steps", smaller_steps(config))]
