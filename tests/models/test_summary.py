"""The layer table of the networks, and the measured throughput."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import pytest
import torch
from torch import nn

from gan_core import models, presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import BATCH_LAYERS, CONDITIONS, DISCRIMINATORS, GENERATORS, HEADS, PENALTIES
from gan_core.losses import penalties
from gan_core.losses.descriptions import penalty_formula
from gan_core.models.layer_names import label_of
from gan_core.models.summary import CardError, LayerRow, layers
from gan_core.training import throughput

HUGE = {"data.name": "folder", "data.size": 128, "generator.width": 512, "generator.depth": 6, "batch_size": 8192}


def config_of(**values: Any) -> TrainConfig:
    """`config_of(generator__name="mlp")`: the default config with these settings."""
    return TrainConfig().with_values({key.replace("__", "."): value for key, value in values.items()})


def assert_adds_up(config: TrainConfig) -> None:
    for rows, network in zip(layers(config), models.build_meta(config), strict=True):
        assert sum(row.parameters for row in rows) == models.count_parameters(network)


@pytest.mark.parametrize(
    "config",
    [presets.load(name) for name in ("ring8", "mlp-mnist", "dcgan-sprites")]
    + [config_of(generator__name=name) for name in GENERATORS]
    + [config_of(discriminator__name=name) for name in DISCRIMINATORS],
)
def test_layers_sum_to_the_parameters_and_end_with_a_sample_and_a_score(config: TrainConfig) -> None:
    assert_adds_up(config)
    assert [[row.shape for row in rows if row.shape][-1] for rows in layers(config)] == [config.shape, (1,)]


@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_batch_layers_and_heads_are_counted(condition: str, spectral: bool) -> None:
    config = config_of(condition__name=condition, discriminator__spectral=spectral)
    for layer, head in product(BATCH_LAYERS, HEADS):
        assert_adds_up(config.with_values({"discriminator.batch_layer": layer, "discriminator.head": head}))


def test_local_pairs_have_one_row_after_the_global_pair() -> None:
    alone, pairs = layers(config_of()), layers(config_of(local_pairs=3))
    for one, many, times in zip(alone, pairs, (3, 6), strict=True):  # each local D has a messenger of the same size
        assert many[:-1] == one
        assert many[-1] == LayerRow("3 local pairs, the same again", (), times * sum(row.parameters for row in one))


def test_the_layer_table_of_a_dcgan() -> None:
    generator, discriminator = layers(config_of())
    assert generator == [
        LayerRow("Linear 64 → 3136", (3136,), 64 * 3136),
        LayerRow("Reshape", (64, 7, 7), 0),
        LayerRow("BatchNorm", (64, 7, 7), 2 * 64),
        LayerRow("ReLU", (64, 7, 7), 0),
        LayerRow("Transposed conv 64 → 32, 4x4, stride 2", (32, 14, 14), 64 * 32 * 16),
        LayerRow("BatchNorm", (32, 14, 14), 2 * 32),
        LayerRow("ReLU", (32, 14, 14), 0),
        LayerRow("Transposed conv 32 → 1, 4x4, stride 2", (1, 28, 28), 32 * 16 + 1),
        LayerRow("Tanh", (1, 28, 28), 0),
    ]
    assert discriminator[0] == LayerRow("Conv 1 → 32, 4x4, stride 2", (32, 14, 14), 32 * 16 + 32)
    assert discriminator[1] == LayerRow("LeakyReLU 0.2", (32, 14, 14), 0)
    assert discriminator[2] == LayerRow("Conv 32 → 64, 4x4, stride 2", (64, 7, 7), 64 * 32 * 16)
    assert discriminator[3] == LayerRow("BatchNorm", (64, 7, 7), 2 * 64)
    assert discriminator[-1] == LayerRow("Linear 3136 → 1", (1,), 3137)


def test_an_unknown_layer_is_named_after_its_class_and_its_parameters() -> None:
    class ToneCurve2d(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bend_points = nn.Parameter(torch.empty(3, device="meta"))

    assert label_of(ToneCurve2d()) == "Tone curve (bend points)"
    assert label_of(nn.ZeroPad2d(1)) == "Zero pad"


def test_the_layer_table_of_a_huge_network_is_fast() -> None:
    layers(config_of())  # warm up
    began = time.monotonic()
    generator, _ = layers(TrainConfig().with_values(HUGE))
    assert time.monotonic() - began < 5
    assert sum(row.parameters for row in generator) > 2e9


def test_a_build_error_becomes_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        models, "build_meta", lambda config: (_ for _ in ()).throw(RuntimeError("sizes differ\nat 0x1"))
    )
    with pytest.raises(CardError, match=r"cannot be built as they are set: sizes differ$"):
        layers(TrainConfig())


@pytest.mark.parametrize("name", PENALTIES)
def test_the_formula_of_a_penalty_names_its_strength(name: str) -> None:
    config = TrainConfig().with_values({"penalty.name": name, "penalty.weight": 7, "penalty.clip": 0.03}).penalty
    formula = penalty_formula(penalties.get(config))
    assert formula == "" if name == "none" else ("0.03" if name == "clip" else "7") in formula


# ---- speed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        presets.load("ring8"),
        config_of(condition__name="projection", local_pairs=1, penalty__name="r1", penalty__every=4),
        config_of(batch_size=8192),
    ],
    ids=["points", "classes and pairs", "a batch too large to try"],
)
def test_throughput_is_measured_within_the_given_time(config: TrainConfig) -> None:
    reported: list[float] = []
    assert throughput.images_per_second(config, seconds=0.3, device="cpu", progress=reported.append) > 0
    assert reported[-1] == 1.0
    assert all(0 <= share <= 1 for share in reported)


def test_throughput_of_a_huge_network_is_refused() -> None:
    with pytest.raises(throughput.SpeedError, match="million parameters are too many"):
        throughput.images_per_second(TrainConfig().with_values(HUGE))


def test_same_speed_ignores_rates_and_compares_layers() -> None:
    config = TrainConfig()
    assert throughput.same_speed(
        config, config.with_values({"optimizer_g.lr": 0.1, "seed": 4, "epochs": 3, "preset": "other"})
    )
    for other in ({"generator.width": 8}, {"batch_size": 8}, {"optimizer_d.name": "sgd"}, {"data.name": "mnist"}):
        assert not throughput.same_speed(config, config.with_values(other))
