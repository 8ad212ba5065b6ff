"""Streamlit's theme file and the palettes of the components agree on the colour of each role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ui import theme

tomllib = pytest.importorskip("tomllib", reason="in the standard library from Python 3.11 on")
CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))


@pytest.mark.parametrize(("name", "palette"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_the_colours_of_the_theme_file_are_those_of_the_roles(name: str, palette: theme.Palette) -> None:
    options: dict[str, Any] = CONFIG["theme"][name]
    assert options["orangeColor"] == palette.generator
    assert options["blueColor"] == palette.discriminator
    assert options["greenColor"] == palette.real
    assert options["yellowColor"] == palette.warning
    assert options["grayColor"] == palette.other
    roles = [palette.generator, palette.discriminator, palette.real, palette.warning, palette.other]
    assert options["chartCategoricalColors"] == roles


def test_the_server_listens_only_on_this_machine_and_sends_no_statistics() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert set(CONFIG["server"]["allowedHosts"]) == {"localhost", "127.0.0.1"}
    assert CONFIG["server"]["enableXsrfProtection"] is CONFIG["server"]["enableCORS"] is True
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_the_score_scale_consists_of_roles() -> None:
    assert set(theme.SCORE_SCALE) <= set(vars(theme.LIGHT))
