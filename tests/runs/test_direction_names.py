"""The names that a user gives to directions, kept in a run's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gan_core.runs import direction_names


def test_a_direction_keeps_its_name_after_a_small_rotation(tmp_path: Path) -> None:
    basis = torch.eye(4)
    direction_names.set_name(tmp_path, "pca", basis[1], "slant")
    turned = torch.nn.functional.normalize(basis + 0.1, dim=1)
    assert direction_names.names_of(tmp_path, "pca", turned) == ["", "slant", "", ""]
    assert direction_names.names_of(tmp_path, "pca", -basis)[1] == "slant"
    assert direction_names.names_of(tmp_path, "sefa", basis) == [""] * 4
    direction_names.set_name(tmp_path, "pca", basis[1], "lean")
    assert direction_names.names_of(tmp_path, "pca", basis) == ["", "lean", "", ""]
    direction_names.set_name(tmp_path, "pca", basis[1], "")
    assert json.loads((tmp_path / "directions.json").read_text()) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": 1}]', '[{"name": "a", "kind": "pca", "vector": ["x"]}]'])
def test_unreadable_names_count_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "directions.json").write_text(text)
    assert direction_names.names_of(tmp_path, "pca", torch.eye(2)) == ["", ""]
