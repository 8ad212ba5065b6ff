"""Parts of the Compare page that need no page: the axes of a new comparison, and the description of a run."""

from __future__ import annotations

from typing import cast

import pytest

from gan_core import compare
from gan_core.compare import Axis, Study, TrialStatus
from gan_core.compare.study import Command, JobStatus
from gan_core.config import SETTINGS
from tests.support.small import POINTS
from ui.compare import axes, progress

PLAN = compare.comparison(base=POINTS, axes=[Axis.of("optimizer_d.lr", [1e-4, 1e-3])], steps=20)


def test_every_setting_that_the_base_reads_can_be_an_axis() -> None:
    choices = axes.choices(POINTS)
    assert ("optimizer_g.lr", "optimizer_d.lr") in choices
    assert ("latent.dim",) in choices
    assert ("discriminator.dropout",) in choices
    assert not [keys for keys in choices for key in keys if key in ("seed", "max_steps", "data.name")]
    assert len(set(choices.values())) == len(choices)
    for keys in choices:
        setting = SETTINGS[keys[0]]
        typed = axes.example(setting, POINTS)
        assert POINTS.value(keys[0]) in axes.read(setting, typed, POINTS) or setting.kind == "list"


class RunningStudy:
    """A study that is running and whose runs got the command `command`."""

    is_running = True
    comparison = PLAN

    def __init__(self, command: Command) -> None:
        self.command = command

    def command_for(self, key: str) -> Command:
        return self.command


@pytest.mark.parametrize(
    ("status", "command", "description", "offers"),
    [
        ("running", "run", "step 9", "stop"),
        ("running", "stop", "stopping at step 9", ""),
        ("running", "pause", "pausing at step 9", ""),
        ("paused", "run", "waiting at step 9", "stop"),
        ("stopped", "run", "waiting at step 9", "stop"),
        ("interrupted", "run", "waiting at step 9", "stop"),
        ("paused", "pause", "paused at step 9", "resume"),
        ("stopped", "stop", "stopped at step 9", "resume"),
    ],
)
def test_a_run_shows_its_last_command_at_once(
    status: JobStatus, command: Command, description: str, offers: str
) -> None:
    run = progress._run(cast(Study, RunningStudy(command)), 0, TrialStatus("a", status, step=9))
    assert (run.progress, run.offers) == (description, offers)
