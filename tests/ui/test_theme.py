"""One role, one colour: the theme file of Streamlit and the palettes of the components agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from ui import theme

tomllib = pytest.importorskip("tomllib", reason="in the standard library from Python 3.11 on")
CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))


@pytest.mark.parametrize(("name", "palette"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_streamlits_colour_names_stand_for_the_roles(name: str, palette: theme.Palette) -> None:
    options: dict[str, Any] = CONFIG["theme"][name]
    assert options["orangeColor"] == palette.generator
    assert options["blueColor"] == palette.discriminator
    assert options["greenColor"] == palette.real
    assert options["yellowColor"] == palette.warning
    assert options["grayColor"] == palette.other
    roles = [palette.generator, palette.discriminator, palette.real, palette.warning, palette.other]
    assert options["chartCategoricalColors"] == roles


def test_the_server_listens_to_this_machine_only_and_tells_nobody() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert set(CONFIG["server"]["allowedHosts"]) == {"localhost", "127.0.0.1"}
    assert CONFIG["server"]["enableXsrfProtection"] is CONFIG["server"]["enableCORS"] is True
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_the_scale_of_scores_runs_from_a_role_to_a_role() -> None:
    assert set(theme.SCORE_SCALE) <= set(vars(theme.LIGHT))
    assert st.get_option("server.enableStaticServing")
