"""How each run of a comparison stands, and the buttons that hold and let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from gan_core import compare
from gan_core.compare import Race, RaceError, Standing
from gan_core.compare.study import Order
from ui import messages
from ui.compare import state
from ui.components import Lane, Run, run_lanes
from ui.formatting import duration, short
from ui.server import pool
from ui.theme import look_of


def moves(race: Race) -> bool:
    """Whether anything of it trains now."""
    training = {session.snapshot().run_id for session in pool().live().values()}
    return race.tended or any(guest.run_id in training for guest in race.guests())


def panel(race: Race) -> None:
    """A line on the whole, and a lane for each variant with its runs in it."""
    standings = race.standings()
    if not standings:
        return
    _summary(race, standings)
    run_lanes(_lanes(race, standings), f"lanes-{race.id}", on_act=lambda key, what: _act(race, key, what))
    for standing in standings:
        if standing.error:
            st.caption(f":material/warning: {_title(race, standing)}: {standing.error}")
    runner = compare.runner_of(race)
    if runner is not None and runner.error:
        st.error(runner.error, icon=":material/error:")


def _summary(race: Race, standings: Sequence[Standing]) -> None:
    done = sum(standing.ended for standing in standings)
    to_do = race.jobs_to_do()
    rest = [standing for standing in standings if not standing.ended]
    with st.container(horizontal=True, vertical_alignment="center", key="race-summary"):
        if to_do and race.tended:
            st.button("Pause all", icon=":material/pause:", key="pause-all", on_click=race.pause, shortcut="P")
        elif rest:
            st.button(
                "Resume all", icon=":material/play_arrow:", key="resume-all", type="primary", on_click=_resume,
                args=(race,), shortcut="P",
                help="Each goes on from its last checkpoint, the very run that it was",
            )  # fmt: skip
        st.progress(_share(race, standings), f"{done} of {len(standings)} runs done{_left(race, standings)}")


def _share(race: Race, standings: Sequence[Standing]) -> float:
    return sum(_share_of(race, standing) for standing in standings) / len(standings)


def _share_of(race: Race, standing: Standing) -> float:
    """How much of a run is done, in [0, 1]."""
    plan = race.comparison
    if standing.ended:
        return 1.0
    share = standing.step / plan.steps if plan.steps else standing.seconds / (plan.seconds or 1.0)
    return min(1.0, share)


def _left(race: Race, standings: Sequence[Standing]) -> str:
    """The time until all is done, from how fast each variant has been so far; "" while that is not known."""
    pace = _seconds_of_steps(race, standings)
    runner = compare.runner_of(race)
    workers = runner.means.workers if runner is not None else 1
    if not pace or not race.tended or not race.jobs_to_do():
        return " · pausing" if race.tended and not race.jobs_to_do() else ""
    typical = sum(pace.values()) / len(pace)
    total = race.comparison.steps or 0
    left = sum(
        (total - standing.step) * pace.get(job.variant.id, typical)
        for job, standing in zip(race.jobs, standings, strict=True)
        if not standing.ended and standing.status not in ("stopped", "paused")
    )
    return f" · about {duration(left / workers)} left" if left > 0 else ""


def _seconds_of_steps(race: Race, standings: Sequence[Standing]) -> dict[str, float]:
    """Of each variant that has trained: seconds for a step, the judgements between them included."""
    if race.comparison.steps is None:
        return {}
    found: dict[str, list[float]] = {}
    for job, standing in zip(race.jobs, standings, strict=True):
        if standing.step and standing.seconds:
            found.setdefault(job.variant.id, []).append(standing.seconds / standing.step)
    return {variant: sum(paces) / len(paces) for variant, paces in found.items()}


def _lanes(race: Race, standings: Sequence[Standing]) -> list[Lane]:
    runs: dict[str, list[Run]] = {variant.id: [] for variant in race.comparison.variants}
    for job, standing in zip(race.jobs, standings, strict=True):
        runs[job.variant.id].append(_run(race, job.seed, standing))
    return [
        Lane(variant.title, *look_of(index), runs[variant.id]) for index, variant in enumerate(race.comparison.variants)
    ]


def _run(race: Race, seed: int, standing: Standing) -> Run:
    """What was asked of it last is told at once; a worker hears of it after a step, or begins with it after seconds."""
    order = race.order_of(standing.key)
    going = race.tended and order == "run"
    offers = {"running": "stop", "waiting": "stop", "stopped": "resume", "paused": "resume"}
    if standing.status in ("paused", "stopped", "interrupted") and going:
        standing = replace(standing, status="waiting")
    elif standing.status == "running" and order != "run":
        offers["running"] = ""
    return Run(
        key=standing.key,
        name=f"seed {seed}",
        status=standing.status,
        told=_told(standing, order),
        share=_share_of(race, standing),
        run_id=standing.run_id,
        offers=offers.get(standing.status, ""),
        trouble=standing.error,
    )


def _told(standing: Standing, order: Order) -> str:
    """ "step 1,240 · 62/s · 0:12 left", "stopping at step 1,240", "waiting", "paused at step 400"."""
    if standing.status == "running" and order != "run":
        return f"{'stopping' if order == 'stop' else 'pausing'} at step {standing.step:,}"
    if standing.status == "running":
        if not standing.step:
            return standing.activity or "starting"
        parts = [f"step {standing.step:,}"]
        if standing.steps_per_second:
            parts.append(f"{short(standing.steps_per_second)}/s")
            if standing.total_steps:
                parts.append(f"{duration((standing.total_steps - standing.step) / standing.steps_per_second)} left")
        return " · ".join(parts)
    if standing.step and standing.status in ("waiting", "paused", "stopped", "interrupted"):
        return f"{standing.status} at step {standing.step:,}"
    return standing.status


def _title(race: Race, standing: Standing) -> str:
    job = next(job for job in race.jobs if job.key == standing.key)
    return f"{job.variant.title}, seed {job.seed}"


def _resume(race: Race) -> None:
    race.resume()
    if not race.jobs_to_do():  # all that is left was stopped one by one
        for standing in race.standings():
            race.resume(standing.key)
    _go_on(race)


def _act(race: Race, key: str, what: str) -> None:
    if what == "stop":
        race.stop(key)
    else:
        race.resume(key)
        _go_on(race)


def _go_on(race: Race) -> None:
    try:
        state.go_on(race)
    except (RaceError, ValueError) as error:
        messages.complain(str(error))
