"""A config with a setting that no longer exists loads, and says once that the setting is ignored."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core import compare, presets
from gan_core.config import TrainConfig, retired
from gan_core.runs import RunStore, pack, unpack
from gan_core.training.trainer import Trainer

CONFIG = presets.load("gaussian-2d").with_values({"seed": 3})
OLD_JSON = json.dumps({**json.loads(CONFIG.to_json()), "compile": True})


@pytest.fixture(autouse=True)
def not_warned_yet() -> Iterator[None]:
    retired._warn.cache_clear()
    yield
    retired._warn.cache_clear()


def test_every_form_of_an_old_config_loads_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert TrainConfig.from_json(OLD_JSON) == CONFIG
    assert TrainConfig.from_query({**CONFIG.to_query(), "compile": "true"}) == CONFIG
    assert CONFIG.with_values({"compile": False}) == CONFIG
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith('The setting "compile" is ignored: it no longer exists')


def test_a_config_without_retired_settings_gives_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    TrainConfig.from_json(CONFIG.to_json())
    assert not caplog.records
    assert retired.note_on(CONFIG.to_query()) == ""


def test_a_preset_file_with_a_retired_setting_loads(tmp_path: Path) -> None:
    fields = {"title": "Old", "source": "s.", "reported": "", "look_for": "l.", "minutes": 1}
    file = tmp_path / "old.json"
    file.write_text(
        json.dumps({"group": "Mine", "presets": {"old": {**fields, "settings": {"seed": 5, "compile": True}}}})
    )
    assert presets.read(file) == ["old"]
    assert presets.load("old") == TrainConfig().with_values({"preset": "old", "seed": 5})
    presets._presets().entries.pop("old")
    presets._raw().pop("old")


@pytest.mark.parametrize("value", [True, False])
def test_a_saved_run_with_a_retired_setting_is_listed_imported_and_resumed(tmp_path: Path, value: bool) -> None:
    store = RunStore(tmp_path / "runs")
    run = store.create(CONFIG)
    trainer = Trainer(CONFIG, "cpu")
    trainer.step()
    run.save(trainer, keep=3)
    old = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps({**old, "compile": value}))
    assert [summary.config for summary in store.list()] == [CONFIG]
    with pack(store.open(run.id)) as packed:
        imported = unpack(packed, RunStore(tmp_path / "other"))
    assert imported.config == CONFIG
    resumed = imported.trainer("cpu")
    assert resumed.steps == 1
    assert resumed.step().values.tolist() == trainer.step().values.tolist()


def test_a_saved_comparison_with_a_retired_setting_opens() -> None:
    [report] = compare.measured("precision")
    assert "compile" in report["comparison"]["base"]
    plan = compare.Comparison.from_json(json.dumps(report["comparison"]))
    assert plan.base.precision == "bfloat16"
