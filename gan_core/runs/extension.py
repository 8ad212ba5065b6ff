"""Training a run beyond its planned length. Learning rates and noise that have fallen to 0 by then rise again."""

from __future__ import annotations

from gan_core.config import TrainConfig
from gan_core.runs import disk
from gan_core.runs.errors import RunError
from gan_core.runs.run import Run
from gan_core.training import schedules


def extend(run: Run, steps: int) -> TrainConfig:
    """Plan `steps` more steps after the last complete checkpoint, and mark the change. Returns the new config.

    Raises:
        ConfigError: too many steps.
        RunError: the run has no complete checkpoint, is being trained, or cannot be written.
    """
    step, before = run.last_complete(), run.config
    config = before.with_values({"max_steps": step + steps})
    text = before.describe_changes({"max_steps": config.max_steps})
    try:
        lock = run.lock()
        try:
            run.log("changed", step, text=", ".join(filter(None, [text, jump(run, step, config)])))
            run.write_config(config)
        finally:
            lock.release()
    except OSError as error:
        raise RunError(
            f"Cannot write to {run.path} ({error.strerror}). {disk.advice(error)}, then resume it."
        ) from None
    return config


def jump(run: Run, step: int, config: TrainConfig) -> str:
    """How learning rates and noise change if the run goes on from `step` under `config`; "" if they do not."""
    return schedules.jump(run.config, config, step, _examples(run, step))


def planned_steps(run: Run, step: int) -> int:
    """The last step of the plan, for the number of examples that the checkpoint of `step` was trained on."""
    return run.config.total_steps(_examples(run, step))


def _examples(run: Run, step: int) -> int:
    config = run.config
    return run.origin(step).examples or config.data.count or config.dataset.length or 1
