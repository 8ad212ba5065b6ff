"""The diagnosis names what curves and samples show, accuses no sound run, and never falls over."""

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
    """A history of n steps: a game of equals with a little noise, but for the columns given."""
    noise = np.random.Generator(np.random.PCG64(0)).normal(size=(len(COLUMNS), n))
    level = {"loss_d": 1.386, "loss_g": 0.693, "d_real": 0.51, "d_fake": 0.49, "grad_norm_d": 1.0, "grad_norm_g": 0.5}
    table = {name: level.get(name, 0.0) * (1 + 0.05 * noise[i]) for i, name in enumerate(COLUMNS)}
    table |= {"step": np.arange(1.0, n + 1), "epoch": np.arange(n) / 20, "seconds": np.arange(n) / 100}
    return History(**{name: np.broadcast_to(np.asarray(columns.get(name, table[name]), float), n) for name in COLUMNS})


def sample_stats(
    n: int = 1000, spread: object = 1.0, nearest: object = 1.2, **others: object
) -> tuple[SampleStats, ...]:
    """Thirty sample_stats; each figure is one number for all, or thirty."""
    columns = {"spread": spread, "nearest": nearest, **others}
    each = {name: np.broadcast_to(np.asarray(value, float), 30).tolist() for name, value in columns.items()}
    steps = np.linspace(n / 30, n, 30).astype(int).tolist()
    return tuple(SampleStats(step, **{name: each[name][i] for name in each}) for i, step in enumerate(steps))


def config(loss: str = "non-saturating", base: TrainConfig = POINTS) -> TrainConfig:
    return base.with_values({"loss.name": loss})


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.id for finding in findings]


ramp = np.linspace(1, 0, 1000)

# ---- each illness, from curves made by hand --------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_samples_that_are_all_alike_are_a_collapse_under_every_loss(loss: str) -> None:
    near = np.r_[np.full(5, 3.0), np.full(25, 1.0)]
    shown = sample_stats(spread=np.r_[np.full(10, 0.9), np.full(20, 0.1)], nearest=near)
    finding = diagnose(config(loss), history(), shown)[0]
    assert finding.id == "mode-collapse"
    assert 300 <= finding.since <= 400
    assert finding.evidence[0].chart == "samples"


def test_modes_that_stay_unreached_are_a_collapse() -> None:
    assert ids(diagnose(config(), history(), sample_stats(spread=0.7, covered=0.25))) == ["mode-collapse"]
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(covered=0.25))), "still young"
    assert ids(diagnose(config(), history(5000), sample_stats(5000, covered=0.25))) == ["mode-collapse"]
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(covered=0.875)))


def test_a_fog_that_was_never_anything_else_is_no_collapse() -> None:
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(spread=0.1, nearest=2.6)))


def test_samples_that_lost_the_variety_they_began_with_are_a_collapse_though_never_near_the_data() -> None:
    lost = np.r_[np.full(5, 0.13), np.full(25, 0.03)]
    assert "mode-collapse" in ids(diagnose(config(), history(), sample_stats(spread=lost, nearest=2.1)))
    kept = np.r_[np.full(5, 0.31), np.full(25, 0.3)]
    assert "mode-collapse" not in ids(diagnose(config(), history(), sample_stats(spread=kept, nearest=2.6)))


@pytest.mark.parametrize("loss", CROSS_ENTROPY)
def test_a_sure_discriminator_is_too_strong(loss: str) -> None:
    sure = np.where(np.arange(1000) < 400, 0.5, 0.001)
    run = history(d_real=1 - sure, d_fake=sure, loss_d=np.where(sure < 0.1, 0.002, 1.386))
    finding = diagnose(config(loss), run, sample_stats(spread=0.7))[0]
    assert finding.id == "discriminator-too-strong"
    assert 380 <= finding.since <= 440


@pytest.mark.parametrize("loss", ["least-squares", "hinge"])
def test_a_loss_far_below_its_rest_is_a_discriminator_too_strong(loss: str) -> None:
    run = history(d_real=1.2, d_fake=-1.2, loss_d=0.004)
    assert ids(diagnose(config(loss), run, sample_stats(spread=0.7))) == ["discriminator-too-strong"]


@pytest.mark.parametrize("loss", ["wasserstein", "loss-sensitive"])
def test_a_gap_that_grows_tenfold_is_a_critic_too_strong(loss: str) -> None:
    gap = np.geomspace(0.5, 40, 1000)
    run = history(d_real=gap, d_fake=0.0, loss_d=-gap)
    assert "discriminator-too-strong" in ids(diagnose(config(loss), run, sample_stats(spread=0.7)))


