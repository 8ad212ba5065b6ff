"""What can go wrong, one small class each. To add an illness, write its class and its line in ILLNESSES.

What "too strong" looks like depends on the loss: cross-entropy has probabilities, other losses with a resting value
have their share of it, critics have only the gap between their scores. No limit is in the units of one loss.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis.findings import Chart, Evidence, Finding, Remedy
from gan_core.diagnosis.reading import YOUNG, Reading
from gan_core.losses import CrossEntropy, LeastSquares
from gan_core.schema import ConfigError


@dataclass(frozen=True)
class Signs:
    """What speaks for an illness, and since when."""

    since: int
    evidence: tuple[Evidence, ...]


class Illness(ABC):
    """Something that can go wrong with a run."""

    id: ClassVar[str]
    title: ClassVar[str]
    meaning: ClassVar[str]  # two plain sentences

    @abstractmethod
    def signs(self, run: Reading) -> Signs | None:
        """What speaks for it; None if the run does not have it, or is too young to tell."""

    @abstractmethod
    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        """Labels and settings of what may help, the best first. What changes nothing is left out later."""

    def finding(self, run: Reading) -> Finding | None:
        signs = self.signs(run)
        if signs is None:
            return None
        remedies = tuple(Remedy(label, dict(values)) for label, values in self.cures(run.config))
        kept = tuple(remedy for remedy in remedies if _changes(run.config, remedy))
        return Finding(self.id, self.title, True, signs.since, signs.evidence, self.meaning, kept)


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
            ("Smaller steps and R1", {**slower, **_penalty(config)}),
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

    def signs(self, run: Reading) -> Signs | None:
        if run.last < 2 * YOUNG:
            return None
        recent = run.recent_glances()
        alike = run.shown_since(lambda glance: glance.spread < self.spread)
        if alike is not None and not self._untouched(run) and not _rising([glance.spread for glance in recent]):
            last = recent[-1]
            text = f"samples differ by {last.spread:.0%} of what real ones do"
            return Signs(alike, (Evidence("samples", text, last.spread, self.spread, last.step),))
        known = [glance for glance in run.glances if glance.covered is not None]
        if run.last < 4 * YOUNG or len(known) < 6 or known[-1].step < run.last - run.lasting:
            return None
        late = known[len(known) // 2 :]
        shares = [glance.covered or 0.0 for glance in late]
        nearest = [glance.nearest for glance in late]
        if max(shares) > self.covered or _rising(shares) or _rising([1 / max(value, 1e-6) for value in nearest]):
            return None
        text = f"{shares[-1]:.0%} of the modes are reached"
        return Signs(late[0].step, (Evidence("fit", text, shares[-1], self.covered, late[-1].step),))

    def _untouched(self, run: Reading) -> bool:
        """G still makes about what it began with, which is no collapse: it has not learnt yet."""
        if len(run.glances) < 2:
            return False
        first = max(glance.nearest for glance in run.glances[: max(1, len(run.glances) // 4)])
        return run.glances[-1].nearest > 0.75 * first

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        d, g = config.optimizer_d.lr, config.optimizer_g.lr
        even: dict[str, Any] = {"g_steps": 1}
        if d < g:
            even |= {"optimizer_d.lr": g}
        cures: list[tuple[str, Mapping[str, Any]]] = [
            ("Let D keep up", even),
            ("R1 and an even game", {**even, **_penalty(config)}),
            ("More steps of D", {**even, "n_critic": max(5, config.n_critic)}),
        ]
        if config.generator.norm == "none" and config.shape != (2,):
            cures.append(("Batch norm in G", {"generator.norm": "batch"}))
        return [*cures, ("Let D compare samples", {"discriminator.batch_layer": "minibatch-discrimination"})]


class VanishingGradient(Illness):
    """G's gradient is all but gone while D still tells real from fake (Arjovsky and Bottou, 2017, theorem 2.4)."""

    id = "vanishing-gradient"
    title = "G's gradient vanishes"
    meaning = (
        "D is so sure of the fakes that its verdict hardly changes with the sample, so G is not told where to go. "
        "G stands still however long the run goes on, most of all under the saturating loss."
    )
    limit = 0.01

    def signs(self, run: Reading) -> Signs | None:
        norms = run["grad_norm_g"]
        column = run.column("grad_norm_g")
        best = float(np.nanmax(column)) if np.isfinite(column).any() else 0.0
        if not best > 0:
            return None
        since = run.since((norms < self.limit * best) & _told_apart(run))
        if since is None:
            return None
        text = f"G's gradient {run.now('grad_norm_g'):.2g}, at most {best:.2g} so far"
        return Signs(since, (Evidence("norms", text, run.now("grad_norm_g"), self.limit * best, run.last),))

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        softer = {"loss.name": "non-saturating"}
        return [
            ("The non-saturating loss", softer),
            ("Slow D, and the non-saturating loss", {**softer, **_slower_d(config)}),
            ("R1 and the non-saturating loss", {**softer, **_slower_d(config), **_penalty(config)}),
            ("Noise on what D sees", {**softer, "instance_noise": 0.2}),
        ]


