"""The model card: the layers of the networks, their losses, their memory and speed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st

from gan_core import losses
from gan_core.config import TrainConfig
from gan_core.config.catalog import (
    BATCH_LAYERS,
    CONDITIONS,
    DISCRIMINATORS,
    GENERATORS,
    HEADS,
    LOSSES,
    OPTIMIZERS,
    PENALTIES,
    Catalog,
    NetworkEntry,
)
from gan_core.config.schema import ConfigError
from gan_core.losses import penalties
from gan_core.losses.descriptions import describe, penalty_formula
from gan_core.models.summary import CardError, LayerRow, layers
from gan_core.session import Session
from gan_core.system.devices import describe_device, find_device
from gan_core.system.limits import usable_cores
from gan_core.training import throughput
from gan_core.training.memory_estimate import estimate_memory
from ui.formatting import plain, short, size

_TALL = 16  # rows of a table; a longer table scrolls
_MEASURED = "measured speeds"
_THREADS = max(1, usable_cores() - 1)  # as in a session, which leaves one core to the page


def panel(config: TrainConfig, session: Session | None) -> None:
    """The card, whose content is computed when it is opened."""
    card = st.expander("Model card", icon=":material/lan:", key="card", on_change="rerun")
    if not card.open:
        return
    with card:
        try:
            generator, discriminator, memory = _content(config)
        except (CardError, ConfigError) as error:
            st.info(plain(str(error)), icon=":material/info:")
            return
        left, right = st.columns(2, gap="medium")
        with left:
            _network("orange", "Generator", GENERATORS[config.generator.name], generator)
        with right:
            _network("blue", "Discriminator", DISCRIMINATORS[config.discriminator.name], discriminator)
        left, right = st.columns(2, gap="medium")
        with left:
            _objective(config)
        with right:
            _costs(config, memory, session)
            _parts(config)


@lru_cache(maxsize=16)
def _content(config: TrainConfig) -> tuple[list[LayerRow], list[LayerRow], int]:
    return *layers(config), estimate_memory(config)


def _network(color: str, role: str, entry: NetworkEntry, rows: list[LayerRow]) -> None:
    total = sum(row.parameters for row in rows)
    title = f":{color}[**{role}**] · {plain(entry.label)} · {short(total)} parameters"
    st.markdown(f"{title}  \n:small[{plain(entry.description)}]")
    lines = ["| Layer | Output | Parameters |", "|:---|---:|---:|"]
    lines += [f"| {plain(row.name)} | {plain(_shape(row))} | {_count(row.parameters)} |" for row in rows]
    lines.append(f"| **Total** | | **{total:,}** |")
    with st.container(height=_TALL * 33 if len(rows) > _TALL else "content", border=False, key=f"layers-{role}"):
        st.markdown("\n".join(lines), width="stretch")


def _shape(row: LayerRow) -> str:
    return " × ".join(map(str, row.shape))


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters else ""


def _objective(config: TrainConfig) -> None:
    """The losses of both networks as formulas."""
    about = describe(losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing))
    st.markdown(f"**What they minimise** · {LOSSES[config.loss.name].label}")
    with st.container(key="formulas"):
        for network, text in (("D", about.formula_d), ("G", about.formula_g)):
            if text:
                st.latex(f"L_{network} = {text}")
        if formula := penalty_formula(penalties.get(config.penalty)):
            entry, every = PENALTIES[config.penalty.name], config.penalty.every
            interval = f" · once in {every:,} steps of D, {every:,} times as strong"
            st.caption(plain(entry.label) + (interval if "every" in entry.reads and every > 1 else ""))
            st.latex(formula)


def _costs(config: TrainConfig, memory: int, session: Session | None) -> None:
    """Memory and speed: those of the run that trains these networks, or of a short measurement."""
    st.markdown(f"**What they cost here** · {plain(describe_device(find_device('auto')))}")
    with st.container(horizontal=True, vertical_alignment="bottom", key="costs"):
        st.metric(
            "Memory",
            size(memory),
            width="content",
            help="Weights, gradients, optimisers and one batch; good to a factor of two. The data come on top.",
        )
        rate, source = _known_speed(config, session)
        speed = f"{short(rate)} {config.dataset.kind}/s" if rate else "not measured"
        st.metric("Speed", plain(speed), width="content", help=plain(source))
        if not (session is not None and session.snapshot().live):
            label = "Measure again" if rate else "Measure"
            if st.button(label, icon=":material/speed:", help="Trains a copy on noise for about two seconds"):
                _measure(config)
    if trouble := st.session_state.pop("speed trouble", ""):
        st.caption(f":material/info: {plain(trouble)}")


def _known_speed(config: TrainConfig, session: Session | None) -> tuple[float, str]:
    """Real samples a second and their source; 0 if the speed is unknown."""
    now = session.snapshot() if session is not None else None
    if now is not None and now.steps_per_second and throughput.same_speed(config, now.config):
        return now.steps_per_second * config.batch_size * config.n_critic, "Of the run that you watch."
    for other, rate in st.session_state.get(_MEASURED, []):
        if throughput.same_speed(config, other):
            return rate, "Measured on noise of the same shape."
    return 0.0, "Real samples that D sees in a second of training."


def _measure(config: TrainConfig) -> None:
    bar = st.progress(0.0, "Measuring")
    try:
        rate = throughput.images_per_second(
            config, threads=_THREADS, progress=lambda done: bar.progress(min(1.0, max(0.0, done)), "Measuring")
        )
    except (throughput.SpeedError, RuntimeError, MemoryError) as error:
        st.session_state["speed trouble"] = str(error).splitlines()[0] if str(error) else "Out of memory."
    else:
        st.session_state[_MEASURED] = [(config, rate), *st.session_state.get(_MEASURED, [])][:8]
    st.rerun()


def _parts(config: TrainConfig) -> None:
    """One line for each part of the experiment that the tables do not explain."""
    parts: list[tuple[str, Catalog[Any], str]] = [
        ("Layer across the batch", BATCH_LAYERS, config.discriminator.batch_layer),
        ("Head", HEADS, config.discriminator.head),
        ("Class", CONDITIONS, config.condition.name),
        ("Loss", LOSSES, config.loss.name),
        ("Penalty", PENALTIES, config.penalty.name),
        ("G optimiser", OPTIMIZERS, config.optimizer_g.name),
        ("D optimiser", OPTIMIZERS, config.optimizer_d.name),
    ]
    lines = [
        f"**{plain(noun)}: {plain(catalog[name].label)}.** {plain(catalog[name].description)}"
        for noun, catalog, name in parts
        if name != "none"
    ]
    st.markdown(":small[" + "]  \n:small[".join(lines) + "]")
