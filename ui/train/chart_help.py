"""Help on reading a chart: a control in its corner, with texts for the loss of the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gan_core.losses import Loss
from gan_core.losses.descriptions import describe

NORMS = (
    "How hard each network is pulled at this step: the length of its loss's slope over all its weights. "
    "G near zero has stopped learning; a norm that shoots up warns of a loss about to break. "
    "The axis is logarithmic: each line up is a multiple, not a sum."
)
SAMPLES = (
    "Each picture is made from the same latent (G's random input) every time, so you can watch one grow. "
    "The rim is D's score: blue for judged fake, green for judged real. "
    "Look for variety as well as sharpness: many alike are a collapse, which no loss need show."
)
PLANE = (
    "The background is D's score of each place: blue judged fake, green judged real. The mesh is where G puts an even "
    "grid of latents (its random input): narrow cells hold many samples. "
    "Arrows show where D's judgement pushes each sample next. At best they cover the real points, on a pale field."
)


@contextmanager
def corner(chart: str) -> Iterator[None]:
    """A container for small controls in the top right corner of the surrounding chart."""
    with st.container(horizontal=True, width="content", gap="xxsmall", key=f"corner-{chart}"):
        yield


def of_losses(loss: Loss) -> None:
    """Help on the losses: why they do not measure quality, and their equilibrium."""
    with _help("losses"):
        about = describe(loss)
        st.markdown(about.curves)
        st.markdown(about.equilibrium)
        for network, formula in (("D", about.formula_d), ("G", about.formula_g)):
            if formula:
                st.latex(f"L_{network} = {formula}")


def of_scores(loss: Loss) -> None:
    with _help("scores"):
        st.markdown(describe(loss).scores)


def of_norms(loss: Loss) -> None:
    with _help("gradient norms"):
        st.markdown(f"{NORMS} {describe(loss).gradient_norms}")


def of_samples(plane: bool) -> None:
    with _help("samples"):
        st.markdown(PLANE if plane else SAMPLES)


@contextmanager
def _help(subject: str) -> Iterator[None]:
    with st.popover(f"How to read the {subject}", icon=":material/help:", type="tertiary", key=f"reading-{subject}"):
        yield
