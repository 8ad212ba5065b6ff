"""What goes on around the steps of a run: obeying, recording, showing, saving, ending."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import psutil
import torch

from gan_core.config import TrainConfig
from gan_core.diagnosis import Finding, Watch
from gan_core.diagnosis.sample_stats import SampleStatsLog
from gan_core.metrics.point_quality import Fit
from gan_core.runs import MARKED, Run
from gan_core.session.commands import CommandQueue
from gan_core.session.disk_writer import RetryingDiskWriter
from gan_core.session.evaluator import Evaluator
from gan_core.session.observer import Observer
from gan_core.session.recorder import DivergedError, Recorder, lost_network
from gan_core.session.snapshot import SampleView, SettingChange, Status
from gan_core.session.tensorboard import EventFiles
from gan_core.session.throttle import Throttle
from gan_core.session.training_slots import TrainingSlots, place_in_line
from gan_core.system.devices import describe_device
from gan_core.training.history import COLUMNS
from gan_core.training.trainer import Trainer, Which

INTERVAL = 0.4  # seconds between snapshots
LOOKING, JUDGING = 0.015, 0.01  # shares of training time that samples, and the judgement of points, may take


class Loop:
    """Steps a trainer as its orders say.

    Args:
        trainer: stands where the run begins or goes on.
        run: the run's folder; None keeps nothing.
        orders: what is asked of it.
        publish: takes the fields of `Snapshot` that have changed.
        turns: where it stands in line with other sessions; None where it is alone.
        max_steps, max_seconds: train for so many steps or seconds from here, in place of the config's length.
    """

    def __init__(
        self,
        trainer: Trainer,
        run: Run | None,
        orders: CommandQueue,
        publish: Callable[..., None],
        turns: TrainingSlots | None = None,
        max_steps: int | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.trainer, self.run, self.orders, self.publish, self.turns = trainer, run, orders, publish, turns
        self.keeper = RetryingDiskWriter(run, orders, publish)
        past = run.table() if run is not None else np.empty((0, len(COLUMNS)))
        seconds = float(past[-1, COLUMNS.index("seconds")]) if len(past) else 0.0
        record = trainer.config.record
        events = EventFiles(run, trainer.config, trainer.steps) if run is not None and record.tensorboard else None
        self.recorder = Recorder(run, record.log_every, seconds, events)
        self.recorder.log.extend(past)
        self.observer = Observer(trainer)
        self.evaluator = Evaluator(trainer, run, publish)
        happened = run.events() if run is not None else []
        self.setting_changes = [
            SettingChange(event["step"], event["text"]) for event in happened if event["kind"] in MARKED
        ]
        self.frames = run.frames() if run is not None else []
        self.limited = max_steps is not None or max_seconds is not None
        self.last_step = trainer.steps + (math.inf if max_steps is None else max_steps)
        self.last_second = self.recorder.seconds + (math.inf if max_seconds is None else max_seconds)
        self.saved_at = trainer.steps if len(past) else -1
        self.named = {event.get("id") for event in happened if event["kind"] == "named"}
        self.health: tuple[Finding, ...] = ()
        self.watch, self.sample_stats = Watch(), SampleStatsLog(run.sample_stats() if run is not None else ())
        self.fitted_at = -1  # the step of the last fit
        self.sample_view = Throttle(self._look, LOOKING)
        self.fit = Throttle(self._fit, JUDGING)
        self.judge_at = self.recorder.seconds + self._between_judgements
        self.show_at = 0.0
        self.clock = 0.0  # when the time spent training was last counted
        self.resting = True

    def go(self) -> None:
        """Train until the run is over, an order or a limit ends it, or a loss is no number."""
        self.keeper.log(self.trainer.steps, "started", device=str(self.trainer.device), threads=torch.get_num_threads())
        self._keep_frame()
        try:
            self._judge_here()  # a stop may have come between this step and its judgement
            while not self._over() and (which := self.orders.next(self._apply, self._idle)) is not None:
                if not self.orders.running or self._its_turn():  # a single step waits for nobody
                    self._round(which)
            self.keeper.manages(self.recorder.flush)
            self._end("finished" if self.trainer.steps >= self.trainer.total_steps else "stopped")
        except DivergedError as error:
            self._diverged(str(error))
        finally:
            self._leave_line()
            self.evaluator.close()
            if self.recorder.events is not None:
                self.recorder.events.close()

    def _end(self, ended: Status) -> None:
        if lost := lost_network(self.trainer):
            raise DivergedError(f"A weight of the {lost} became NaN or infinite by step {self.trainer.steps}")
        while not (saved := self._save()) and self.orders.next(self._apply, self._idle) is not None:
            pass  # each Resume tries the disk once more; Stop gives up
        if saved:
            self.keeper.log(self.trainer.steps, ended)
        self._judge_last()
        self._show(ended)

    def _round(self, which: Which) -> None:
        if self.resting:  # waiting for orders is not training
            self.resting, self.clock = False, time.perf_counter()
            self.publish(error="")
        record = self.trainer.step(which)
        now = time.perf_counter()
        self.recorder.add(record, which, now - self.clock)
        self.clock = now
        if record.step % self.trainer.config.record.frame_every == 0:
            self._keep_frame()
        if record.step % self.trainer.config.record.save_every == 0:
            self._save()
        if self.recorder.seconds >= self.judge_at:
            self._judge()
        self._judge_here()
        if now >= self.show_at:
            self._show("stopping" if self.orders.stopping else "training" if self.orders.running else "paused")

    def _its_turn(self) -> bool:
        """Whether the machine has a place for this session; if not, say so and wait a moment."""
        ahead = self.turns.ask(self) if self.turns is not None else 0
        if ahead and self.turns is not None:
            self.resting = True
            self.publish(status="waiting", activity=place_in_line(ahead))
            self.turns.wait(0.2)
        return not ahead

    def _leave_line(self) -> None:
        if self.turns is not None:
            self.turns.leave(self)

    def _over(self) -> bool:
        last = self.last_step if self.limited else self.trainer.total_steps
        return self.trainer.steps >= last or self.recorder.seconds >= self.last_second

    def _idle(self) -> None:
        self._leave_line()
        self._show("paused")
        self.resting = True

    def _apply(self, config: TrainConfig, text: str) -> None:
        self.trainer.update(config)
        self.setting_changes.append(SettingChange(self.trainer.steps, text))
        self.keeper.log(self.trainer.steps, "changed", text=text)
        self.keeper.note(lambda run: run.write_config(config))

    # ---- showing -------------------------------------------------------------------------------------------------

    def _show(self, status: Status) -> None:
        """Publish a snapshot, with samples as new as their share of the time allows; at rest, with present ones."""
        at_rest = status != "training"
        self.keeper.manages(self.recorder.flush)
        trainer, rate, history = self.trainer, self.recorder.rate, self.recorder.log.view()
        fit, sample_view = self.fit(at_rest), self.sample_view(at_rest)  # the sample_view's sample_stats reads the fit
        self.publish(
            config=trainer.config,
            status=status,
            activity="",
            run_id=self.run.id if self.run else "",
            device=describe_device(trainer.device),
            step=trainer.steps,
            total_steps=trainer.total_steps,
            epoch=trainer.epoch,
            images=trainer.images,
            seconds=self.recorder.seconds,
            steps_per_second=rate,
            seconds_left=max(0, trainer.total_steps - trainer.steps) / rate if rate else None,
            memory=_memory(trainer.device),
            history=history,
            sample_view=sample_view,
            fit=fit,
            fit_step=max(0, self.fitted_at),
            health=self._examine(),
            evaluations=self.evaluator.evaluations,
            setting_changes=tuple(self.setting_changes),
            frames=tuple(self.frames),
            notes=trainer.notes,
        )
        self.show_at = time.perf_counter() + INTERVAL

    def _look(self) -> SampleView:
        """A sample_view at the samples, and with it a sample_stats to diagnose by."""
        sample_view, step = self.observer.sample_view(self.trainer), self.trainer.steps
        fresh = self.fit.made if self.fitted_at == step else None
        sample_stats = self.observer.sample_stats(sample_view, step, fresh)
        if sample_stats is not None and self.sample_stats.add(sample_stats):
            self.keeper.note(lambda run: run.append_sample_stats(sample_stats))
        return sample_view

    def _fit(self) -> Fit | None:
        self.fitted_at = self.trainer.steps
        return self.observer.fit(self.trainer)

    def _examine(self) -> tuple[Finding, ...]:
        """What the run shows so far; an illness is written down when it is first named."""
        history, sample_stats = self.recorder.log.view(), self.sample_stats.view()
        self.health = findings = self.watch.see(self.trainer.config, history, sample_stats, self.evaluator.evaluations)
        for finding in findings:
            if finding.bad and finding.id not in self.named:
                self.named.add(finding.id)
                evidence = [
                    asdict(part) | {"value": part.value if math.isfinite(part.value) else None}  # JSON knows no NaN
                    for part in finding.evidence
                ]
                self.keeper.log(self.trainer.steps, "named", id=finding.id, since=finding.since, evidence=evidence)
        return findings

    def _diverged(self, what: str) -> None:
        kept = self.run.checkpoints() if self.run else []
        rest = f"the checkpoint of step {kept[-1]} is kept" if kept else "no checkpoint was due yet"
        error = f"{what}; {rest}. Lower the learning rates, or choose a calmer loss or penalty, and start again."
        self.keeper.log(self.trainer.steps, "failed", error=error)
        self.publish(
            status="failed",
            error=error,
            step=self.trainer.steps,
            history=self.recorder.log.view(),
            health=self._examine(),
            setting_changes=tuple(self.setting_changes),
            sample_view=SampleView(),
        )

    # ---- evaluation ----------------------------------------------------------------------------------------------

    @property
    def _between_judgements(self) -> float:
        record = self.trainer.config.record
        return record.evaluate_every if record.evaluate_every and not record.judge_every else math.inf

    def _judge_here(self) -> None:
        """Evaluate at once, while training waits, if this step is one of those that are judged in every run alike."""
        step, every = self.trainer.steps, self.trainer.config.record.judge_every
        if not every or not step or step % every or self.evaluator.has_judged(step):
            return
        if self._is_sound() and self._judged():
            self.evaluator.offer(self.trainer, self.recorder.seconds, yielding=False)
            self._judged()
        self.clock = time.perf_counter()  # waiting is not training

    def _judge(self) -> None:
        """Hand the present weights over to be judged; training goes on at once."""
        if self._is_sound():
            self.evaluator.offer(self.trainer, self.recorder.seconds)
        self.judge_at = self.recorder.seconds + self._between_judgements

    def _judge_last(self) -> None:
        """PointEvaluator a run that ends by itself where it ends; whoever stops it does not wait for that."""
        by_step = self.trainer.config.record.judge_every > 0
        if (not by_step and self.recorder.seconds < self._between_judgements) or self.orders.stopping:
            return
        self.publish(activity="batch_statistics the last step")
        if self._judged() and not self.evaluator.has_judged(self.trainer.steps):
            self.evaluator.offer(self.trainer, self.recorder.seconds, yielding=False)
            self._judged()

    def _judged(self) -> bool:
        """Wait for the judgement that runs, unless somebody asks to stop; whether nobody did."""
        while not self.evaluator.wait(0.1) and not self.orders.stopping:
            pass
        return not self.orders.stopping

    # ---- keeping -------------------------------------------------------------------------------------------------

    def _keep_frame(self) -> None:
        step = self.trainer.steps
        if self.run is None or (self.frames and self.frames[-1] >= step):
            return
        sample_view = self.observer.sample_view(self.trainer)
        if self.keeper.write(lambda run: run.write_frame(step, sample_view.samples, sample_view.plane)):
            self.frames.append(step)
            if self.recorder.events is not None:
                self.recorder.events.show(step, sample_view.samples, sample_view.real, sample_view.plane)

    def _is_sound(self) -> bool:
        """Whether all figures are on disk, and all weights are numbers: others are neither judged nor kept.

        Raises:
            DivergedError: a loss is no number.
        """
        return self.keeper.manages(self.recorder.flush) and not lost_network(self.trainer)

    def _save(self) -> bool:
        """Save a whole checkpoint, unless this step has one; whether the run now is safe."""
        if self.run is None or self.saved_at == self.trainer.steps:
            return True
        keep = self.trainer.config.record.keep
        if not (self._is_sound() and self.keeper.write(lambda run: run.save(self.trainer, keep))):
            return False
        self.saved_at = self.trainer.steps
        self.keeper.log(self.trainer.steps, "saved", health=[finding.id for finding in self.health if finding.bad])
        return True


def _memory(device: torch.device) -> int:
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else psutil.Process().memory_info().rss
