"""A comparison is one validated value, and its runs differ only in the named settings."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gan_core import compare, models, presets
from gan_core.compare import Axis, Comparison, Variant
from gan_core.compare.plan import Job
from gan_core.config import ConfigError
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS

RATES = Axis.of("optimizer_d.lr", [1e-4, 1e-3])


def plan(**fields: Any) -> Comparison:
    return compare.comparison(**{"base": POINTS, "axes": [RATES], "seeds": [0, 1], "steps": 60, **fields})


def of_seed(comparison: Comparison, seed: int) -> list[Job]:
    return [job for job in comparison.jobs() if job.seed == seed]


def test_every_optimiser_starts_with_the_same_weights_bit_for_bit() -> None:
    first, *others = (models.build(job.config) for job in of_seed(compare.get("optimizers"), 1))
    for networks in others:
        for one, other in zip(first, networks, strict=True):
            for name, weights in one.state_dict().items():
                assert torch.equal(weights, other.state_dict()[name]), name


def test_seeds_have_different_initial_weights() -> None:
    zero, one = (models.build(job.config)[0] for job in plan().jobs() if job.variant.id == "0.001")
    assert any(not torch.equal(a, b) for a, b in zip(zero.parameters(), one.parameters(), strict=True))


def test_a_wider_discriminator_does_not_change_the_generators_weights() -> None:
    wide = plan(axes=[Axis.of("discriminator.hidden", [[16], [64, 64]])])
    one, other = (models.build(job.config)[0] for job in of_seed(wide, 0))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def first_draws(job: Job, steps: int = 20) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The real batches and the latents of a job's first steps, across the end of an epoch."""
    trainer = Trainer(job.config, "cpu")
    reals, latents = [], []
    batch, draw = trainer.batches.next, trainer.latents

    def next_batch() -> Any:
        reals.append(batch())
        return reals[-1]

    def draw_latents(n: int, rng: torch.Generator) -> torch.Tensor:
        latents.append(draw(n, rng))
        return latents[-1]

    trainer.batches.next, trainer.latents = next_batch, draw_latents  # type: ignore[method-assign]
    for _ in range(steps):
        trainer.step()
    return [real for real, _ in reals], latents


@pytest.mark.parametrize(
    "axis",
    [
        Axis.of_optimizers(["sgd", "adam", "adadelta"]),
        Axis.of("loss.name", ["non-saturating", "saturating", "hinge"]),
        Axis.of("discriminator.hidden", [[16], [64, 64]]),
    ],
    ids=lambda axis: axis.title,
)
def test_runs_of_a_seed_see_the_same_data_in_the_same_order_and_the_same_noise(axis: Axis) -> None:
    first, *others = map(first_draws, of_seed(plan(axes=[axis]), 0))
    assert len(first[0]) == 20
    for other in others:
        for ours, theirs in zip(first, other, strict=True):
            assert len(ours) == len(theirs)
            assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_only_the_settings_of_the_axes_differ() -> None:
    for name in compare.names():
        ready = compare.get(name)
        for job in ready.jobs():
            allowed = {"seed", "max_steps", *ready.differences(job.variant)}
            changed = set(job.config.changes_from(ready.base))
            assert {key for key in changed if not key.startswith("record.")} <= allowed, name
    optimizers = compare.get("optimizers")
    for variant in optimizers.variants:
        assert set(optimizers.differences(variant)) <= {
            f"optimizer_{role}.{field}" for role in "gd" for field in ("name", "lr")
        }


def test_all_runs_are_sampled_and_evaluated_at_the_same_steps() -> None:
    for name in compare.names():
        records = {job.config.record for job in compare.get(name).jobs()}
        assert len(records) == 1
        assert records.pop().judge_every > 0


def test_the_comparisons_of_the_sources_are_ready_made() -> None:
    assert compare.names() == ["latent-dims", "optimizers", "depth", "gan-dcgan-wgan", "saturating", "precision"]
    assert [v.values["latent.dim"] for v in compare.get("latent-dims").variants] == [10, 100, 200]
    assert {v.id for v in compare.get("optimizers").variants} == {"adadelta", "adagrad", "adam", "rmsprop", "sgd"}
    for name in compare.names():
        ready = compare.get(name)
        assert ready.source
        assert ready.claim
        assert ready.claims
        assert len(ready.seeds) >= 3
        assert Comparison.from_json(ready.to_json()) == ready


