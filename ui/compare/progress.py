"""How each run of a comparison stands, and the buttons that hold and let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from gan_core import compare
from gan_core.compare import Study, StudyError, TrialStatus
from gan_core.compare.study import Order
from ui.compare import state
from ui.components import Lane, Run, run_lanes
from ui.formatting import duration, short
from ui.server import pool
from ui.theme import look_of


def moves(study: Study) -> bool:
    """Whether anything of it trains now."""
    training = {session.snapshot().run_id for session in pool().live().values()}
    return study.tended or any(added_run.run_id in training for added_run in study.added_runs())


def panel(study: Study) -> None:
    """A line on the whole, and a lane for each variant with its runs in it."""
    trial_statuses = study.trial_statuses()
    if not trial_statuses:
        return
    _summary(study, trial_statuses)
    run_lanes(_lanes(study, trial_statuses), f"lanes-{study.id}", on_act=lambda key, what: _act(study, key, what))
    for trial_status in trial_statuses:
        if trial_status.error:
            st.caption(f":material/warning: {_title(study, trial_status)}: {trial_status.error}")
    runner = compare.runner_of(study)
    if runner is not None and runner.error:
        st.error(runner.error, icon=":material/error:")


def _summary(study: Study, trial_statuses: Sequence[TrialStatus]) -> None:
    done = sum(trial_status.ended for trial_status in trial_statuses)
    to_do = study.jobs_to_do()
    rest = [trial_status for trial_status in trial_statuses if not trial_status.ended]
    with st.container(horizontal=True, vertical_alignment="center", key="race-summary"):
        if to_do and study.tended:
            st.button("Pause all", icon=":material/pause:", key="pause-all", on_click=study.pause, shortcut="P")
        elif rest:
            st.button(
                "Resume all", icon=":material/play_arrow:", key="resume-all", type="primary", on_click=_resume,
                args=(study,), shortcut="P",
                help="Each goes on from its last checkpoint, the very run that it was",
            )  # fmt: skip
        st.progress(
            _share(study, trial_statuses), f"{done} of {len(trial_statuses)} runs done{_left(study, trial_statuses)}"
        )


def _share(study: Study, trial_statuses: Sequence[TrialStatus]) -> float:
    return sum(_share_of(study, trial_status) for trial_status in trial_statuses) / len(trial_statuses)


def _share_of(study: Study, trial_status: TrialStatus) -> float:
    """How much of a run is done, in [0, 1]."""
    plan = study.comparison
    if trial_status.ended:
        return 1.0
    share = trial_status.step / plan.steps if plan.steps else trial_status.seconds / (plan.seconds or 1.0)
    return min(1.0, share)


def _left(study: Study, trial_statuses: Sequence[TrialStatus]) -> str:
    """The time until all is done, from how fast each variant has been so far; "" while that is not known."""
    pace = _seconds_of_steps(study, trial_statuses)
    runner = compare.runner_of(study)
    workers = runner.means.workers if runner is not None else 1
    if not pace or not study.tended or not study.jobs_to_do():
        return " · pausing" if study.tended and not study.jobs_to_do() else ""
    typical = sum(pace.values()) / len(pace)
    total = study.comparison.steps or 0
    left = sum(
        (total - trial_status.step) * pace.get(job.variant.id, typical)
        for job, trial_status in zip(study.jobs, trial_statuses, strict=True)
        if not trial_status.ended and trial_status.status not in ("stopped", "paused")
    )
    return f" · about {duration(left / workers)} left" if left > 0 else ""


def _seconds_of_steps(study: Study, trial_statuses: Sequence[TrialStatus]) -> dict[str, float]:
    """Of each variant that has trained: seconds for a step, the judgements between them included."""
    if study.comparison.steps is None:
        return {}
    found: dict[str, list[float]] = {}
    for job, trial_status in zip(study.jobs, trial_statuses, strict=True):
        if trial_status.step and trial_status.seconds:
            found.setdefault(job.variant.id, []).append(trial_status.seconds / trial_status.step)
    return {variant: sum(paces) / len(paces) for variant, paces in found.items()}


def _lanes(study: Study, trial_statuses: Sequence[TrialStatus]) -> list[Lane]:
    runs: dict[str, list[Run]] = {variant.id: [] for variant in study.comparison.variants}
    for job, trial_status in zip(study.jobs, trial_statuses, strict=True):
        runs[job.variant.id].append(_run(study, job.seed, trial_status))
    return [
        Lane(variant.title, *look_of(index), runs[variant.id])
        for index, variant in enumerate(study.comparison.variants)
    ]


def _run(study: Study, seed: int, trial_status: TrialStatus) -> Run:
    """What was asked of it last is told at once; a worker hears of it after a step, or begins with it after seconds."""
    order = study.order_of(trial_status.key)
    going = study.tended and order == "run"
    offers = {"running": "stop", "waiting": "stop", "stopped": "resume", "paused": "resume"}
    if trial_status.status in ("paused", "stopped", "interrupted") and going:
        trial_status = replace(trial_status, status="waiting")
    elif trial_status.status == "running" and order != "run":
        offers["running"] = ""
    return Run(
        key=trial_status.key,
        name=f"seed {seed}",
        status=trial_status.status,
        told=_told(trial_status, order),
        share=_share_of(study, trial_status),
        run_id=trial_status.run_id,
        offers=offers.get(trial_status.status, ""),
        trouble=trial_status.error,
    )


def _told(trial_status: TrialStatus, order: Order) -> str:
    """ "step 1,240 · 62/s · 0:12 left", "stopping at step 1,240", "waiting", "paused at step 400"."""
    if trial_status.status == "running" and order != "run":
        return f"{'stopping' if order == 'stop' else 'pausing'} at step {trial_status.step:,}"
    if trial_status.status == "running":
        if not trial_status.step:
            return trial_status.activity or "starting"
        parts = [f"step {trial_status.step:,}"]
        if trial_status.steps_per_second:
            parts.append(f"{short(trial_status.steps_per_second)}/s")
            if trial_status.total_steps:
                parts.append(
                    f"{duration((trial_status.total_steps - trial_status.step) / trial_status.steps_per_second)} left"
                )
        return " · ".join(parts)
    if trial_status.step and trial_status.status in ("waiting", "paused", "stopped", "interrupted"):
        return f"{trial_status.status} at step {trial_status.step:,}"
    return trial_status.status


def _title(study: Study, trial_status: TrialStatus) -> str:
    job = next(job for job in study.jobs if job.key == trial_status.key)
    return f"{job.variant.title}, seed {job.seed}"


def _resume(study: Study) -> None:
    study.resume()
    if not study.jobs_to_do():  # all that is left was stopped one by one
        for trial_status in study.trial_statuses():
            study.resume(trial_status.key)
    _go_on(study)


def _act(study: Study, key: str, what: str) -> None:
    if what == "stop":
        study.stop(key)
    else:
        study.resume(key)
        _go_on(study)


def _go_on(study: Study) -> None:
    try:
        state.go_on(study)
    except (StudyError, ValueError) as error:
        state.complain(str(error))
