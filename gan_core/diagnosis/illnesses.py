"""What can go wrong, one small class each. To add an illness, write its class and its line in ILLNESSES."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.balance import DiscriminatorTooStrong, GeneratorTooStrong, Oscillation, VanishingGradient
from gan_core.diagnosis.findings import Chart, Evidence
from gan_core.diagnosis.reading import YOUNG, Reading
from gan_core.diagnosis.signs import Illness, Signs, penalty, rising
from gan_core.losses import CrossEntropy


class Divergence(Illness):
    """A loss that is no number, or curves that run away: gradients or scores a hundred times their early size."""

    id = "divergence"
    title = "The training diverges"
    meaning = (
        "The steps are so large that each one overshoots further than the last, and scores or gradients run away. "
        "It does not come back by itself: take smaller steps, or hold D back with a penalty."
    )
    limit = 100.0

    def signs(self, run: Reading) -> Signs | None:
        for name in ("loss_d", "loss_g"):
            last, before = getattr(run.history, name)[-1:], getattr(run.history, name)[:-1]
            if len(last) and not np.isfinite(last[0]) and (np.isfinite(before).any() or np.isinf(last[0])):
                text = f"{'D' if name == 'loss_d' else 'G'}'s loss is no finite number"
                return Signs(run.last, (Evidence("losses", text, float(last[0]), 0.0, run.last),))
        if len(run.history) < 20:
            return None
        gap = np.abs(run.column("d_real") - run.column("d_fake"))
        return (
            self._growth(run, run.column("grad_norm_d"), run["grad_norm_d"], 0.01, "norms", "D's gradient")
            or (
                (run.loss.equilibrium[0] or 0.0) == 0.0
                and self._growth(run, gap, np.abs(run["d_real"] - run["d_fake"]), 0.3, "scores", "D(x) - D(G(z))")
            )
            or self._leap(run)
        )

    def _growth(
        self, run: Reading, values: np.ndarray, blocks: np.ndarray, floor: float, chart: Chart, label: str
    ) -> Signs | None:
        """A figure that stays a hundred times as large as in the first steps, or as `floor`."""
        early = values[: max(5, min(50, len(values) // 4))]
        early = early[np.isfinite(early)]
        if not len(early) or run.age < YOUNG:
            return None
        limit = self.limit * max(float(np.median(early)), floor)
        since = run.since(blocks > limit)
        if since is None:
            return None
        now = float(blocks[-1])
        text = f"{label} {now:.3g}, at first {np.median(early):.2g}"
        return Signs(since, (Evidence(chart, text, now, limit, run.last),))

    def _leap(self, run: Reading) -> Signs | None:
        """D's scores leapt within a few steps to where no gradient comes back from."""
        rest_d, worst = run.loss.equilibrium[0], run.column("loss_d")
        if not isinstance(run.loss, CrossEntropy) or not rest_d or not np.isfinite(worst).any():
            return None
        step = int(np.nanargmax(worst))
        if run.age < YOUNG or worst[step] < 6 * rest_d:
            return None
        sure = run["d_real"] - run["d_fake"] > 0.98
        since = run.since(sure | ((run["loss_d"] > 3 * rest_d) & (run["d_fake"] < 0.9)), forgiven=0.2)
        if since is None:
            return None
        at = int(run.history.step[run._rows][step])
        text = f"D's loss leapt to {worst[step]:.3g}, {worst[step] / rest_d:.0f} times its resting value"
        return Signs(min(at, since), (Evidence("losses", text, float(worst[step]), 6 * rest_d, at),))

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        g, d = config.optimizer_g.lr, config.optimizer_d.lr
        slower = {"optimizer_g.lr": g / 10, "optimizer_d.lr": d / 10}
        return [
            ("Ten times smaller steps", slower),
            ("Smaller steps and R1", {**slower, **penalty(config)}),
            ("Adam", {"optimizer_g.name": "adam", "optimizer_g.lr": 2e-4, "optimizer_d.name": "adam",
                      "optimizer_d.lr": 2e-4}),
        ]  # fmt: skip


