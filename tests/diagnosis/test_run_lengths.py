"""The diagnosis names the same findings for the same signals, however long the run and however seldom it logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gan_core.diagnosis import SampleStats, diagnose
from gan_core.diagnosis.sample_stats import SampleStatsLog
from gan_core.training.history import COLUMNS, History
from tests.diagnosis.test_diagnosis import config, ids
from tests.support.small import DIGITS

LENGTHS = (1000, 10_000, 30_000, 100_000)
BALANCED = {"loss_d": 1.386, "loss_g": 0.693, "d_real": 0.51, "d_fake": 0.49, "grad_norm_d": 1.0, "grad_norm_g": 0.5}
Signals = Callable[[np.ndarray], dict[str, Any]]


def curves(length: int, signals: Signals, every: int = 1, noise: float = 0.05) -> History:
    """The history of a run: noise around the signals, which are functions of the step."""
    steps = np.arange(every, length + 1, every, dtype=float)
    normal = np.random.Generator(np.random.PCG64(0)).normal(size=(len(COLUMNS), len(steps)))
    clock = {"step": steps, "epoch": 50 + steps, "seconds": steps, "images": steps}
    values = {**BALANCED, **signals(steps)}
    return History(**clock, **{name: values[name] * (1 + noise * normal[i]) for i, name in enumerate(BALANCED)})


def shown(length: int, signals: Signals) -> tuple[SampleStats, ...]:
    """The sample statistics of a run, measured at every tenth step."""
    steps = np.arange(10, length + 1, 10)
    columns = {"spread": 0.95, "nearest": 1.2, "js": None, **signals(steps)}
    each = {name: np.broadcast_to(value, len(steps)) for name, value in columns.items()}
    log = SampleStatsLog()
    for i, step in enumerate(steps.tolist()):
        log.add(SampleStats(step, **{name: each[name][i] for name in each}))
    return log.view()


def from_step(start: int, before: float, after: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda steps: np.where(steps < start, before, after)


def nothing(steps: np.ndarray) -> dict[str, Any]:
    return {}


def certain(steps: np.ndarray) -> dict[str, Any]:
    fake = from_step(400, 0.4, 0.001)(steps)
    return {"d_real": 1 - fake, "d_fake": fake, "loss_d": np.where(fake < 0.1, 0.002, 1.3)}


def swing(steps: np.ndarray) -> np.ndarray:
    return np.sin(steps / 12)


FAILURES: dict[str, tuple[str, Signals, Signals]] = {
    # id of the finding: loss, curves, sample statistics
    "discriminator-too-strong": ("non-saturating", certain, nothing),
    "discriminator-too-strong (least squares)": (
        "least-squares", lambda s: {"d_real": 1.2, "d_fake": -1.2, "loss_d": from_step(300, 0.5, 0.004)(s)}, nothing,
    ),
    "discriminator-too-strong (critic)": (
        "wasserstein", lambda s: {"d_real": from_step(400, 0.5, 20)(s), "d_fake": 0.0}, nothing,
    ),
    "vanishing-gradient": (
        "saturating", lambda s: certain(s) | {"grad_norm_g": from_step(400, 0.5, 1e-5)(s)}, nothing,
    ),
    "vanishing-gradient (after a peak)": (
        "saturating", lambda s: certain(s) | {"grad_norm_g": np.where(s == 7, 0.5, 1e-4)}, nothing,
    ),
    "generator-too-strong": ("non-saturating", lambda s: {"d_fake": from_step(300, 0.5, 0.9)(s)}, nothing),
    "oscillation": (
        "non-saturating", lambda s: {"d_real": 0.5 + 0.2 * swing(s), "d_fake": 0.5 - 0.2 * swing(s)}, nothing,
    ),
    "divergence (gradient)": (
        "non-saturating", lambda s: {"grad_norm_d": np.geomspace(1, 1e4, 600)[np.minimum(s, 600).astype(int) - 1]},
        nothing,
    ),
    "divergence (jump)": (
        "non-saturating", lambda s: certain(s) | {"loss_d": np.where(s == 351, 40.0, 0.002)}, nothing,
    ),
    "divergence (critic)": ("wasserstein", lambda s: {"d_real": from_step(500, 0.5, 900)(s)}, nothing),
    "mode-collapse": (
        "non-saturating", nothing,
        lambda s: {"spread": from_step(300, 0.9, 0.1)(s), "nearest": from_step(150, 3.0, 1.0)(s)},
    ),
    "mode-collapse (missing modes)": (
        "non-saturating", nothing, lambda s: {"spread": 0.7, "covered": 0.25},
    ),
    "memorisation": ("non-saturating", nothing, lambda s: {"ratio": from_step(500, 0.9, 0.2)(s)}),
    "memorisation (overfit)": ("non-saturating", nothing, lambda s: {"overfit": from_step(500, 0.0, 0.9)(s)}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_lasting_failure_is_named_at_every_length(name: str) -> None:
    loss, signals, stats = FAILURES[name]
    found = {n: diagnose(config(loss), curves(n, signals), shown(n, stats)) for n in LENGTHS}
    named = {n: set(ids(findings)) for n, findings in found.items()}
    assert name.split(" ")[0] in named[LENGTHS[0]]
    assert all(named[n] == named[LENGTHS[0]] for n in LENGTHS), named
    for findings in found.values():
        assert all(np.isfinite(part.value) for finding in findings for part in finding.evidence)


STRETCHED: dict[str, tuple[str, Callable[[np.ndarray], dict[str, Any]]]] = {
    # curves over the share of the run that is done
    "vanishing-gradient": ("saturating", lambda t: {"d_real": 0.999, "d_fake": 1e-3, "grad_norm_g": 10 ** (-6 * t)}),
    "discriminator-too-strong": ("wasserstein", lambda t: {"d_real": 0.5 * 80**t, "d_fake": 0.0}),
    "divergence": ("hinge", lambda t: {"grad_norm_d": 10 ** (6 * t)}),
    "generator-too-strong": ("non-saturating", lambda t: {"d_fake": 0.5 + 0.4 * np.minimum(1, 3 * t)}),
}


@pytest.mark.parametrize("name", STRETCHED)
def test_a_slow_failure_is_named_at_every_length(name: str) -> None:
    loss, signals = STRETCHED[name]
    for n in LENGTHS:
        run = curves(n, lambda steps, n=n: signals(steps / n))  # type: ignore[misc]
        assert name in ids(diagnose(config(loss), run, shown(n, nothing))), n


HEALTHY: dict[str, tuple[str, Signals, Callable[[np.ndarray], dict[str, Any]]]] = {
    "converged": ("non-saturating", nothing, lambda t: {"js": 0.01}),
    "improving": ("non-saturating", nothing, lambda t: {"js": 0.9 - 0.8 * t}),
    "certain, but improving": (
        "non-saturating", lambda s: {"d_real": 0.97, "d_fake": 0.03, "loss_d": 0.06},
        lambda t: {"nearest": 3 * 0.4**t, "js": 0.9 * 0.1**t},
    ),
    "steady critic": ("wasserstein", lambda s: {"d_real": 0.6, "d_fake": 0.1}, lambda t: {"js": 0.01}),
    "early gradients": ("hinge", lambda s: {"grad_norm_d": 1 + 50 * np.exp(-s / 50)}, lambda t: {"js": 0.01}),
    "small ripple": (
        "non-saturating", lambda s: {"d_real": 0.5 + 0.04 * swing(4 * s), "d_fake": 0.5 - 0.04 * swing(4 * s)},
        lambda t: {"js": 0.01},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_is_accused_of_nothing_at_any_length(name: str) -> None:
    loss, signals, stats = HEALTHY[name]
    named = []
    for n in LENGTHS:
        findings = diagnose(config(loss), curves(n, signals), shown(n, lambda steps, n=n: stats(steps / n)))  # type: ignore[misc]
        assert not [finding.id for finding in findings if finding.bad], n
        named.append(ids(findings))
    assert all(each == named[0] for each in named), named


@pytest.mark.parametrize("every", [1, 10, 100, 1000])
def test_a_failure_is_named_however_seldom_the_run_logs(every: int) -> None:
    run = curves(100_000, certain, every, noise=0.01)
    assert ids(diagnose(config(base=DIGITS), run, shown(100_000, nothing))) == ["discriminator-too-strong"]
