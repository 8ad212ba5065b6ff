"""How one step works: the diagram of the game with the pictures and the numbers of the last single step."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.config import TrainConfig
from gan_core.losses.score_range import score_range
from gan_core.session.single_step import SingleStep
from gan_core.session.snapshot import Snapshot
from ui.components.game import GameStep, live_game
from ui.formatting import short

_SHOWN = {"images": 9, "points": 200}  # samples of the run, if no step was kept
_HINT = "Press Step to watch one step: what D and G are trained on, and what changes."


def panel(now: Snapshot | None) -> None:
    """The diagram: open while the run is paused or slow, folded while it trains faster."""
    if now is None:
        return
    can_be_followed = now.status == "paused" or now.single_step is not None
    with st.expander("How one step works", icon=":material/account_tree:", expanded=now.live and can_be_followed):
        live_game("step-diagram", shown(now) if can_be_followed or not now.live else None)


def shown(now: Snapshot) -> GameStep:
    """The last step if it was kept, or else the samples of the run."""
    step = now.single_step
    if step is None:
        n = _SHOWN[now.config.dataset.kind]
        pictures = {"fakeD": now.samples[:n], "real": now.real[:n]} if len(now.samples) else {}
        return GameStep(f"{now.run_id} at {now.step}", False, _HINT if now.live else "", pictures=_drawn(now, pictures))
    parts = {name: part for name, part in (("d", step.d), ("g", step.g)) if part is not None}
    scores = step.score_real, step.score_fake
    return GameStep(
        f"{now.run_id} {step.step}",
        now.status != "training",
        f"Step {step.step:,}",
        _stages(now.config, step),
        {name: part.z for name, part in parts.items()},
        _drawn(now, _samples(step)),
        scores,
        score_range(now.config.loss.name, lambda: np.array(scores)),
        {name: part.loss for name, part in parts.items()},
    )


def _samples(step: SingleStep) -> dict[str, np.ndarray]:
    shown = {}
    if step.d is not None:
        shown = {"fakeD": step.d.fakes, "real": step.d.real}
    return shown | ({} if step.g is None else {"fakeG": step.g.fakes})


def _drawn(now: Snapshot, samples: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Images as they are; points as shares of the plane's sides."""
    if now.plane is None:
        return samples if now.config.dataset.kind == "images" else {}
    left, right, low, high = now.plane.extent
    return {
        name: ((points - [left, low]) / [right - left, high - low]).astype("<f4") for name, points in samples.items()
    }


def _stages(config: TrainConfig, step: SingleStep) -> list[tuple[str, str]]:
    """Names and texts of what happened, in order."""
    stages, kind = [], config.dataset.kind
    if step.d is not None:
        stages = [
            ("draw", f"Draw {step.batch_size:,} random inputs z."),
            ("fakes", "G turns each z into a fake."),
            (
                "score",
                f"D scores real and fake {kind}. Mean: D(x) {step.score_real:.2f} for real ones, "
                f"D(G(z)) {step.score_fake:.2f} for fakes.",
            ),
            (
                "learn-d",
                f"D’s loss is {step.d.loss:.2f}. D’s weights change to lower it; G is frozen."
                f"{_repeated(config.n_critic)} Gradient norm {short(step.d.gradient_norm)}.",
            ),
        ]
    if step.g is not None:
        again = config.reuse_fakes and step.d is not None
        stages += [
            ("again", "D scores the same fakes again." if again else "G makes fakes from new z, and D scores them."),
            (
                "learn-g",
                f"G’s loss is {step.g.loss:.2f}. The gradient goes back through D, which is frozen, and G’s weights "
                f"change.{_repeated(config.g_steps)} Gradient norm {short(step.g.gradient_norm)}.",
            ),
        ]
    return stages


def _repeated(times: int) -> str:
    return f" This happened {times:,} times; the last one is shown." if times > 1 else ""
