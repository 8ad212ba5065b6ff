"""For 2-D points: metrics of the distance between the generated and the true distribution."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.metrics.point_quality import Fit
from gan_core.session.snapshot import Snapshot
from ui.train import health


def panel(now: Snapshot | None) -> None:
    """Divergences, covered modes, and the true and generated moments."""
    if now is None or now.fit is None:
        return
    fit = now.fit
    with st.container(horizontal=True, gap="medium", key="fit"):
        st.metric("KL", f"{fit.kl:.3f} bits", width="content", help=_help(fit, "KL(true ‖ generated). 0 is perfect."))
        st.metric("JS", f"{fit.js:.3f} bits", width="content", help=_help(fit, "Jensen-Shannon. 0 perfect, 1 apart."))
        if fit.modes is not None and fit.good is not None:
            warning = health.text_beside(now, "fit")
            help = f"{warning}\n\nBlobs with a fifth of their due." if warning else "Blobs with a fifth of their due."
            label = ":yellow[▲ Modes]" if warning else "Modes"
            st.metric(label, f"{fit.covered} of {fit.modes}", width="content", help=help)
            st.metric("On a mode", f"{fit.good:.0%}", width="content", help="Points within 4 standard deviations.")
        st.markdown(_moments(fit))
    st.caption(f"Judged at step {now.fit_step:,}, on {fit.n:,} points of their own")


def _help(fit: Fit, meaning: str) -> str:
    return f"{meaning} From {fit.n:,} generated points; a perfect generator reads about 0.02 here."


def _moments(fit: Fit) -> str:
    return (
        f"| | mean | covariance |\n|---|---|---|\n"
        f"| :green[wanted] | {_row(fit.true_mean)} | {_matrix(fit.true_covariance)} |\n"
        f"| :orange[generated] | {_row(fit.mean)} | {_matrix(fit.covariance)} |"
    )


def _row(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in values) + ")"


def _matrix(values: np.ndarray) -> str:
    return "(" + "; ".join(", ".join(f"{value:.2f}" for value in row) for row in values) + ")"
