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
    assert direction_names.names_of([tmp_path], "pca", turned) == ["", "slant", "", ""]
    assert direction_names.names_of([tmp_path], "pca", -basis)[1] == "slant"
    assert direction_names.names_of([tmp_path], "sefa", basis) == [""] * 4
    direction_names.set_name(tmp_path, "pca", basis[1], "lean")
    assert direction_names.names_of([tmp_path], "pca", basis) == ["", "lean", "", ""]
    direction_names.set_name(tmp_path, "pca", basis[1], "")
    assert json.loads((tmp_path / "directions.json").read_text()) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": 1}]', '[{"name": "a", "kind": "pca", "vector": ["x"]}]'])
def test_unreadable_names_count_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "directions.json").write_text(text)
    assert direction_names.names_of([tmp_path], "pca", torch.eye(2)) == ["", ""]


def test_a_measured_direction_comes_from_the_file_and_cannot_lose_its_name(tmp_path: Path) -> None:
    assert direction_names.attribute_directions(tmp_path, 4) is None
    direction_names.set_name(tmp_path, "attributes", torch.eye(4)[2], "glasses")
    direction_names.set_name(tmp_path, "pca", torch.eye(4)[0], "slant")
    direction_names.set_name(tmp_path, "attributes", torch.eye(4)[2], "")
    found = direction_names.attribute_directions(tmp_path, 4)
    assert found is not None
    assert torch.equal(found, torch.eye(4)[[2]])
    assert direction_names.names_of([tmp_path], "attributes", found) == ["glasses"]
    assert direction_names.attribute_directions(tmp_path, 5) is None  # of another generator


def test_the_name_in_a_later_folder_wins(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    for folder in (shipped, own):
        folder.mkdir()
    direction_names.set_name(shipped, "pca", torch.eye(3)[0], "slant")
    direction_names.set_name(own, "pca", torch.eye(3)[2], "width")
    assert direction_names.names_of([shipped, own], "pca", torch.eye(3)) == ["slant", "", "width"]
    direction_names.set_name(own, "pca", torch.eye(3)[0], "lean")
    assert direction_names.names_of([shipped, own], "pca", torch.eye(3)) == ["lean", "", "width"]