class DiscriminatorTooStrong(Illness):
    """D is sure of every sample for long, and the samples do not get better."""

    id = "discriminator-too-strong"
    title = "The discriminator is too strong"
    meaning = (
        "D tells every real sample from every fake one with near certainty, and G does not catch up. "
        "A game that one side always wins teaches the other little: hold D back, or let G take more steps."
    )
    score, share, growth = 0.05, 0.05, 10.0

    def signs(self, run: Reading) -> Signs | None:
        real, fake, rest_d = run["d_real"], run["d_fake"], run.loss.equilibrium[0]
        if isinstance(run.loss, CrossEntropy):
            top = 1 - run.loss.label_smoothing
            sign = (real > top - self.score) & (fake < self.score)
            hopeless = run.since(sign & (fake < 1e-3))
            limit = self.score
        elif rest_d:
            sign = run["loss_d"] < self.share * rest_d
            hopeless, limit = None, self.share * rest_d
        else:
            gap = real - fake
            early = np.abs(gap[max(1, len(gap) // 10) : max(2, len(gap) // 4)])
            limit = self.growth * max(float(np.median(early)), 0.1) if len(early) else np.inf
            sign, hopeless = gap > limit, None
        since = hopeless if hopeless is not None else run.since(sign)
        if since is None or (hopeless is None and run.gaining()):
            return None
        text = f"D(x) {run.now('d_real'):.3g} and D(G(z)) {run.now('d_fake'):.2g}"
        return Signs(since, (Evidence("scores", text, run.now("d_fake"), limit, run.last),))

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        slower = _slower_d(config)
        return [
            ("Slow D, quicken G", slower),
            ("R1, slow D", {**slower, **_penalty(config)}),
            ("Noise on what D sees", {**slower, "instance_noise": 0.2}),
            ("Unsure labels", {**slower, "loss.label_smoothing": 0.1}),
        ]


class GeneratorTooStrong(Illness):
    """D takes the fakes for real, for long: its verdict means nothing."""

    id = "generator-too-strong"
    title = "The generator is too strong"
    meaning = (
        "D lets most fakes pass as real, so G is praised for whatever it makes. "
        "G learns nothing from a D that lags behind: quicken D, or let it take more steps."
    )
    probability, share = 0.7, 1.25

    def signs(self, run: Reading) -> Signs | None:
        real, fake, rest_d = run["d_real"], run["d_fake"], run.loss.equilibrium[0]
        if isinstance(run.loss, CrossEntropy):
            limit, sign = self.probability, (fake > self.probability) & (fake > real)
        elif rest_d:
            limit, sign = self.share * rest_d, (run["loss_d"] > self.share * rest_d) & (fake > real)
        else:
            limit, sign = 0.0, fake - real > 0.1 * (np.abs(fake) + np.abs(real))
        since = run.since(sign, forgiven=0.1)
        if since is None:
            return None
        text = f"D(G(z)) {run.now('d_fake'):.3g} above D(x) {run.now('d_real'):.3g}"
        return Signs(since, (Evidence("scores", text, run.now("d_fake"), float(limit), run.last),))

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        g, d = config.optimizer_g.lr, config.optimizer_d.lr
        return [
            ("Quicken D", {"optimizer_d.lr": max(2 * d, g), "g_steps": 1}),
            ("Quicken D, slow G", {"optimizer_d.lr": max(2 * d, g), "optimizer_g.lr": g / 2, "g_steps": 1}),
            ("More steps of D", {"optimizer_d.lr": max(2 * d, g), "n_critic": max(3, config.n_critic), "g_steps": 1}),
        ]


class Oscillation(Illness):
    """The two networks chase each other in circles (Mescheder et al., 2018): the gap of scores swings about zero."""

    id = "oscillation"
    title = "The two networks go round in circles"
    meaning = (
        "G moves to where D praises it, D turns round, and G comes back: the scores swing with a steady period. "
        "Without a brake this goes on for ever; R1 or smaller steps let the swing die out."
    )
    regular, rows = 0.35, 1024

    def signs(self, run: Reading) -> Signs | None:
        if run.age < 2 * YOUNG:
            return None
        tail = slice(-self.rows, None)
        gap = run.history.d_real[tail] - run.history.d_fake[tail]
        gap = gap[len(gap) // 4 :] if len(run.history) < self.rows else gap  # the start is no swing
        if len(gap) < 100 or not np.isfinite(gap).all() or np.abs(gap).max() > 1e100:
            return None
        size, half = float(gap.std()), len(gap) // 2
        below = float((gap < 0).mean())
        if not 0.2 < below < 0.8 or size < self._least(run) or gap[half:].std() < 0.6 * gap[:half].std():
            return None
        strength, period = _rhythm(gap)
        if strength < self.regular:
            return None
        since = int(run.history.step[-len(gap)])
        text = f"D(x) - D(G(z)) swings by {size * 2**0.5:.2g} about every {period} steps"
        return Signs(since, (Evidence("scores", text, strength, self.regular, run.last),))

    def _least(self, run: Reading) -> float:
        """The smallest swing that counts: a twentieth of D's range, or for a critic of what its scores reach."""
        if isinstance(run.loss, (CrossEntropy, LeastSquares)):
            return 0.05
        scores = np.concatenate((run.history.d_real[-self.rows :], run.history.d_fake[-self.rows :]))
        return 0.05 * float(np.abs(scores - np.median(scores)).mean()) + 1e-6

    def cures(self, config: TrainConfig) -> list[tuple[str, Mapping[str, Any]]]:
        g, d = config.optimizer_g.lr, config.optimizer_d.lr
        return [
            ("R1", _penalty(config, 1.0)),
            ("Smaller steps", {"optimizer_g.lr": g / 10, "optimizer_d.lr": d / 10}),
            ("Let the rates fall to zero", {"lr_decay": "linear"}),
            ("Slow G", {"optimizer_g.lr": g / 10}),
        ]


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
            ("R1", _penalty(config, 1.0)),
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


# ---- what several of them read -----------------------------------------------------------------------------------


def _told_apart(run: Reading) -> np.ndarray:
    """Whether D tells real from fake well, block by block, in the terms of its loss."""
    gap, rest_d = run["d_real"] - run["d_fake"], run.loss.equilibrium[0]
    if isinstance(run.loss, CrossEntropy):
        return gap > 0.5
    if rest_d:
        return run["loss_d"] < 0.5 * rest_d
    largest = np.nanmax(np.abs(gap)) if np.isfinite(gap).any() else 0.0
    return gap > max(0.1 * largest, 1e-6)


def _rhythm(values: np.ndarray) -> tuple[float, int]:
    """How regularly values swing: the autocorrelation at their period, in [-1, 1], and that period."""
    x = values - values.mean()
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    alike = np.fft.irfft(power)[: len(x) // 2]
    alike = alike / max(alike[0], 1e-30) * (len(x) / np.arange(len(x), len(x) - len(alike), -1))
    crossed = np.flatnonzero(alike < 0)
    if not len(crossed) or crossed[0] < 3:  # noise turns within a step or two
        return 0.0, 0
    rest = alike[crossed[0] :]
    at = int(rest.argmax())
    return float(rest[at]), int(crossed[0]) + at


def _rising(values: list[float]) -> bool:
    half = len(values) // 2
    return half > 0 and float(np.mean(values[half:])) > 1.15 * float(np.mean(values[:half]))


def _slower_d(config: TrainConfig) -> dict[str, Any]:
    g, d = config.optimizer_g.lr, config.optimizer_d.lr
    return {"n_critic": 1, "optimizer_d.lr": min(d / 4, 1.0), "optimizer_g.lr": max(g, d / 2)}


def _penalty(config: TrainConfig, weight: float = 0.1) -> dict[str, Any]:
    """R1 where D has no penalty yet; where it has one, three times as much of it."""
    if config.penalty.name in ("none", "clip"):
        return {"penalty.name": "r1", "penalty.weight": weight, "penalty.every": 1}
    return {"penalty.weight": min(1000.0, 3 * config.penalty.weight)}


def _changes(config: TrainConfig, remedy: Remedy) -> bool:
    try:
        changed = config.with_values(remedy.values)
    except ConfigError:
        return False
    return bool(changed.changes_from(config))
