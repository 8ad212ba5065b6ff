"""Does the diagnosis name what is wrong, and leave healthy runs alone? Runs made sick by settings, and sound ones.

    python -m benchmarks.diagnosis --seeds held-out
    python -m benchmarks.diagnosis --remedies
    python -m benchmarks.diagnosis --cases ring-collapse,ring8 --seeds tuning

The limits of `gan_core.diagnosis` were set on the tuning seeds; only the held-out ones say how well it does. Every run
is examined forty times on its way, at fixed steps, as a session would. Runs train two at a time, on one thread each.
"""

from __future__ import annotations

import argparse
import copy
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.diagnosis import Glance, Watch
from gan_core.diagnosis.glances import Glances
from gan_core.history import History
from gan_core.recorder import DivergedError, Recorder
from gan_core.snapshot import Observer
from gan_core.trainer import Trainer

SEEDS = {"tuning": (0, 1), "held-out": (101, 102)}
EXAMINED = 40  # times in a run


@dataclass(frozen=True)
class Case:
    """A run, and what should be said of it: the id of an illness, or "" for a healthy run."""

    wanted: str
    preset: str
    values: Mapping[str, Any]
    steps: int

    def config(self, seed: int) -> TrainConfig:
        settings = {"max_steps": self.steps, "record.samples": 128 if "points" in self.group else 64}
        return presets.load(self.preset).with_values({**settings, **self.values, "seed": seed})

    @property
    def group(self) -> str:
        return presets.load(self.preset).with_values(self.values).dataset.kind


# Digits with networks small enough for a few hundred steps in seconds.
_DIGITS: dict[str, Any] = {
    "generator.width": 8, "discriminator.width": 8, "precision": "float32", "reuse_fakes": False, "ema_decay": 0,
    "optimizer_g.name": "adam", "optimizer_g.lr": 2e-3, "optimizer_d.name": "adam", "optimizer_d.lr": 2e-3,
}  # fmt: skip
_MLP: dict[str, Any] = {
    "generator.hidden": (64, 128), "discriminator.hidden": (128, 64), "batch_size": 64,
    "optimizer_g.lr": 1e-3, "optimizer_d.lr": 1e-3, "optimizer_g.beta1": 0.5, "optimizer_d.beta1": 0.5,
}  # fmt: skip
_FREE = {"penalty.name": "none"}
_CRITIC = {"loss.name": "wasserstein", "penalty.name": "gradient-penalty", "penalty.weight": 0.1, "n_critic": 5}

