"""The choice of an experiment, and the buttons that control its training."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from gan_core import presets
from gan_core.config import ConfigError, TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.config.schema import as_text
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import RunError
from gan_core.session import Session
from gan_core.session.snapshot import Snapshot
from gan_core.training.trainer import Which
from ui import messages, take_along
from ui.formatting import count, duration, plain, rough_minutes, short, size
from ui.server import freeze_loaded_objects, pool
from ui.setting_names import label
from ui.train import form, health, own_pictures, restore, state, strip
from ui.train.moment import moment
from ui.widgets import showing

_NAMED = 3  # at most this many settings are named in a message
_OTHERS_EVERY = 2  # seconds between refreshes of the buttons of other sessions
_STEP_WAIT = 0.3  # seconds that a click on Step waits for the step, so that the page shows its result


def choices() -> None:
    """Preset, data set, what to take along, and buttons for the other sessions of this server."""
    config = state.draft()
    with st.container(horizontal=True, vertical_alignment="center", key="choices"):
        names, datasets = presets.names(), list(DATASETS)
        altered = config.preset in names and not own_pictures.only_pictures_differ(config)
        altered &= state.changed() is not None
        shown = config.preset if config.preset in names and not altered else None
        st.selectbox(
            "Preset",
            names,
            None if shown is None else names.index(shown),
            format_func=presets.title,
            placeholder=f"{presets.title(config.preset)}, changed" if altered else "custom",
            label_visibility="collapsed",
            width=260,
            **showing("preset", shown, choose_preset),
        )
        st.selectbox(
            "Data set",
            datasets,
            datasets.index(config.data.name),
            format_func=lambda name: DATASETS[name].label,
            label_visibility="collapsed",
            width=190,
            **showing("dataset", config.data.name, _choose_data),
        )
        if not own_pictures.are_missing(config):
            st.button(
                "Other pictures" if config.data.path else "Use your own pictures",
                icon=":material/add_photo_alternate:",
                help="Drop pictures, a folder or a zip, and train on them",
                on_click=own_pictures.begin,
            )
        if altered:
            restore.panel(config, choose_preset)
        if config.preset in names:
            with st.popover("About", icon=":material/info:", type="tertiary"):
                describe(presets.get(config.preset), altered)
        take_along.panel("train", moment)
        if pool().live().keys() - {state.watched_key()}:
            st.fragment(_others, run_every=_OTHERS_EVERY)()


def describe(preset: presets.Preset, altered: bool = False) -> None:
    """The texts of a preset, with a remark if the user has changed its settings."""
    if altered:
        st.markdown(":material/edit: You changed this preset, so time and figures may differ.")
    st.markdown(f"**{plain(preset.title)}** · {rough_minutes(preset.minutes)} on two CPU cores")
    st.markdown(plain(preset.look_for))
    reported = f"\n\n**Reported:** {plain(preset.reported)}" if preset.reported else ""
    chosen = f"\n\n**Chosen here:** {plain(preset.choices)}" if preset.choices else ""
    st.caption(f"**Source:** {plain(preset.source)}{reported}{chosen}")


def bar(session: Session | None, now: Snapshot | None) -> None:
    """The buttons Start, Pause, Step and Stop, and the progress, the error and the notes of the run."""
    shown = state.shown(session)
    with st.container(horizontal=True, vertical_alignment="center", key="bar"):
        if session is None or now is None or not now.live:
            _start_buttons(now)
        else:
            _live_buttons(session, now)
        if shown is not None:
            _progress(shown)
    if error := state.error_of(session):
        st.error(plain(error), icon=":material/error:")
    for note in shown.notes if shown is not None else ():
        st.caption(f":material/info: {plain(note)}")


def _start_buttons(now: Snapshot | None) -> None:
    """Buttons use callbacks, because a click while the page is being drawn must not be lost."""
    missing = own_pictures.are_missing(state.draft())
    st.button(
        "Start",
        icon=":material/play_arrow:",
        type="primary",
        shortcut="S",
        help="Choose your pictures first" if missing else "Train this experiment",
        on_click=begin,
        disabled=missing,
    )
    if now is not None and now.status in ("stopped", "failed") and health.checkpoint_of(now) is not None:
        st.button(
            "Resume",
            icon=":material/resume:",
            help="Go on from the last checkpoint of this run",
            on_click=_resume,
            args=(now.run_id,),
        )
    if not missing:
        _step_buttons(_first_step)


def _live_buttons(session: Session, now: Snapshot) -> None:
    # Also before the first step: collecting everything that is loaded then made a first start ten times as long.
    freeze_loaded_objects("training" if now.step else "loading")
    if now.status in ("ready", "loading", "training", "waiting"):
        st.button(
            "Pause",
            icon=":material/pause:",
            shortcut="S",
            on_click=session.pause,
            help="Pause. Resume any time.",
            disabled=now.status in ("ready", "loading"),
        )
    else:
        st.button(
            "Resume",
            icon=":material/play_arrow:",
            type="primary",
            shortcut="S",
            on_click=session.resume,
            disabled=now.status != "paused",
        )
    _step_buttons(lambda which: _step(session, which))
    st.button(
        "Stop", icon=":material/stop:", shortcut="E", on_click=session.stop, help="Save and end; the run can be resumed"
    )


def _step_buttons(do: Callable[[Which], None]) -> None:
    st.button(
        "Step",
        icon=":material/skip_next:",
        shortcut="N",
        help="Train D once, then G once",
        on_click=do,
        args=("both",),
    )
    if state.draft().dataset.kind == "points":
        st.button("Only D", shortcut="D", help="Step the discriminator only", on_click=do, args=("d",))
        st.button("Only G", shortcut="G", help="Step the generator only", on_click=do, args=("g",))


def _progress(now: Snapshot) -> None:
    if now.status in ("ready", "loading", "waiting"):
        st.progress(now.activity_done, text=plain(now.activity) or "starting")
        return
    done = min(1.0, now.step / now.total_steps) if now.total_steps else 0.0
    left = f" · {duration(now.seconds_left)} left" if now.live and now.seconds_left is not None else ""
    machine = [plain(now.device), plain(count(now.threads, "threads")), size(now.memory)]
    parts = [
        f"**{plain(now.status.capitalize())}**",
        f"epoch {short(now.epoch)}",
        f"step {now.step:,} of {now.total_steps:,}",
        plain(count(now.images, now.config.dataset.kind)),
        f"{short(now.steps_per_second / now.slowdown)} steps/s",
        "" if now.augment_p is None else f"augmentation {now.augment_p:.0%}",
        f"{duration(now.seconds)}{left}",
        ", ".join(machine) if now.device else "",
    ]
    st.progress(done, text=" · ".join(filter(None, parts)))


def _others() -> None:
    """Buttons for the live sessions that this tab does not show."""
    for key, session in pool().live().items():
        if key != state.watched_key():
            snapshot = session.snapshot()
            text = f"{plain(presets.title(snapshot.config.preset))}, step {snapshot.step:,}{health.badge(snapshot)}"
            if st.button(text, icon=":material/visibility:", key=f"watch-{key}"):
                state.watch(key)
                st.rerun()


def begin(first: Callable[[Session], object] = Session.start) -> None:
    """Begin a run of the draft by calling `first`; a second click on the same button has no effect."""
    if _is_live():
        return
    key = pool().open(state.draft())
    session = pool().get(key)
    if session is not None:
        strip.apply_speed(session)
        first(session)
    state.watch(key)


def _resume(run_id: str) -> None:
    """Resume a run. Settings that were edited since then change as during training, with a mark and an event."""
    if _is_live():
        return
    try:
        run = pool().store.open(run_id)
        run.refuse_other_settings()
        saved = run.config
        if fixed := state.draft().fixed_changes_from(saved):
            messages.show_error(_why_not_resumed(fixed, saved))
            return
        key = pool().open(saved, run_id=run_id)
        session = pool().get(key)
        if session is not None:
            session.update(state.draft().changes_from(saved))
            strip.apply_speed(session)
            session.start()
    except (RunError, ConfigError) as error:
        messages.show_error(f"{str(error).rstrip('.')}. The run was not resumed.")
        return
    state.watch(key)


def _why_not_resumed(fixed: list[str], saved: TrainConfig) -> str:
    changes = [f"{label(key)} ({as_text(saved.value(key))} in this run)" for key in fixed[:_NAMED]]
    more = f" and {len(fixed) - _NAMED} more" if len(fixed) > _NAMED else ""
    return (
        f"Not resumed: you have changed what stays the same within a run: {', '.join(changes)}{more}. Press Start to "
        "train a new run so, or go on with this one, as it was, from the Runs page."
    )


def _is_live() -> bool:
    watched = state.watched()
    return watched is not None and watched.snapshot().live


def _first_step(which: Which) -> None:
    """Begin a run with one step, or take another step if the button is clicked twice before the page is redrawn."""
    watched = state.watched()
    if watched is not None and watched.snapshot().live:
        _step(watched, which)
    else:
        begin(lambda session: session.step(1, which))


def _step(session: Session, which: Which) -> None:
    """Take one step, and wait a moment for the snapshot that shows it."""
    before = session.snapshot()
    session.step(1, which)
    deadline = time.monotonic() + _STEP_WAIT
    while session.snapshot().step == before.step and time.monotonic() < deadline:
        time.sleep(0.005)


def choose_preset(name: str | None) -> None:
    if name:
        state.edit(presets.load(name))


def _choose_data(name: str) -> None:
    before = state.draft()
    if DATASETS[name].needs == "files" and state.changed() is None:
        own_pictures.begin()
        return
    config, follow_ups = apply_changes(before, {"data.name": name})
    state.edit(config)
    form.announce(before, follow_ups)
