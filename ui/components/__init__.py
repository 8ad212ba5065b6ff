"""The parts of the screen that Streamlit lacks: charts and pictures that move without flicker, and a pad to draw on."""

from ui.components.draw_pad import draw_pad
from ui.components.live_chart import live_chart
from ui.components.run_list import Row, run_list
from ui.components.sample_grid import sample_grid
from ui.components.scrubber import scrubber

__all__ = ["Row", "draw_pad", "live_chart", "run_list", "sample_grid", "scrubber"]