CASES: dict[str, Case] = {
    "ring-collapse": Case("mode-collapse", "ring8-collapse", {}, 1500),
    "ring-collapse-saturating": Case(
        "mode-collapse", "ring8", {**_FREE, "loss.name": "saturating", "optimizer_d.lr": 1e-4, "batch_size": 64}, 1500
    ),
    "digits-collapse": Case("mode-collapse", "mlp-mnist", {**_MLP, "generator.norm": "none"}, 600),
    "digits-collapse-squares": Case(
        "mode-collapse", "mlp-mnist", {**_MLP, "generator.norm": "none", "loss.name": "least-squares"}, 600
    ),
    "digits-collapse-norm": Case(
        "mode-collapse", "mlp-mnist", {**_MLP, "optimizer_g.lr": 2e-4, "optimizer_d.lr": 2e-4}, 800
    ),
    "ring-strong-d": Case("discriminator-too-strong", "ring8", {**_FREE, "n_critic": 5, "optimizer_g.lr": 1e-5}, 800),
    "digits-strong-d": Case("discriminator-too-strong", "mnist-quick", {**_DIGITS, "optimizer_g.lr": 1e-5}, 400),
    "digits-strong-d-squares": Case(
        "discriminator-too-strong",
        "mnist-quick",
        {**_DIGITS, "loss.name": "least-squares", "optimizer_g.lr": 1e-5},
        400,
    ),
    "ring-vanishing": Case(
        "vanishing-gradient", "ring8", {**_FREE, "loss.name": "saturating", "n_critic": 5, "optimizer_g.lr": 1e-4}, 800
    ),
    "digits-vanishing": Case(
        "vanishing-gradient", "mlp-mnist", {**_MLP, "loss.name": "saturating", "optimizer_g.lr": 1e-5}, 600
    ),
    "ring-strong-g": Case(
        "generator-too-strong", "ring8", {**_FREE, "optimizer_d.lr": 1e-6, "discriminator.init": "he"}, 600
    ),
    "digits-strong-g": Case("generator-too-strong", "mnist-quick", {**_DIGITS, "optimizer_d.lr": 1e-5}, 400),
    "plane-oscillation": Case("oscillation", "oscillation", {}, 1000),
    "plane-oscillation-slow": Case(
        "oscillation", "oscillation", {"optimizer_g.lr": 0.02, "optimizer_d.lr": 0.02}, 1200
    ),
    "digits-oscillation": Case(
        "oscillation",
        "oscillation",
        {
            "data.name": "mnist-5k",
            "data.count": 0,
            "latent.dim": 16,
            "record.samples": 64,
            "batch_size": 64,
            "optimizer_g.lr": 0.02,
            "optimizer_d.lr": 0.02,
        },
        800,
    ),
    "ring-divergence": Case(
        "divergence",
        "ring8",
        {
            **_FREE,
            "loss.name": "wasserstein",
            "optimizer_g.name": "sgd",
            "optimizer_d.name": "sgd",
            "optimizer_g.lr": 0.2,
            "optimizer_d.lr": 0.2,
        },
        800,
    ),
    "digits-divergence": Case(
        "divergence",
        "divergence",
        {"generator.width": 8, "discriminator.width": 8, "optimizer_g.lr": 1.0, "optimizer_d.lr": 1.0},
        250,
    ),
    "digits-divergence-critic": Case(
        "divergence",
        "mlp-mnist",
        {
            **_MLP,
            "generator.norm": "none",
            "generator.output": "linear",
            "loss.name": "wasserstein",
            "optimizer_g.name": "sgd",
            "optimizer_d.name": "sgd",
            "optimizer_g.lr": 0.5,
            "optimizer_d.lr": 0.5,
        },
        300,
    ),
    "points-memorised": Case("memorisation", "ring8", {"data.count": 12, "data.name": "moons"}, 2500),
    "digits-memorised": Case(
        "memorisation",
        "mnist-quick",
        {**_DIGITS, "generator.width": 16, "discriminator.width": 16, "data.count": 10},
        500,
    ),
    # ---- healthy
    "ring8": Case("", "ring8", {}, 1500),
    "ring8-plain": Case("", "ring8", _FREE, 1500),
    "ring8-hinge": Case("", "ring8", {"loss.name": "hinge"}, 1500),
    "ring8-squares": Case("", "ring8", {"loss.name": "least-squares"}, 1500),
    "ring8-critic": Case("", "ring8", _CRITIC, 600),
    "moons": Case("", "moons", {}, 1200),
    "spiral": Case("", "spiral", {}, 1500),
    "grid25": Case("", "grid25", {}, 2500),
    "gaussian-2d": Case("", "gaussian-2d", {}, 2500),
    "digits": Case("", "mnist-quick", _DIGITS, 500),
    "digits-squares": Case("", "mnist-quick", {**_DIGITS, "loss.name": "least-squares"}, 400),
    "digits-spectral": Case("", "sngan-mnist", {**_DIGITS, "discriminator.spectral": True, "loss.name": "hinge"}, 400),
    "digits-critic": Case("", "wgan-gp-mnist", {**_DIGITS, "discriminator.norm": "none"}, 200),
    "digits-slow": Case("", "mlp-mnist", {"generator.hidden": (64, 128), "discriminator.hidden": (128, 64)}, 800),
}


Moment = tuple[Trainer, History, tuple[Glance, ...]]