class ModeCollapse(Illness):
    """Samples that are all alike (Goodfellow, 2016, section 5.1.1), or that miss most modes of points."""

    id = "mode-collapse"
    title = "Mode collapse"
    meaning = (
        "Many latents give the same few samples: G has found something that fools D, and makes little else. "
        "D learns to refuse it, G moves on to another, and the losses alone do not show it."
    )
    spread, covered = 0.4, 0.5
    wide, patience = 0.75, 20

    def signs(self, run: Reading) -> Signs | None:
        if run.last < 2 * YOUNG:
            return None
        recent = run.recent_glances()
        alike = run.shown_since(lambda glance: glance.spread < self.spread)
        if alike is not None and not self._untouched(run) and not rising([glance.spread for glance in recent], 1.3):
            last = recent[-1]
            text = f"samples differ by {last.spread:.0%} of what real ones do"
            return Signs(alike, (Evidence("samples", text, last.spread, self.spread, last.step),))
        known = [glance for glance in run.glances if glance.covered is not None]
        if run.last < 4 * YOUNG or len(known) < 6 or known[-1].step < run.last - run.lasting:
            return None
        late = known[len(known) // 2 :]
        shares = [glance.covered or 0.0 for glance in late]
        if run.last < self.patience * YOUNG and late[-1].spread > self.wide:
            return None  # spread over the data, and still finding its modes
        nearest = [glance.nearest for glance in late]
        if max(shares) > self.covered or rising(shares) or rising([1 / max(value, 1e-6) for value in nearest]):
            return None
        text = f"{shares[-1]:.0%} of the modes are reached"
        return Signs(late[0].step, (Evidence("fit", text, shares[-1], self.covered, late[-1].step),))

    def _untouched(self, run: Reading) -> bool:
        """G still makes about what it began with, which is no collapse: it has not learnt yet."""
        if len(run.glances) < 2:
            return False
        first = max(glance.nearest for glance in run.glances[: max(1, len(run.glances) // 4)])
        return run.glances[-1].nearest > 0.8 * first

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        d, g = config.optimizer_d.lr, config.optimizer_g.lr
        even: dict[str, Any] = {"g_steps": 1}
        if d < g:
            even |= {"optimizer_d.lr": g}
        cures: list[tuple[str, Mapping[str, Any]]] = [
            ("Let D keep up", even),
            ("R1 and an even game", {**even, **penalty(config)}),
            ("More steps of D", {**even, "n_critic": max(5, config.n_critic)}),
        ]
        if config.generator.norm == "none" and config.shape != (2,):
            cures.append(("Batch norm in G", {"generator.norm": "batch"}))
        return [*cures, ("Let D compare samples", {"discriminator.batch_layer": "minibatch-discrimination"})]


class Memorisation(Illness):
    """Samples nearer to real ones than real ones are to each other: G repeats the data, or D has learnt it by heart."""

    id = "memorisation"
    title = "The examples are learnt by heart"
    meaning = (
        "The samples are copies of the few examples there are, rather than new ones. "
        "More data is best; augmentation lets D see each example in many ways, so that it cannot learn them by heart."
    )
    points, images = 0.5, 0.8  # samples of images lie further from all data than the data do, so less says more
    spread, epochs = 0.6, 10

    def signs(self, run: Reading) -> Signs | None:
        if not len(run.history) or run.history.epoch[-1] < self.epochs:
            return None
        limit = self.points if run.config.dataset.kind == "points" else self.images
        since = run.shown_since(lambda glance: glance.nearest < limit and glance.spread > self.spread)
        if since is None:
            return None
        last = run.glances[-1]
        text = f"samples lie at {last.nearest:.0%} of the distance between real neighbours"
        return Signs(since, (Evidence("samples", text, last.nearest, limit, last.step),))

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        cures: list[tuple[str, Mapping[str, Any]]] = []
        if config.shape != (2,):
            cures.append(("Augment what D sees", {"augment.translation": 0.125, "augment.cutout": 0.3}))
        return [
            *cures,
            ("All of the data", {"data.count": 0}),
            ("R1", penalty(config, 1.0)),
            ("Noise on what D sees", {"instance_noise": 0.2}),
        ]


ILLNESSES: tuple[Illness, ...] = (  # the most serious first
    Divergence(),
    ModeCollapse(),
    VanishingGradient(),
    DiscriminatorTooStrong(),
    GeneratorTooStrong(),
    Oscillation(),
    Memorisation(),
)
