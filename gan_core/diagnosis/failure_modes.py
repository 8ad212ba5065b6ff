"""What can go wrong, one small class each. To add an illness, write its class and its line in FAILURE_MODES."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.balance_failures import (
    DiscriminatorTooStrong,
    GeneratorTooStrong,
    Oscillation,
    VanishingGradient,
)
from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.failure_mode import FailureMode, Symptoms, critic, penalty, rising, smaller_steps
from gan_core.diagnosis.findings import Chart, Evidence
from gan_core.losses import CrossEntropy


class Divergence(FailureMode):
    """A loss that is no number, or curves that run away: gradients or scores a hundred times their early size."""

    id = "divergence"
    title = "The training diverges"
    meaning = (
        "The steps are so large that each one overshoots further than the last, and scores or gradients run away. "
        "The weights do not come back from there: begin anew with smaller steps, or with a penalty that holds D back."
    )
    destroys_weights = True
    limit = 100.0

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        for name in ("loss_d", "loss_g"):
            last, before = getattr(run.history, name)[-1:], getattr(run.history, name)[:-1]
            if len(last) and not np.isfinite(last[0]) and (np.isfinite(before).any() or np.isinf(last[0])):
                text = f"{'D' if name == 'loss_d' else 'G'}'s loss is no finite number"
                return Symptoms(run.last, (Evidence("losses", text, float(last[0]), 0.0, run.last),))
        if len(run.history) < 20:
            return None
        gap = np.abs(run.column("d_real") - run.column("d_fake"))
        return (
            self._growth(run, run.column("grad_norm_d"), run["grad_norm_d"], 0.01, "norms", "D's gradient")
            or (
                (run.loss.equilibrium[0] or 0.0) == 0.0
                and self._growth(run, gap, np.abs(run["d_real"] - run["d_fake"]), 0.3, "scores", "D(x) - D(G(z))")
            )
            or self._loss_jump(run)
        )

    def _growth(
        self, run: RunSignals, values: np.ndarray, blocks: np.ndarray, floor: float, chart: Chart, label: str
    ) -> Symptoms | None:
        """A figure that stays a hundred times as large as the first steps reach, or as `floor`.

        What they reach, not their middle: a D that wins at once has next to no gradient from its tenth step on.
        """
        early = values[: max(5, min(50, len(values) // 4))]
        early = early[np.isfinite(early)]
        if not len(early) or run.age < MIN_STEPS:
            return None
        first = float(np.quantile(early, 0.95))
        limit = self.limit * max(first, floor)
        since = run.lasting_since(blocks > limit)
        if since is None:
            return None
        now = float(blocks[-1])
        text = f"{label} {now:.3g}, at first {first:.2g}"
        return Symptoms(since, (Evidence(chart, text, now, limit, run.last),))

    def _loss_jump(self, run: RunSignals) -> Symptoms | None:
        """D's scores leapt within a few steps to where no gradient comes back from."""
        rest_d, worst = run.loss.equilibrium[0], run.column("loss_d")
        if not isinstance(run.loss, CrossEntropy) or not rest_d or not np.isfinite(worst).any():
            return None
        step = int(np.nanargmax(worst))
        if run.age < MIN_STEPS or worst[step] < 6 * rest_d:
            return None
        sure = run["d_real"] - run["d_fake"] > 0.98
        since = run.lasting_since(sure | ((run["loss_d"] > 3 * rest_d) & (run["d_fake"] < 0.9)), forgiven=0.2)
        if since is None:
            return None
        at = int(run.history.step[run._rows][step])
        text = f"D's loss leapt to {worst[step]:.3g}, {worst[step] / rest_d:.0f} times its resting value"
        return Symptoms(min(at, since), (Evidence("losses", text, float(worst[step]), 6 * rest_d, at),))

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        gentle = {
            "optimizer_g.name": "adam",
            "optimizer_g.lr": 2e-4,
            "optimizer_d.name": "adam",
            "optimizer_d.lr": 2e-4,
        }
        return [
            ("Smaller steps and R1", {**smaller_steps(config), **penalty(config)}),
            ("Smaller steps", smaller_steps(config)),
            ("Adam", gentle),
        ]


