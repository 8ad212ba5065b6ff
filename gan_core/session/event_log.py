"""Logs the start, the setting changes and the failure of a run."""

from __future__ import annotations

import torch

from gan_core.config import TrainConfig
from gan_core.session.listener import Listener
from gan_core.session.snapshot import SettingChange


class EventLog(Listener):
    """Writes events to the run's folder."""

    def at_start(self) -> None:
        device, threads = str(self._trainer.device), torch.get_num_threads()
        self._disk.log_event(self._trainer.steps, "started", device=device, threads=threads)

    def on_setting_change(self, config: TrainConfig, change: str) -> None:
        self._context.setting_changes.append(SettingChange(self._trainer.steps, change))
        self._disk.log_event(self._trainer.steps, "changed", text=change)
        self._disk.enqueue(lambda run: run.write_config(config))

    def at_divergence(self, error: str) -> None:
        self._disk.log_event(self._trainer.steps, "failed", error=error)
