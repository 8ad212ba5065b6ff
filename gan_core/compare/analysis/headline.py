"""The answer to a comparison as one value: who is best in quality, by how much, how sure, and what would settle it.

The leader has the lowest mean logarithm of the quality metric over its seeds. It is the winner if the paired t-test
shows a difference from every other variant. Because the results choose the leader, Holm's correction covers the tests
of all pairs of variants, and not only those of the leader.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gan_core.compare.analysis.power import MOST_SEEDS, seeds_needed
from gan_core.compare.analysis.results import Results
from gan_core.compare.analysis.verdict import ALPHA, MIN_SEEDS, NOTICEABLE, holm, paired_t, shown_p
from gan_core.metrics.registry import METRICS
from gan_core.system.formatting import listed, plural, short

_NUMBERS = ("three", "four", "five", "six", "seven", "eight", "nine")
_MARGIN = math.log(NOTICEABLE)
_SAME = 0.005  # a factor so close to 1 is not told


@dataclass(frozen=True)
class Headline:
    """The answer of a comparison. Ratios are of the quality metric, where lower is better."""

    outcome: Literal["best", "equal", "open", "unmeasured"]
    leader: str | None = None  # id of the variant that is lowest on average; the winner if the outcome is "best"
    rival: str | None = None  # id of the variant closest to it
    factor: float | None = None  # the rival's metric divided by the leader's
    low: float | None = None  # 95 % confidence interval of the factor
    high: float | None = None
    p: float | None = None  # the largest of the leader's tests, corrected for all pairs
    seeds: int = 0  # that both the leader and its rival have finished
    not_separated: tuple[str, ...] = ()  # ids of the variants that the tests cannot tell from the leader
    more_seeds: int | None = 0  # that would probably settle it; None for more than MOST_SEEDS in all
    text: str = ""  # the answer in one sentence
    detail: str = ""  # how sure it is, and what would settle it

    @property
    def winner(self) -> str | None:
        """The id of the variant that is best in quality; None if no difference is shown."""
        return self.leader if self.outcome == "best" else None


def headline(results: Results) -> Headline:
    """The answer of a study so far; only runs that finished or failed count."""
    values = {v.id: results.values("quality", v.id, ended=True) for v in results.comparison.variants}
    return answer(values, results.titles, METRICS[results.metric].label)


def headline_of_report(report: Mapping[str, Any]) -> Headline:
    """The answer of a stored report (`report.tree`)."""
    titles = {row["variant"]: row["title"] for row in report["table"]}
    values: dict[str, dict[int, float]] = {variant: {} for variant in titles}
    for run in report["runs"]:
        if run["measures"]["quality"] is not None:
            values[run["variant"]][run["seed"]] = run["measures"]["quality"]
    return answer(values, titles, report["quality"].removesuffix(" at the end"))


def answer(values: Mapping[str, Mapping[int, float]], titles: Mapping[str, str], metric: str) -> Headline:
    """The answer of these results.

    Args:
        values: the quality metric of each variant's runs by seed, positive, lower is better; empty for a variant of
            which no run was measured.
        titles: the title of each variant.
        metric: the label of the quality metric.
    """
    logs = {
        id: {seed: math.log(max(value, 1e-12)) for seed, value in runs.items()} for id, runs in values.items() if runs
    }
    left_out = [titles[id] for id in values if id not in logs]
    if len(logs) < 2:
        return Headline("unmeasured", text="No answer: fewer than two variants were measured.")
    leader = min(logs, key=lambda id: float(np.mean(list(logs[id].values()))))
    others = [id for id in logs if id != leader]
    p = _corrected(logs)
    pairs = {other: _differences(logs[other], logs[leader]) for other in others}
    rival = min(others, key=lambda id: float(np.mean(pairs[id])) if len(pairs[id]) else math.inf)
    open_to = [id for id in others if not _is_separated(pairs[id], p[frozenset((leader, id))])]
    unequal = [id for id in open_to if not _is_equivalent(pairs[id])]
    found = _measured(leader, rival, pairs[rival], [p[frozenset((leader, id))] for id in others])
    found["not_separated"] = tuple(open_to)
    told = _Words(titles, metric, others, left_out)
    if not unequal:
        outcome: Literal["best", "equal"] = "equal" if open_to else "best"
        return _worded(Headline(outcome, **found), told)
    needed = [_more_seeds(pairs[id], ALPHA / len(p)) for id in unequal]
    more = None if None in needed else max(count for count in needed if count is not None)
    return _worded(Headline("open", more_seeds=more, **found), told)


def _corrected(logs: Mapping[str, Mapping[int, float]]) -> dict[frozenset[str], float | None]:
    """The p of every pair of variants, corrected for all of them; None where there are too few seeds."""
    pairs = list(itertools.combinations(logs, 2))
    p = [paired_t(_differences(logs[one], logs[other]))[0] for one, other in pairs]
    return dict(zip(map(frozenset, pairs), holm(p), strict=True))


def _differences(ours: Mapping[int, float], theirs: Mapping[int, float]) -> NDArray[np.float64]:
    """Of the seeds that both have, in the order of the seeds."""
    return np.array([ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())], dtype=float)


def _is_separated(differences: NDArray[np.float64], p: float | None) -> bool:
    return p is not None and p < ALPHA and float(np.mean(differences)) > 0


def _is_equivalent(differences: NDArray[np.float64]) -> bool:
    """Whether the whole interval is within the noticeable ratio (two one-sided tests; Schuirmann, 1987)."""
    p, low, high = paired_t(differences)
    return p is not None and low > -_MARGIN and high < _MARGIN


def _more_seeds(differences: NDArray[np.float64], alpha: float) -> int | None:
    if len(differences) < MIN_SEEDS:
        return MIN_SEEDS - len(differences)
    needed = seeds_needed(differences, alpha, _MARGIN, ALPHA)
    return None if needed is None else needed - len(differences)


def _measured(leader: str, rival: str, differences: NDArray[np.float64], p: list[float | None]) -> dict[str, Any]:
    """The fields of a headline that are numbers."""
    known, low, high = paired_t(differences)
    return {
        "leader": leader,
        "rival": rival,
        "factor": _ratio(float(np.mean(differences))) if len(differences) else None,
        "low": _ratio(low) if known is not None else None,
        "high": _ratio(high) if known is not None else None,
        "p": None if None in p else max(value for value in p if value is not None),
        "seeds": len(differences),
    }


def _ratio(logarithm: float) -> float:
    return math.exp(min(logarithm, 300.0))


# ---- in words --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Words:
    titles: Mapping[str, str]
    metric: str
    others: list[str]  # ids of the variants beside the leader
    left_out: list[str]  # titles


def _worded(found: Headline, told: _Words) -> Headline:
    text = {"best": _best, "equal": _equal, "open": _open}[found.outcome](found, told)
    left_out = f"Without {listed(told.left_out)}: no run of it was measured." if told.left_out else ""
    parts = [_lead(found, told), _certainty(found), _outlook(found), left_out]
    return Headline(**{**vars(found), "text": text, "detail": " ".join(filter(None, parts))})


def _best(found: Headline, told: _Words) -> str:
    leader, rival = told.titles[found.leader or ""], told.titles[found.rival or ""]
    begin = "Better samples" if len(told.others) == 1 else "Best samples"
    return f"{begin}: {leader}, ahead of {rival} by a factor of {short(found.factor or 1)}."


def _equal(found: Headline, told: _Words) -> str:
    names = [told.titles[id] for id in (found.leader or "", *found.not_separated)]
    worse = [told.titles[id] for id in told.others if id not in found.not_separated]
    end = f" Worse: {listed(worse)}." if worse else ""
    return f"No noticeable difference: {listed(names)} are less than {NOTICEABLE - 1:.0%} apart.{end}"


def _open(found: Headline, told: _Words) -> str:
    leader, behind = told.titles[found.leader or ""], [told.titles[id] for id in found.not_separated]
    if found.seeds < MIN_SEEDS:
        return f"Not settled: a verdict needs {MIN_SEEDS} seeds, and {plural(found.seeds, 'is', 'are')} measured."
    all_others = len(behind) == len(told.others) and 3 <= len(behind) <= 9
    named = f"the other {_NUMBERS[len(behind) - 3]}" if all_others else listed(behind)
    return f"Not settled: {plural(found.seeds, 'seed', 'seeds')} could not separate {leader} from {named}."


def _lead(found: Headline, told: _Words) -> str:
    """The size of the difference: "On average SGD leads: Adam has 1.2 times its Fréchet distance"."""
    if found.factor is None:
        return ""
    interval = "" if found.low is None else f"95 % interval {short(found.low)} to {short(found.high or 0)}"
    if found.outcome == "best":
        return f"The factor is the ratio of their {told.metric}s, where lower is better ({interval})."
    leader, rival = told.titles[found.leader or ""], told.titles[found.rival or ""]
    closest = ", the next best," if len(told.others) > 1 else ""
    times = "almost the same" if abs(found.factor - 1) < _SAME else f"{short(found.factor)} times its"
    size = f"{times} {told.metric}{f' ({interval})' if interval else ''}"
    return f"On average over the seeds {leader} leads: {rival}{closest} has {size}."


def _certainty(found: Headline) -> str:
    if found.p is None or found.outcome != "best":
        return ""
    often = "fewer than 1 in 1,000" if found.p < 0.001 else f"1 in {round(1 / found.p):,}"
    tested = f"p = {shown_p(found.p)}, {plural(found.seeds, 'seed', 'seeds')}"
    return f"Without a real difference, chance would show this in {often} comparisons ({tested})."


def _outlook(found: Headline) -> str:
    if found.outcome != "open":
        return ""
    if found.more_seeds is None:
        return f"More than {MOST_SEEDS} seeds would be needed: seeds differ more than these variants do."
    if found.seeds < MIN_SEEDS:
        return ""
    return f"About {plural(found.more_seeds, 'more seed', 'more seeds')} would settle it, going by the spread so far."