def examined(trainer: Trainer, steps: int) -> Iterator[Moment]:
    """Train for so many steps, and stop at forty moments; the history and the glances up to each."""
    observer, recorder, glances = Observer(trainer), Recorder(None, 1), Glances()
    for step in range(1, steps + 1):
        began = time.perf_counter()
        recorder.add(trainer.step(), "both", time.perf_counter() - began)
        if step % max(1, steps // EXAMINED) == 0:
            over = False
            try:
                recorder.flush()
            except DivergedError:
                over = True
            glance = observer.glance(observer.look(trainer), trainer.steps, observer.fit(trainer))
            if glance is not None:
                glances.add(glance)
            yield trainer, recorder.log.view(), glances.view()
            if over:
                return


@dataclass(frozen=True)
class Named:
    """What was named in a run: ids, each with the step and the second of training at which it came."""

    all: dict[str, tuple[int, float]]
    at_the_end: tuple[str, ...]
    seconds: float

    @property
    def bad(self) -> list[str]:
        return [id for id in self.all if id not in ("improving", "converged")]


def watched(config: TrainConfig, steps: int) -> Named:
    """Train one run under the eye of the diagnosis."""
    torch.set_num_threads(1)
    began, watch, named, last = time.perf_counter(), Watch(), {}, ()
    for _, history, glances in examined(Trainer(config, "cpu"), steps):
        last = watch.see(config, history, glances)
        for finding in last:
            named.setdefault(finding.id, (int(history.step[-1]), float(history.seconds[-1])))
    return Named(named, tuple(finding.id for finding in last), time.perf_counter() - began)


def right(case: Case, named: Named) -> bool:
    """Whether a sick run's illness was named, or a healthy one was accused of nothing."""
    return case.wanted in named.bad if case.wanted else not named.bad


def remedied(name: str, seed: int) -> dict[str, bool | None]:
    """For each remedy of a sick run, whether its illness ends; {} if it was never named.

    A live remedy is applied at the moment of naming, and the run goes on for its whole length again. Others, and those
    of a run that is already past saving, begin anew.
    """
    torch.set_num_threads(1)
    case = CASES[name]
    config = case.config(seed)
    watch = Watch()
    trainer = Trainer(config, "cpu")
    for _, history, glances in examined(trainer, case.steps):
        found = [finding for finding in watch.see(config, history, glances) if finding.id == case.wanted]
        if found:
            break
    else:
        return {}
    lost = not all(bool(p.isfinite().all()) for p in trainer.generator.parameters())
    state = copy.deepcopy(trainer.state_dict())
    ended: dict[str, bool | None] = {}
    for remedy in found[0].remedies:
        changed = config.with_values({**remedy.values, "max_steps": 2 * case.steps})
        again = Trainer(changed, "cpu")
        if remedy.live and not lost:
            again.load_state_dict(copy.deepcopy(state))
        watch, last = Watch(), ()
        for _, history, glances in examined(again, case.steps):
            last = watch.see(changed, history, glances)
        ended[f"{remedy.label}{'' if remedy.live else ' (new run)'}"] = case.wanted not in [f.id for f in last]
    return ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES), help="which, by name, with commas between")
    parser.add_argument("--seeds", choices=SEEDS, default="held-out")
    parser.add_argument("--count", type=int, default=9, help="use so many of the seeds at most")
    parser.add_argument("--remedies", action="store_true", help="apply each remedy to each sick run")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    cases = {name: CASES[name] for name in options.cases.split(",")}
    seeds = SEEDS[options.seeds][: options.count]
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        (show_remedies if options.remedies else show_names)(pool, cases, seeds)


def show_names(pool: ProcessPoolExecutor, cases: Mapping[str, Case], seeds: tuple[int, ...]) -> None:
    runs = {
        (name, seed): pool.submit(watched, case.config(seed), case.steps)
        for name, case in cases.items()
        for seed in seeds
    }
    print("| run | seed | wanted | named, at step (second) | |\n|---|---|---|---|---|")
    tally: dict[bool, list[bool]] = {True: [], False: []}
    for (name, seed), run in runs.items():
        case, named = cases[name], run.result()
        tally[bool(case.wanted)].append(right(case, named))
        said = ", ".join(f"{id} {named.all[id][0]} ({named.all[id][1]:.1f} s)" for id in named.bad) or "-"
        verdict = "right" if right(case, named) else "**wrong**"
        print(f"| `{name}` | {seed} | {case.wanted or 'healthy'} | {said} | {verdict} |", flush=True)
    print(f"\nSick runs whose illness is named: {sum(tally[True])} of {len(tally[True])}.")
    print(f"Healthy runs accused of nothing: {sum(tally[False])} of {len(tally[False])}.")


def show_remedies(pool: ProcessPoolExecutor, cases: Mapping[str, Case], seeds: tuple[int, ...]) -> None:
    sick = {name: case for name, case in cases.items() if case.wanted}
    runs = {name: [pool.submit(remedied, name, seed) for seed in seeds] for name in sick}
    print("| illness | run | remedy | the illness ends |\n|---|---|---|---|")
    for name, trials in runs.items():
        results = [trial.result() for trial in trials]
        for label in dict.fromkeys(label for result in results for label in result):
            outcomes = [result[label] for result in results if label in result]
            count = f"{sum(map(bool, outcomes))} of {len(outcomes)}"
            print(f"| {sick[name].wanted} | `{name}` | {label} | {count} |", flush=True)


if __name__ == "__main__":
    main()
