"""Logs the start, the setting changes and the failure of a run."""

from __future__ import annotations

import torch

from gan_core.config import TrainConfig
from gan_core.runs import CURVE_EVENTS, Run
from gan_core.session.disk_writer import RetryingDiskWriter
from gan_core.session.listener import Listener
from gan_core.session.snapshot import SettingChange
from gan_core.training.trainer import Trainer


def saved_setting_changes(run: Run) -> list[SettingChange]:
    """The setting changes in the events of a run, oldest first."""
    return [SettingChange(event["step"], event["text"]) for event in run.events() if event["kind"] in CURVE_EVENTS]


class EventLog(Listener):
    """Writes events to the run's folder, and keeps the setting changes for the snapshot."""

    def __init__(self, trainer: Trainer, disk: RetryingDiskWriter) -> None:
        self._trainer, self._disk = trainer, disk
        self.setting_changes = saved_setting_changes(disk.run) if disk.run is not None else []

    def at_start(self) -> None:
        device, threads = str(self._trainer.device), torch.get_num_threads()
        self._disk.log_event(self._trainer.steps, "started", device=device, threads=threads)

    def on_setting_change(self, config: TrainConfig, change: str) -> None:
        self.setting_changes.append(SettingChange(self._trainer.steps, change))
        self._disk.log_event(self._trainer.steps, "changed", text=change)
        self._disk.enqueue(lambda run: run.write_config(config))

    def at_divergence(self, error: str) -> None:
        self._disk.log_event(self._trainer.steps, "failed", error=error)
