"""The status of each run of a study, with buttons to pause, stop and resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from gan_core import compare
from gan_core.compare import Study, StudyError, TrialStatus
from gan_core.compare.study import Command
from ui.compare import state
from ui.components import Lane, Run, run_lanes
from ui.formatting import duration, plain, short
from ui.server import pool
from ui.theme import line_style


def is_training(study: Study) -> bool:
    """Whether any run of the study or any added run trains now."""
    training = {session.snapshot().run_id for session in pool().live().values()}
    return study.is_running or any(added.run_id in training for added in study.added_runs())


def panel(study: Study) -> None:
    """A summary line, and a lane for each variant with its runs."""
    trials = study.trial_statuses()
    if not trials:
        return
    _summary(study, trials)
    run_lanes(_lanes(study, trials), f"lanes-{study.id}", on_act=lambda key, action: _act(study, key, action))
    for job, trial in zip(study.jobs, trials, strict=True):
        if trial.error:
            st.caption(f":material/warning: {plain(job.variant.title)}, seed {job.seed:d}: {plain(trial.error)}")
    runner = compare.runner_of(study)
    if runner is not None and runner.error:
        st.error(plain(runner.error), icon=":material/error:")


def _summary(study: Study, trials: Sequence[TrialStatus]) -> None:
    ended = sum(trial.ended for trial in trials)
    with st.container(horizontal=True, vertical_alignment="center", key="race-summary"):
        if study.is_running and study.pending_jobs():
            st.button("Pause all", icon=":material/pause:", key="pause-all", on_click=study.pause, shortcut="P")
        elif ended < len(trials):
            st.button(
                "Resume all", icon=":material/play_arrow:", key="resume-all", type="primary", on_click=_resume,
                args=(study,), shortcut="P",
                help="Each goes on from its last checkpoint, the very run that it was",
            )  # fmt: skip
        share = sum(_share(study, trial) for trial in trials) / len(trials)
        st.progress(share, f"{ended:,} of {len(trials)} runs done{_time_left(study, trials)}")


def _share(study: Study, trial: TrialStatus) -> float:
    """How much of a run is done, in [0, 1]."""
    plan = study.comparison
    if trial.ended:
        return 1.0
    share = trial.step / plan.steps if plan.steps else trial.seconds / (plan.seconds or 1.0)
    return min(1.0, share)


def _time_left(study: Study, trials: Sequence[TrialStatus]) -> str:
    """The time to the end, from each variant's speed so far; "" while that is unknown."""
    if not study.is_running or not study.pending_jobs():
        return " · pausing" if study.is_running else ""
    step_seconds, steps = _seconds_per_step(study, trials), study.comparison.steps
    if not step_seconds or steps is None:
        return ""
    mean = sum(step_seconds.values()) / len(step_seconds)
    left = sum(
        (steps - trial.step) * step_seconds.get(job.variant.id, mean)
        for job, trial in zip(study.jobs, trials, strict=True)
        if not trial.ended and trial.status not in ("stopped", "paused")
    )
    runner = compare.runner_of(study)
    workers = runner.resources.workers if runner is not None else 1
    return f" · about {duration(left / workers)} left" if left > 0 else ""


def _seconds_per_step(study: Study, trials: Sequence[TrialStatus]) -> dict[str, float]:
    """The mean time of a step, evaluations included, by the id of each variant that has trained."""
    found: dict[str, list[float]] = {}
    for job, trial in zip(study.jobs, trials, strict=True):
        if trial.step and trial.seconds:
            found.setdefault(job.variant.id, []).append(trial.seconds / trial.step)
    return {variant: sum(times) / len(times) for variant, times in found.items()}


def _lanes(study: Study, trials: Sequence[TrialStatus]) -> list[Lane]:
    runs: dict[str, list[Run]] = {variant.id: [] for variant in study.comparison.variants}
    for job, trial in zip(study.jobs, trials, strict=True):
        runs[job.variant.id].append(_run(study, job.seed, trial))
    return [
        Lane(variant.title, *line_style(index), runs[variant.id])
        for index, variant in enumerate(study.comparison.variants)
    ]


def _run(study: Study, seed: int, trial: TrialStatus) -> Run:
    """The run as the page shows it. It shows the last command at once, before the worker has obeyed it."""
    command = study.command_for(trial.key)
    offers = {"running": "stop", "waiting": "stop", "stopped": "resume", "paused": "resume"}
    if trial.status in ("paused", "stopped", "interrupted") and study.is_running and command == "run":
        trial = replace(trial, status="waiting")
    elif trial.status == "running" and command != "run":
        offers["running"] = ""
    return Run(
        key=trial.key,
        name=f"seed {seed}",
        status=trial.status,
        progress=_description(trial, command),
        share=_share(study, trial),
        run_id=trial.run_id,
        offers=offers.get(trial.status, ""),
        trouble=trial.error,
    )


def _description(trial: TrialStatus, command: Command) -> str:
    """ "step 1,240 · 62/s · 0:12 left", "stopping at step 1,240", "waiting", "paused at step 400"."""
    if trial.status == "running" and command != "run":
        return f"{'stopping' if command == 'stop' else 'pausing'} at step {trial.step:,}"
    if trial.status == "running":
        if not trial.step:
            return trial.activity or "starting"
        parts = [f"step {trial.step:,}"]
        if speed := trial.steps_per_second:
            parts.append(f"{short(speed)}/s")
            if trial.total_steps:
                parts.append(f"{duration((trial.total_steps - trial.step) / speed)} left")
        return " · ".join(parts)
    if trial.step and not trial.ended:
        return f"{trial.status} at step {trial.step:,}"
    return trial.status


def _resume(study: Study) -> None:
    study.resume()
    if not study.pending_jobs():  # every remaining run was stopped by its own button
        for job in study.jobs:
            study.resume(job.key)
    _start(study)


def _act(study: Study, key: str, action: str) -> None:
    if action == "stop":
        study.stop(key)
    else:
        study.resume(key)
        _start(study)


def _start(study: Study) -> None:
    try:
        state.start(study)
    except (StudyError, ValueError) as error:
        state.show_error(str(error))