class ModeCollapse(FailureMode):
    """Samples that are all alike (Goodfellow, 2016, section 5.1.1), or that miss most modes of points."""

    id = "mode-collapse"
    title = "Mode collapse"
    meaning = (
        "Many latents give the same few samples: G has found something that fools D, and makes little else. "
        "D learns to refuse it, G moves on to another, and the losses alone do not show it."
    )
    spread, covered = 0.4, 0.5
    same, lost = 0.1, 0.5  # a spread of next to nothing, and the share of the first one that it has kept at most
    wide, patience = 0.75, 20

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if run.last < 2 * MIN_STEPS:
            return None
        recent = run.recent_stats()
        alike = run.stats_since(lambda stats: stats.spread < self.spread)
        if alike is not None and not self._is_untrained(run) and not rising([stats.spread for stats in recent], 1.3):
            last = recent[-1]
            text = f"samples differ by {last.spread:.0%} of what real ones do"
            return Symptoms(alike, (Evidence("samples", text, last.spread, self.spread, last.step),))
        known = [stats for stats in run.sample_stats if stats.covered is not None]
        if run.last < 4 * MIN_STEPS or len(known) < 6 or known[-1].step < run.last - run.lasting:
            return None
        late = known[len(known) // 2 :]
        shares = [stats.covered or 0.0 for stats in late]
        if run.last < self.patience * MIN_STEPS and late[-1].spread > self.wide:
            return None  # spread over the data, and still finding its modes
        nearest = [stats.nearest for stats in late]
        if max(shares) > self.covered or rising(shares) or rising([1 / max(value, 1e-6) for value in nearest]):
            return None
        text = f"{shares[-1]:.0%} of the modes are reached"
        return Symptoms(late[0].step, (Evidence("fit", text, shares[-1], self.covered, late[-1].step),))

    def _is_untrained(self, run: RunSignals) -> bool:
        """G still makes about what it began with, which is no collapse: it has not learnt yet.

        Not so where samples have become alike that once were not: a G that has not learnt keeps its variety.
        """
        if len(run.sample_stats) < 2:
            return False
        first, recent = run.sample_stats[: max(1, len(run.sample_stats) // 4)], run.recent_stats()
        limit = min(self.same, self.lost * max(stats.spread for stats in first))
        if recent and all(sample_stats.spread < limit for sample_stats in recent):
            return False
        return run.sample_stats[-1].nearest > 0.8 * max(stats.nearest for stats in first)

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        d, g = config.optimizer_d.lr, config.optimizer_g.lr
        even: dict[str, Any] = {"g_steps": 1}
        if d < g:
            even |= {"optimizer_d.lr": g}
        remedies: list[tuple[str, Mapping[str, Any]]] = [
            ("A critic with a gradient penalty", {**even, **critic(config)})
        ]
        if config.loss.name != "least-squares":  # whose collapse stayed, under both, when it was measured
            remedies = [
                ("Let D keep up", even),
                ("R1 and an even game", {**even, **penalty(config)}),
                ("More steps of D", {**even, "n_critic": max(5, config.n_critic)}),
                *remedies,
            ]
        if config.generator.norm == "none" and config.shape != (2,):
            remedies.append(("Batch norm in G", {"generator.norm": "batch"}))
        return remedies


class Memorisation(FailureMode):
    """G repeats the examples, or D knows them from others of their kind: it has learnt them by heart."""

    id = "memorisation"
    title = "The examples are learnt by heart"
    meaning = (
        "D tells the examples that it trains on from others, or the samples are copies of them: nothing new is made. "
        "More data is best; augmentation lets D see each example in many ways, so that it cannot learn them by heart."
    )
    ratio = (
        0.4  # of new ones it is near 1 for images, 0.7 for points in the plane; Yoon et al. (2023): below 1/3 a copy
    )
    overfit = 0.5
    epochs = 10

    def symptoms(self, run: RunSignals) -> Symptoms | None:
        if not len(run.history) or run.history.epoch[-1] < self.epochs:
            return None
        symptoms = [sign for sign in (self._copies(run), self._overfits(run)) if sign is not None]
        return (
            Symptoms(min(s.since for s in symptoms), tuple(e for s in symptoms for e in s.evidence))
            if symptoms
            else None
        )

    def _copies(self, run: RunSignals) -> Symptoms | None:
        """Samples stand much nearer to one real example than to any other."""
        since = run.stats_since(lambda stats: stats.ratio < self.ratio)
        if since is None:
            return None
        last = run.sample_stats[-1]
        text = f"samples lie at {last.ratio:.0%} of the distance to the second nearest example"
        return Symptoms(since, (Evidence("samples", text, last.ratio, self.ratio, last.step),))

    def _overfits(self, run: RunSignals) -> Symptoms | None:
        """D scores real examples that it has not seen like fakes."""
        since = run.stats_since(lambda stats: (stats.overfit or 0.0) > self.overfit)
        if since is None:
            return None
        last = run.sample_stats[-1]
        share = last.overfit or 0.0
        text = f"D's score of unseen real examples has gone {share:.0%} of the way to that of fakes"
        return Symptoms(since, (Evidence("scores", text, share, self.overfit, last.step),))

    def remedies(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        all_data = ("All of the data", {"data.count": 0})
        if config.dataset.kind == "points":
            return [all_data]
        return [
            ("Augment what D sees", {"augment.translation": 0.25, "augment.cutout": 0.5, "augment.color": 1.0}),
            all_data,
        ]


FAILURE_MODES: tuple[FailureMode, ...] = (  # the most serious first
    Divergence(),
    ModeCollapse(),
    VanishingGradient(),
    DiscriminatorTooStrong(),
    GeneratorTooStrong(),
    Oscillation(),
    Memorisation(),
)