def test_certainty_while_samples_still_improve_is_no_illness() -> None:
    run = history(d_real=0.97, d_fake=0.03, loss_d=0.06)
    growing = sample_stats(nearest=np.geomspace(3, 1.2, 30), js=np.geomspace(0.9, 0.1, 30))
    assert ids(diagnose(config(), run, growing)) == ["improving"]


def test_a_gradient_that_dies_while_d_wins_has_vanished() -> None:
    run = history(d_real=0.9999, d_fake=1e-4, loss_d=2e-4, grad_norm_g=np.geomspace(1, 1e-6, 1000))
    found = diagnose(config("saturating"), run, sample_stats(spread=0.7))
    assert found[0].id == "vanishing-gradient"
    assert all(remedy.values["loss.name"] == "non-saturating" for remedy in found[0].remedies)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_gradient_that_fades_at_rest_has_not_vanished(loss: str) -> None:
    run = history(grad_norm_g=np.geomspace(1, 1e-6, 1000), d_real=0.5, d_fake=0.5)
    assert "vanishing-gradient" not in ids(diagnose(config(loss), run, sample_stats()))


@pytest.mark.parametrize("loss", CROSS_ENTROPY)
def test_fakes_that_pass_as_real_are_a_generator_too_strong(loss: str) -> None:
    run = history(d_fake=0.9, d_real=0.5, loss_d=2.9, loss_g=0.1)
    assert "generator-too-strong" in ids(diagnose(config(loss), run, sample_stats(spread=0.7)))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_steady_swing_is_an_oscillation(loss: str) -> None:
    swing = np.sin(np.arange(1000) / 12)
    run = history(d_real=0.5 + 0.2 * swing, d_fake=0.5 - 0.2 * swing)
    found = diagnose(config(loss), run, sample_stats())
    assert "oscillation" in ids(found)
    fading = swing * np.exp(-np.arange(1000) / 120)
    calm = history(d_real=0.5 + 0.2 * fading, d_fake=0.5 - 0.2 * fading)
    assert "oscillation" not in ids(diagnose(config(loss), calm, sample_stats()))


@pytest.mark.parametrize("loss", [*CROSS_ENTROPY, "least-squares"])
def test_a_ripple_is_no_oscillation_however_regular(loss: str) -> None:
    """As of the preset "moons" on the seed 203, which got better all the while."""
    ripple = np.sin(np.arange(1000) / 3)
    run = history(d_real=0.5 + 0.04 * ripple, d_fake=0.5 - 0.04 * ripple)
    assert 0.05 < float(np.std(run.d_real - run.d_fake)) < 0.06
    assert "oscillation" not in ids(diagnose(config(loss), run, sample_stats()))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("column", ["loss_d", "loss_g"])
def test_a_loss_that_is_no_number_is_a_divergence_at_any_age(loss: str, column: str) -> None:
    values = np.r_[np.full(9, 0.5), math.nan]
    found = diagnose(config(loss), history(10, **{column: values}), ())
    assert ids(found) == ["divergence"]


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_that_explode_are_a_divergence(loss: str) -> None:
    assert "divergence" in ids(diagnose(config(loss), history(grad_norm_d=np.geomspace(1, 1e6, 1000)), ()))


def test_a_discriminator_that_wakes_from_an_early_win_does_not_diverge() -> None:
    norms = np.r_[np.full(10, 5.0), np.full(490, 0.05), np.full(500, 25.0)]
    assert "divergence" not in ids(diagnose(config(), history(grad_norm_d=norms), ()))


@pytest.mark.parametrize("base", [POINTS, DIGITS], ids=["points", "digits"])
def test_samples_that_lie_by_one_example_each_are_memorisation(base: TrainConfig) -> None:
    (finding,) = diagnose(config(base=base), history(), sample_stats(ratio=0.2))
    assert finding.id == "memorisation"
    assert finding.evidence[0].chart == "samples"
    assert "memorisation" not in ids(diagnose(config(base=base), history(epoch=2.0), sample_stats(ratio=0.2))), (
        "too early"
    )


def test_a_discriminator_that_takes_unseen_examples_for_fakes_has_learnt_the_others_by_heart() -> None:
    (finding,) = diagnose(config(base=DIGITS), history(), sample_stats(overfit=np.linspace(0, 1, 30)))
    assert (finding.id, finding.evidence[0].chart) == ("memorisation", "scores")
    assert finding.since > 500
    assert "memorisation" not in ids(diagnose(config(base=DIGITS), history(), sample_stats(overfit=0.2)))


