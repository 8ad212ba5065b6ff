"""docs/threats.md names at least one existing test for each threat."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.conftest import ROOT

LINES = [line for line in (ROOT / "docs" / "threats.md").read_text("utf-8").splitlines() if line.startswith("| ")]
THREATS = [line for line in LINES if not line.startswith("| threat")]


@cache
def defined_tests(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("line", THREATS, ids=lambda line: line.split("|")[1].strip()[:50])
def test_every_threat_has_its_test(line: str) -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", line)
    assert named
    for file, test in named:
        assert test in defined_tests(file)
