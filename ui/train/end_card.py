"""A card for a run that has ended: what happened, and what to do next."""

from __future__ import annotations

import streamlit as st

from gan_core.config import SETTINGS, ConfigError
from gan_core.runs import RunError
from gan_core.session.snapshot import Snapshot
from ui import messages, shell
from ui.formatting import fixed, plain
from ui.server import pool
from ui.train import health, quality, state

_MAX_STEPS = int(SETTINGS["max_steps"].bounds["le"])


def panel(now: Snapshot | None) -> None:
    """The card of a finished run, below its buttons; nothing for a run that was stopped, failed or still trains."""
    if now is None or now.status != "finished":
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="end-card"):
        st.markdown(f"**Finished.** {_result(now)}", width="stretch")
        steps = min(now.step, _MAX_STEPS - now.step)
        if steps > 0 and health.checkpoint_of(now) is not None:
            st.button(
                f"Train {steps:,} more steps",
                icon=":material/resume:",
                help="This run goes on from its last checkpoint.",
                on_click=_train_on,
                args=(now.run_id, steps),
            )
        for page, label, icon in (
            ("latent", "Explore it in Latent", ":material/explore:"),
            ("runs", "See it in Runs", ":material/folder_open:"),
        ):
            st.page_link(shell.path(page), label=label, icon=icon, query_params={"run": now.run_id}, width="content")


def _result(now: Snapshot) -> str:
    """The first failure that was found, or else the last quality."""
    for finding in now.health:
        if finding.bad:
            return f"Found: {plain(finding.title)}. Its remedies are below."
    if now.fit is not None:
        modes = "" if now.fit.modes is None else f"{now.fit.covered:,} of {now.fit.modes:,} modes are covered. "
        return f"{modes}Distance to the true points: {fixed(now.fit.js, 2)} bits (Jensen-Shannon; 0 is perfect)."
    return quality.last_quality(now.evaluations)


def _train_on(run_id: str, steps: int) -> None:
    try:
        key = pool().extend(run_id, steps)
    except (ConfigError, RunError) as error:
        messages.show_error(f"{str(error).rstrip('.')}. The run stays as it was.")
        return
    session = pool().get(key)
    if session is not None and session.snapshot().status == "ready":
        session.start()
    state.watch(key)