# ---- a run that is well ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_a_game_of_equals_is_fine(loss: str) -> None:
    assert ids(diagnose(config(loss), history(), sample_stats(js=0.01))) == ["converged"]
    assert ids(diagnose(config(loss), history(), sample_stats(js=np.geomspace(0.9, 0.05, 30)))) == ["improving"]


def judged(*distances: float, coverage: float) -> Evaluations:
    """Judgements evenly through a run of 4,000 steps; real images have a coverage of 0.95."""
    basis = Provenance(5000, "5000 training images", "a classifier")
    rows = [
        Evaluation(
            step, step / 20, step / 100, 64 * step,
            (MetricValue("frechet", distance, 0, 0, 1.9, basis), MetricValue("coverage", coverage, 0, 0, 0.95, basis)),
        )
        for step, distance in zip(np.linspace(400, 4000, len(distances)).astype(int).tolist(), distances, strict=True)
    ]  # fmt: skip
    return Evaluations(tuple(rows))


def test_only_good_samples_are_called_converged() -> None:
    rest = (40.0,) * 10
    run, shown = history(4000), sample_stats(4000)
    good, bad = (diagnose(config(base=DIGITS), run, shown, judged(*rest, coverage=c)) for c in (0.5, 0.1))
    assert ids(good) == ["converged"]
    assert good[0].evidence[0].chart == "quality"
    assert ids(bad) == ["stalled"]
    assert ids(diagnose(config(), run, sample_stats(4000, js=0.4))) == ["stalled"]
    assert diagnose(config(), history(), sample_stats(js=0.4)) == (), "it may still be finding its way"


def test_quality_that_still_grows_is_told_before_anything_else() -> None:
    growing = judged(*np.geomspace(400, 30, 10).tolist(), coverage=0.5)
    assert ids(diagnose(config(base=DIGITS), history(4000), sample_stats(4000), growing)) == ["improving"]


def test_pictures_that_nobody_has_judged_are_not_called_converged() -> None:
    assert diagnose(config(base=DIGITS), history(), sample_stats()) == ()
    nearer = sample_stats(nearest=np.geomspace(5, 1.2, 30))
    assert ids(diagnose(config(base=DIGITS), history(), nearer)) == ["improving"]


@pytest.mark.parametrize("n", [0, 1, 2, 19, 100])
def test_a_young_run_is_left_alone(n: int) -> None:
    run = history(n, d_real=0.999, d_fake=0.001, loss_d=0.002)
    assert diagnose(config(), run, sample_stats(max(n, 30), spread=0.05)) == ()


def test_a_network_that_has_not_moved_yet_is_no_divergence() -> None:
    assert diagnose(config(), history(300, loss_g=math.nan, grad_norm_g=math.nan), ()) == ()


# ---- whatever comes --------------------------------------------------------------------------------------------------

VALUES = st.one_of(st.floats(width=64), st.sampled_from([0.0, 1.0, 1e300, -1e300, math.nan, math.inf]))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from(list(LOSSES)), st.integers(0, 400))
def test_nothing_makes_it_fall_over(data: st.DataObject, loss: str, n: int) -> None:
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
    for illness in FAILURE_MODES:
        for _, values in illness.remedies(base):
            base.with_values(values)
            assert set(values) <= set(SETTINGS)
        assert illness.meaning.count(".") + illness.meaning.count(":") >= 2


def test_a_long_history_takes_under_a_millisecond_or_so() -> None:
    run, shown = history(100_000), sample_stats(100_000)
    diagnose(config(), run, shown)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        diagnose(config(), run, shown)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.003  # a millisecond alone, more beside other work


# ---- steadiness ------------------------------------------------------------------------------------------------------


def test_a_finding_comes_when_seen_twice_and_goes_when_long_unseen() -> None:
    watch = HealthMonitor()
    sick, well = sample_stats(ratio=0.2), sample_stats()
    assert watch.update(config(), history(1000), sick) == ()
    assert watch.update(config(), history(1000), sick) == (), "a second look at the same step says nothing new"
    assert ids(watch.update(config(), history(1010), sick)) == ["memorisation"]
    assert ids(watch.update(config(), history(1020), well)) == ["memorisation"]
    assert ids(watch.update(config(), history(1030), sick)) == ["memorisation"]
    assert "memorisation" not in ids(watch.update(config(), history(1200), well))
