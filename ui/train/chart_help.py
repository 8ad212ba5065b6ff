"""Help on reading a chart: a control in its corner, with texts for the loss of the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gan_core.losses import Loss
from gan_core.losses.descriptions import describe
from gan_core.metrics.registry import RATING, RATING_OF_POINTS

NORMS = (
    "How hard each network is pulled at this step: the length of its loss's slope over all its weights. "
    "G near zero has stopped learning; a norm that shoots up warns of a loss about to break. "
    "The axis is logarithmic: each line up is a multiple, not a sum."
)
QUALITY = (
    "How far the generated images are from the real ones, in features of a classifier: the Fréchet distance. "
    "Lower is better, and real images score the dashed line. The band is a 95 % interval. "
)
QUALITY_OF_POINTS = (
    "How far the generated points are from the true distribution: the Jensen-Shannon divergence in bits. "
    "0 is perfect, 1 is no overlap, and true points score the dashed line. "
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


def of_quality(points: bool) -> None:
    with _help("quality"):
        st.markdown(f"{QUALITY_OF_POINTS}{RATING_OF_POINTS}" if points else f"{QUALITY}{RATING}")


def of_samples(plane: bool) -> None:
    with _help("samples"):
        st.markdown(PLANE if plane else SAMPLES)


@contextmanager
def _help(subject: str) -> Iterator[None]:
    with st.popover(f"How to read the {subject}", icon=":material/help:", type="tertiary", key=f"reading-{subject}"):
        yield
