"""The diagnosis names each failure mode, names none in a healthy run, and never raises an error."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core import presets
from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.catalog import LOSSES
from gan_core.diagnosis import Finding, HealthMonitor, SampleStats, diagnose
from gan_core.diagnosis.failure_modes import FAILURE_MODES
from gan_core.metrics.evaluations import Evaluation, Evaluations
from gan_core.metrics.registry import MetricValue, Provenance
from gan_core.training.history import COLUMNS, History
from tests.support.small import DIGITS, POINTS

CROSS_ENTROPY = ("non-saturating", "saturating")


def history(n: int = 1000, **columns: object) -> History:
    """A history of n steps: a balanced run with noise, except for the given columns."""
    noise = np.random.Generator(np.random.PCG64(0)).normal(size=(len(COLUMNS), n))
    level = {"loss_d": 1.386, "loss_g": 0.693, "d_real": 0.51, "d_fake": 0.49, "grad_norm_d": 1.0, "grad_norm_g": 0.5}
    table = {name: level.get(name, 0.0) * (1 + 0.05 * noise[i]) for i, name in enumerate(COLUMNS)}
    table |= {"step": np.arange(1.0, n + 1), "epoch": np.arange(n) / 20, "seconds": np.arange(n) / 100}
    return History(**{name: np.broadcast_to(np.asarray(columns.get(name, table[name]), float), n) for name in COLUMNS})


def sample_stats(
    n: int = 1000, spread: object = 1.0, nearest: object = 1.2, **others: object
) -> tuple[SampleStats, ...]:
    """Thirty sample statistics; each argument is one value for all, or thirty values."""
    columns = {"spread": spread, "nearest": nearest, **others}
    each = {name: np.broadcast_to(np.asarray(value, float), 30).tolist() for name, value in columns.items()}
    steps = np.linspace(n / 30, n, 30).astype(int).tolist()
    return tuple(SampleStats(step, **{name: each[name][i] for name in each}) for i, step in enumerate(steps))


def config(loss: str = "non-saturating", base: TrainConfig = POINTS) -> TrainConfig:
    return base.with_values({"loss.name": loss})


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.id for finding in findings]


ramp = np.linspace(1, 0, 1000)

# ---- each failure mode, from synthetic curves ------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_alike_samples_are_a_mode_collapse_under_every_loss(loss: str) -> None:
    near = np.r_[np.full(5, 3.0), np.full(25, 1.0)]
    shown = sample_stats(spread=np.r_[np.full(10, 0.9), np.full(20, 0.1)], nearest=near)
    finding = diagnose(config(loss), history(), shown)[0]
    assert finding.id == "mode-collapse"
    assert 300 <= finding.since <= 400
    assert finding.evidence[0].chart == "samples"


def test_missing_modes_are_a_mode_collapse() -> None:
    assert ids(diagnose(config(), history(), sample_stats(spread=0.7, covered=0.25))) == ["mode-collapse"]
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(covered=0.25))), "still young"
    assert ids(diagnose(config(), history(5000), sample_stats(5000, covered=0.25))) == ["mode-collapse"]
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(covered=0.875)))


def test_an_untrained_generator_is_no_mode_collapse() -> None:
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(spread=0.1, nearest=2.6)))


def test_lost_variety_is_a_mode_collapse_even_far_from_the_data() -> None:
    lost = np.r_[np.full(5, 0.13), np.full(25, 0.03)]
    assert "mode-collapse" in ids(diagnose(config(), history(), sample_stats(spread=lost, nearest=2.1)))
    kept = np.r_[np.full(5, 0.31), np.full(25, 0.3)]
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(spread=kept, nearest=2.6)))


@pytest.mark.parametrize("loss", CROSS_ENTROPY)
def test_a_certain_discriminator_is_too_strong(loss: str) -> None:
    sure = np.where(np.arange(1000) < 400, 0.5, 0.001)
    run = history(d_real=1 - sure, d_fake=sure, loss_d=np.where(sure < 0.1, 0.002, 1.386))
    finding = diagnose(config(loss), run, sample_stats(spread=0.7))[0]
    assert finding.id == "discriminator-too-strong"
    assert 380 <= finding.since <= 440


@pytest.mark.parametrize("loss", ["least-squares", "hinge"])
def test_a_loss_far_below_its_equilibrium_is_a_discriminator_too_strong(loss: str) -> None:
    run = history(d_real=1.2, d_fake=-1.2, loss_d=0.004)
    assert ids(diagnose(config(loss), run, sample_stats(spread=0.7))) == ["discriminator-too-strong"]


@pytest.mark.parametrize("loss", ["wasserstein", "loss-sensitive"])
def test_a_gap_that_grows_tenfold_is_a_critic_too_strong(loss: str) -> None:
    gap = np.geomspace(0.5, 40, 1000)
    run = history(d_real=gap, d_fake=0.0, loss_d=-gap)
    assert "discriminator-too-strong" in ids(diagnose(config(loss), run, sample_stats(spread=0.7)))


def test_a_certain_discriminator_is_no_failure_while_samples_improve() -> None:
    run = history(d_real=0.97, d_fake=0.03, loss_d=0.06)
    growing = sample_stats(nearest=np.geomspace(3, 1.2, 30), js=np.geomspace(0.9, 0.1, 30))
    assert ids(diagnose(config(), run, growing)) == ["improving"]


def test_a_gradient_near_0_while_d_wins_has_vanished() -> None:
    run = history(d_real=0.9999, d_fake=1e-4, loss_d=2e-4, grad_norm_g=np.geomspace(1, 1e-6, 1000))
    found = diagnose(config("saturating"), run, sample_stats(spread=0.7))
    assert found[0].id == "vanishing-gradient"
    assert all(remedy.values["loss.name"] == "non-saturating" for remedy in found[0].remedies)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_gradient_near_0_at_equilibrium_has_not_vanished(loss: str) -> None:
    run = history(grad_norm_g=np.geomspace(1, 1e-6, 1000), d_real=0.5, d_fake=0.5)
    assert "vanishing-gradient" not in ids(diagnose(config(loss), run, sample_stats()))


@pytest.mark.parametrize("loss", CROSS_ENTROPY)
def test_fakes_with_real_scores_are_a_generator_too_strong(loss: str) -> None:
    run = history(d_fake=0.9, d_real=0.5, loss_d=2.9, loss_g=0.1)
    assert "generator-too-strong" in ids(diagnose(config(loss), run, sample_stats(spread=0.7)))


@pytest.mark.parametrize("loss", LOSSES)
def test_an_undamped_periodic_gap_is_an_oscillation(loss: str) -> None:
    swing = np.sin(np.arange(1000) / 12)
    run = history(d_real=0.5 + 0.2 * swing, d_fake=0.5 - 0.2 * swing)
    found = diagnose(config(loss), run, sample_stats())
    assert "oscillation" in ids(found)
    fading = swing * np.exp(-np.arange(1000) / 120)
    calm = history(d_real=0.5 + 0.2 * fading, d_fake=0.5 - 0.2 * fading)
    assert "oscillation" not in ids(diagnose(config(loss), calm, sample_stats()))


@pytest.mark.parametrize("loss", [*CROSS_ENTROPY, "least-squares"])
def test_a_small_periodic_gap_is_no_oscillation(loss: str) -> None:
    """As in the preset "moons" on seed 203, which kept improving."""
    ripple = np.sin(np.arange(1000) / 3)
    run = history(d_real=0.5 + 0.04 * ripple, d_fake=0.5 - 0.04 * ripple)
    assert 0.05 < float(np.std(run.d_real - run.d_fake)) < 0.06
    assert "oscillation" not in ids(diagnose(config(loss), run, sample_stats()))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("column", ["loss_d", "loss_g"])
def test_a_loss_that_is_not_finite_is_a_divergence_at_any_age(loss: str, column: str) -> None:
    values = np.r_[np.full(9, 0.5), math.nan]
    found = diagnose(config(loss), history(10, **{column: values}), ())
    assert ids(found) == ["divergence"]


@pytest.mark.parametrize("loss", LOSSES)
def test_exploding_gradients_are_a_divergence(loss: str) -> None:
    assert "divergence" in ids(diagnose(config(loss), history(grad_norm_d=np.geomspace(1, 1e6, 1000)), ()))


def test_gradients_that_recover_after_an_early_win_are_no_divergence() -> None:
    norms = np.r_[np.full(10, 5.0), np.full(490, 0.05), np.full(500, 25.0)]
    assert "divergence" not in ids(diagnose(config(), history(grad_norm_d=norms), ()))


@pytest.mark.parametrize("base", [POINTS, DIGITS], ids=["points", "digits"])
def test_samples_close_to_one_example_each_are_memorisation(base: TrainConfig) -> None:
    (finding,) = diagnose(config(base=base), history(), sample_stats(ratio=0.2))
    assert finding.id == "memorisation"
    assert finding.evidence[0].chart == "samples"
    assert "memorisation" not in ids(diagnose(config(base=base), history(epoch=2.0), sample_stats(ratio=0.2))), (
        "too early"
    )


def test_a_discriminator_that_scores_unseen_examples_like_fakes_is_memorisation() -> None:
    (finding,) = diagnose(config(base=DIGITS), history(), sample_stats(overfit=np.linspace(0, 1, 30)))
    assert (finding.id, finding.evidence[0].chart) == ("memorisation", "scores")
    assert finding.since > 500
    assert "memorisation" not in ids(diagnose(config(base=DIGITS), history(), sample_stats(overfit=0.2)))


# ---- healthy runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_a_balanced_run_is_healthy(loss: str) -> None:
    assert ids(diagnose(config(loss), history(), sample_stats(js=0.01))) == ["converged"]
    assert ids(diagnose(config(loss), history(), sample_stats(js=np.geomspace(0.9, 0.05, 30)))) == ["improving"]


def evaluations(*distances: float, coverage: float, extractor: str = "a classifier") -> Evaluations:
    """Evaluations at equal intervals in a run of 4,000 steps; real images have a coverage of 0.95."""
    on = Provenance(5000, "5000 training images", extractor)
    rows = [
        Evaluation(
            step, step / 20, step / 100, 64 * step,
            (MetricValue("frechet", distance, 0, 0, 1.9, on), MetricValue("coverage", coverage, 0, 0, 0.95, on)),
        )
        for step, distance in zip(np.linspace(400, 4000, len(distances)).astype(int).tolist(), distances, strict=True)
    ]  # fmt: skip
    return Evaluations(tuple(rows))


def test_only_good_samples_are_called_converged() -> None:
    rest = (40.0,) * 10
    run, shown = history(4000), sample_stats(4000)
    good, bad = (diagnose(config(base=DIGITS), run, shown, evaluations(*rest, coverage=c)) for c in (0.5, 0.1))
    assert ids(good) == ["converged"]
    assert good[0].evidence[0].chart == "quality"
    assert ids(bad) == ["stalled"]
    assert ids(diagnose(config(), run, sample_stats(4000, js=0.4))) == ["stalled"]
    assert diagnose(config(), history(), sample_stats(js=0.4)) == (), "too early to call it stalled"


def test_improving_quality_is_named_first() -> None:
    growing = evaluations(*np.geomspace(400, 30, 10).tolist(), coverage=0.5)
    assert ids(diagnose(config(base=DIGITS), history(4000), sample_stats(4000), growing)) == ["improving"]


def test_distances_in_other_features_are_not_compared() -> None:
    earlier = evaluations(*[400.0] * 10, coverage=0.1, extractor="another classifier").rows[:7]
    later = evaluations(*[40.0] * 10, coverage=0.1).rows[7:]
    mixed = Evaluations((*earlier, *later))
    assert diagnose(config(base=DIGITS), history(4000), sample_stats(4000), mixed) == ()


def test_images_without_evaluations_are_not_called_converged() -> None:
    assert diagnose(config(base=DIGITS), history(), sample_stats()) == ()
    nearer = sample_stats(nearest=np.geomspace(5, 1.2, 30))
    assert ids(diagnose(config(base=DIGITS), history(), nearer)) == ["improving"]


@pytest.mark.parametrize("n", [0, 1, 2, 19, 100])
def test_a_young_run_has_no_finding(n: int) -> None:
    run = history(n, d_real=0.999, d_fake=0.001, loss_d=0.002)
    assert diagnose(config(), run, sample_stats(max(n, 30), spread=0.05)) == ()


def test_a_network_before_its_first_step_is_no_divergence() -> None:
    assert diagnose(config(), history(300, loss_g=math.nan, grad_norm_g=math.nan), ()) == ()


# ---- robustness ------------------------------------------------------------------------------------------------------

VALUES = st.one_of(st.floats(width=64), st.sampled_from([0.0, 1.0, 1e300, -1e300, math.nan, math.inf]))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from(list(LOSSES)), st.integers(0, 400))
def test_any_history_is_diagnosed_without_an_error(data: st.DataObject, loss: str, n: int) -> None:
    columns: dict[str, object] = {}
    for name in COLUMNS[4:]:
        few = data.draw(st.lists(VALUES, min_size=1, max_size=6))
        columns[name] = np.resize(np.array(few), n) if data.draw(st.booleans()) else few[0]
    shown = tuple(
        SampleStats(10 * i, *data.draw(st.tuples(VALUES, VALUES)), data.draw(st.sampled_from([None, 0.0, 0.5, 1.0])))
        for i in range(data.draw(st.integers(0, 12)))
    )
    found = diagnose(config(loss), history(n, **columns), shown)
    assert all(finding.title and finding.evidence for finding in found)


@pytest.mark.parametrize("base", [POINTS, DIGITS, presets.load("wgan-mnist")], ids=["points", "digits", "critic"])
def test_every_remedy_is_a_valid_change_of_settings(base: TrainConfig) -> None:
    for mode in FAILURE_MODES:
        for _, values, _ in mode.remedies(base):
            base.with_values(values)
            assert set(values) <= set(SETTINGS)
        assert mode.meaning.count(".") + mode.meaning.count(":") >= 2


def test_a_long_history_is_fast() -> None:
    run, shown = history(100_000), sample_stats(100_000)
    diagnose(config(), run, shown)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        diagnose(config(), run, shown)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.003  # 1 ms on an idle machine


# ---- the monitor -----------------------------------------------------------------------------------------------------


def test_a_finding_appears_after_two_steps_and_disappears_after_a_while() -> None:
    monitor = HealthMonitor()
    failing, healthy = sample_stats(ratio=0.2), sample_stats()
    assert monitor.update(config(), history(1000), failing) == ()
    assert monitor.update(config(), history(1000), failing) == (), "the same step counts once"
    assert ids(monitor.update(config(), history(1010), failing)) == ["memorisation"]
    assert ids(monitor.update(config(), history(1020), healthy)) == ["memorisation"]
    assert ids(monitor.update(config(), history(1030), failing)) == ["memorisation"]
    assert "memorisation" not in ids(monitor.update(config(), history(1200), healthy))