def test_a_family_comes_from_its_preset_without_its_data() -> None:
    gan, dcgan, wgan = (job.config for job in of_seed(compare.get("gan-dcgan-wgan"), 0))
    assert gan.generator.name == "mlp"
    assert dcgan.generator.name == wgan.generator.name == "dcgan"
    assert (wgan.loss.name, wgan.penalty.name, wgan.n_critic) == ("wasserstein", "clip", 5)
    assert {config.data.name for config in (gan, dcgan, wgan)} == {"mnist-5k"}


def test_two_axes_give_every_pair() -> None:
    both = plan(axes=[RATES, Axis.of("latent.dim", [2, 8], "z")])
    assert [variant.id for variant in both.variants] == ["0.0001+2", "0.0001+8", "0.001+2", "0.001+8"]
    assert both.variants[1].title == "lr 0.0001, z 8"
    assert len(both.jobs()) == 8
    assert both.jobs()[1].config.latent.dim == 8


def test_any_setting_can_be_an_axis_and_its_values_can_be_text() -> None:
    typed = plan(axes=[Axis.of("batch_size", ["16", "32"]), Axis.of("ema_decay", [0, 0.9])])
    assert [job.config.batch_size for job in of_seed(typed, 0)] == [16, 16, 32, 32]


def test_another_seed_or_variant_does_not_change_the_existing_runs() -> None:
    before = plan()
    more = before.with_fields(seeds=(0, 1, 2)).with_variant(
        Variant(id="fast", title="fast", values={"optimizer_d.lr": 0.01})
    )
    assert {job.key for job in before.jobs()} < {job.key for job in more.jobs()}
    kept = {job.key: job.config for job in more.jobs()}
    assert all(kept[job.key] == job.config for job in before.jobs())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"axes": [Axis.of("optimizer_d.lr", [1e-4, 1e-3]).model_dump() | {"variants": []}]}, "at least 2"),
        ({"seeds": [0, 0]}, "each seed may be listed only once"),
        ({"seeds": []}, "at least 1"),
        ({"steps": 10, "seconds": 5}, "either a number of steps or a number of seconds"),
        ({"reference": "nobody"}, 'no variant "nobody"'),
        ({"seeds": list(range(300))}, "too many"),
        ({"unknown": 1}, "unknown"),
        ({"claims": [{"says": "It is fun.", "measure": "fun"}]}, '"fun" is not a known measure'),
        ({"base": {"batch_size": 1}}, "base.batch_size"),
    ],
)
def test_an_invalid_plan_gives_one_clear_sentence(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        plan(**fields)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("optimizer_d.rate", [1, 2], '"optimizer_d.rate" is not a setting'),
        ("optimizer_d.lr", [1e-3, -1], "-1 is not allowed"),
        ("optimizer_d.lr", [1e-3, "0.001"], "two variants have the id"),
        ("data.name", ["ring8", "moons"], "trains on other data"),
        ("generator.name", ["mlp", "dcgan"], "does not work on points"),
    ],
)
def test_an_invalid_axis_says_why(key: str, values: list[Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(axes=[Axis.of(key, values)])


def test_two_variants_cannot_be_the_same_experiment() -> None:
    same = [Variant(id=name, title=name, values={"latent.dim": 2}) for name in ("one", "two")]
    with pytest.raises(ConfigError, match='"one" and "two" are the same experiment'):
        plan(axes=[{"title": "z", "variants": same}])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"axes": 3}', "nonsense"])
def test_a_file_that_is_not_a_comparison_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        Comparison.from_json(text)


def test_an_outline_counts_runs_workers_and_memory() -> None:
    estimate = compare.outline(compare.get("optimizers"), workers=2, device="cpu")
    assert (estimate.runs, estimate.workers, estimate.seconds) == (15, 2, None)
    assert 0.5e9 < estimate.memory < 8e9
    assert compare.outline(plan(seeds=[0]), workers=64, device="cpu").workers == 2  # at most one per run


def test_comparisons_are_not_presets() -> None:
    assert "comparisons" not in presets.names()


def test_a_claim_in_an_old_file_may_name_a_measure_by_its_old_id() -> None:
    claims = [{"says": "", "measure": old} for old in ("wobble", "tells", "settled")]
    new = [claim.measure for claim in plan(claims=claims).claims]
    assert new == ["loss_noise", "loss_quality_correlation", "converged_at"]
