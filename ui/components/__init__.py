"""Components that Streamlit lacks: charts and pictures that update without flicker, sliders, lists, a drawing pad."""

from ui.components.copy_link import copy_link
from ui.components.draw_pad import draw_pad
from ui.components.live_chart import live_chart
from ui.components.run_lanes import Lane, Run, run_lanes
from ui.components.run_list import Fold, Row, run_list
from ui.components.sample_grid import sample_grid
from ui.components.scrubber import scrubber

__all__ = [
    "Fold",
    "Lane",
    "Row",
    "Run",
    "copy_link",
    "draw_pad",
    "live_chart",
    "run_lanes",
    "run_list",
    "sample_grid",
    "scrubber",
]
