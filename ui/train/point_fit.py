"""For 2-D points: metrics of the distance between the generated and the true distribution."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.metrics.point_quality import Fit
from gan_core.session.snapshot import Snapshot
from ui.formatting import fixed
from ui.train import health, timeline

_NONE = "–"  # in the place of a value that was not measured


def panel(now: Snapshot | None) -> None:
    """Divergences, covered modes, and the true and generated moments, with the step at which they were measured."""
    if now is None or now.fit is None:
        return
    fit, shown = now.fit, timeline.step_shown(now)
    at_fit = timeline.chosen_step() in (None, now.fit_step)
    values = _values(fit) if at_fit else _evaluated(now, shown)
    st.caption(_when(now, shown, at_fit, bool(values)))
    with st.container(horizontal=True, gap="medium", key="fit"):
        kl, js = (f"{values[name]:.3f} bits" if name in values else _NONE for name in ("kl", "js"))
        st.metric("KL", kl, width="content", help=_help(fit, "KL(true ‖ generated). 0 is perfect."))
        st.metric("JS", js, width="content", help=_help(fit, "Jensen-Shannon. 0 perfect, 1 apart."))
        if fit.modes is not None:
            warning = health.text_beside(now, "fit") if timeline.chosen_step() is None else ""
            help = f"{warning}\n\nBlobs with a fifth of their due." if warning else "Blobs with a fifth of their due."
            label = ":yellow[▲ Modes]" if warning else "Modes"
            covered = f"{values['covered']:,.0f} of {fit.modes:,}" if "covered" in values else _NONE
            good = f"{values['good']:.0%}" if "good" in values else _NONE
            st.metric(label, covered, width="content", help=help)
            st.metric("On a mode", good, width="content", help="Points within 4 standard deviations.")
        st.markdown(_moments(fit, at_fit))


def _values(fit: Fit) -> dict[str, float]:
    values = {"kl": fit.kl, "js": fit.js, "covered": fit.covered, "good": fit.good}
    return {name: value for name, value in values.items() if value is not None}


def _evaluated(now: Snapshot, step: int) -> dict[str, float]:
    """The metrics of the evaluation of this step, by name; {} if there was none."""
    row = next((row for row in now.evaluations.rows if row.step == step), None)
    return {metric.name: metric.value for metric in row.metrics} if row is not None else {}


def _when(now: Snapshot, shown: int, at_fit: bool, measured: bool) -> str:
    """The step of the metrics, and the step of the picture if it is another one."""
    if not measured:
        return f"Not measured at this step ({shown:,})"
    step = now.fit_step if at_fit else shown
    other = f"; the picture shows step {shown:,}" if step != shown else ""
    return f"Measured at step {step:,}{other}"


def _help(fit: Fit, meaning: str) -> str:
    return f"{meaning} From {fit.n:,} generated points; a perfect generator reads about 0.02 here."


def _moments(fit: Fit, measured: bool) -> str:
    generated = f"{_row(fit.mean)} | {_matrix(fit.covariance)}" if measured else f"{_NONE} | {_NONE}"
    return (
        f"| | mean | covariance |\n|---|---|---|\n"
        f"| :green[wanted] | {_row(fit.true_mean)} | {_matrix(fit.true_covariance)} |\n"
        f"| :orange[generated] | {generated} |"
    )


def _row(values: np.ndarray) -> str:
    return "(" + ", ".join(fixed(value, 2) for value in values) + ")"


def _matrix(values: np.ndarray) -> str:
    return "(" + "; ".join(", ".join(fixed(value, 2) for value in row) for row in values) + ")"
