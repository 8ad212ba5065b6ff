"""What charts and the model card say about each loss and penalty: how to read its curves, and its formulas in LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_core.losses.adversarial import (
    Hinge,
    LeastSquares,
    Loss,
    LossSensitive,
    NonSaturating,
    Relativistic,
    Saturating,
    Wasserstein,
)
from gan_core.losses.penalties import R1, R1R2, GradientPenalty, Penalty, WeightClipping


@dataclass(frozen=True)
class Description:
    """Texts about a loss. A field that a loss does not fill keeps its default.

    In the templates of DESCRIPTIONS, <combine> stands for "sum" or "mean", <s> for the label smoothing and <label> for
    1 - s. `describe` fills them in.
    """

    score_name: str = "D(x), score"  # of `Loss.score`, for an axis
    curves: str = ""  # how to read the curves of both losses
    scores: str = (  # how to read the curves of D's scores
        "Only the gap counts: how much higher D scores real samples than G's. All scores may drift together; "
        "a gap that narrows while the samples get better is the good sign."
    )
    gradient_norms: str = ""  # how hard the loss pulls at each network
    equilibrium: str = ""  # why the equilibrium lies where it does, or why there is none
    formula_d: str = ""  # LaTeX
    formula_g: str = ""


def describe(loss: Loss) -> Description:
    """The description of the loss, or of its nearest base class that has one, for its smoothing and its sum or mean."""
    default = Description("D(x), probability", scores=_CROSS_ENTROPY_SCORES) if loss.is_probability else Description()
    template = next((DESCRIPTIONS[kind] for kind in type(loss).__mro__ if kind in DESCRIPTIONS), default)
    s = loss.label_smoothing
    values = {"<combine>": loss.combine, "<s>": f"{s:g}", "<label>": f"{1 - s:g}"}
    texts = vars(template) | {"equilibrium": f"{_resting_values(loss)} {template.equilibrium}".strip()}
    if s:
        texts["formula_d"] = texts["formula_d"].replace(_LOG_D, _SMOOTHED_LOG_D)
    if template.formula_d and loss.combine == "mean":
        texts["formula_d"] = rf"\tfrac{{1}}{{2}} \left( {texts['formula_d']} \right)"
    for name, value in values.items():
        texts = {field: text.replace(name, value) for field, text in texts.items()}
    return Description(**texts)


_CERTAINTY = (  # by the probability of being real, below which it holds
    (0.1, "D is almost sure that this is fake"),
    (0.4, "D leans towards fake"),
    (0.6, "D cannot tell whether this is real"),
    (0.9, "D leans towards real"),
    (np.inf, "D is almost sure that this is real"),
)


def score_in_words(loss: Loss, score: float, real_scores: np.ndarray) -> str:
    """A sentence about the finite score of one sample; `real_scores` (m,) are those of real examples at the same step.

    A score that is no probability has no fixed meaning, so it is compared with the real ones.
    """
    if loss.is_probability:
        return f"{next(words for below, words in _CERTAINTY if score < below)}: D(x) {score:.2f}."
    lower = int((real_scores < score).sum())
    return f"D scores this {score:.3g}, which is above {lower:,} of {len(real_scores):,} real examples."


def penalty_formula(penalty: Penalty) -> str:
    """The penalty in LaTeX, with its strength; "" for none."""
    formula = next((PENALTY_FORMULAS[kind] for kind in type(penalty).__mro__ if kind in PENALTY_FORMULAS), "")
    return formula.replace("<weight>", f"{penalty.config.weight:g}").replace("<clip>", f"{penalty.config.clip:g}")


def _resting_values(loss: Loss) -> str:
    values = zip("DG", loss.equilibrium, strict=True)
    losses = [f"{network} {value:.3f}" for network, value in values if value is not None]
    return f"At equilibrium: {', '.join(losses)}." if losses else ""


_LOG_D = r"[\log D(x)]"
_SMOOTHED_LOG_D = r"[<label> \log D(x) + <s> \log(1 - D(x))]"
_CROSS_ENTROPY_D = rf"-\mathbb{{E}}{_LOG_D} - \mathbb{{E}}[\log(1 - D(G(z)))]"
_CROSS_ENTROPY_SCORES = (
    "The chance of being real that D gives real samples, D(x), and G's, D(G(z)). Near 1 and 0, D wins. "
    "Both near 0.5, D cannot tell: the samples are good, or D is weak."
)
_CROSS_ENTROPY_EQUILIBRIUM = (
    "There D gives all samples the same odds. A guess at even odds costs ln 2 = 0.693, and D's loss is the "
    "<combine> of two: one on real samples, one on G's."
)
_MINUS_SCORE_G = r"-\mathbb{E}[D(G(z))]"

DESCRIPTIONS: dict[type, Description] = {  # by class of the loss
    NonSaturating: Description(
        score_name="D(x), probability",
        curves="On the line D can only guess. D far below it is winning, and G then climbs; "
        "a loss compares G with today's D, so it does not measure how good the samples look.",
        scores=_CROSS_ENTROPY_SCORES,
        gradient_norms="With this loss G is pulled hardest while D sees through it.",
        equilibrium=_CROSS_ENTROPY_EQUILIBRIUM,
        formula_d=_CROSS_ENTROPY_D,
        formula_g=r"-\mathbb{E}[\log D(G(z))]",
    ),
    Saturating: Description(
        score_name="D(x), probability",
        curves="On the line D can only guess. G's loss near 0 means that D wins and G's gradient has all but vanished; "
        "a loss compares G with today's D, so it does not measure how good the samples look.",
        scores=_CROSS_ENTROPY_SCORES,
        gradient_norms="With this loss the pull on G fades to nothing once D sees through it.",
        equilibrium=_CROSS_ENTROPY_EQUILIBRIUM,
        formula_d=_CROSS_ENTROPY_D,
        formula_g=r"\mathbb{E}[\log(1 - D(G(z)))]",
    ),
    Wasserstein: Description(
        score_name="critic score",
        curves="Minus D's loss estimates the distance between real and fake: at 0 the critic sees none. "
        "It tends to shrink as samples improve; the level of G's loss means nothing.",
        gradient_norms="With this loss the pull on G stays, however far ahead the critic is.",
        equilibrium="There the critic scores real samples and G's alike. It may add any number to all its scores, "
        "so no level of G's loss stands for balance.",
        formula_d=r"-\mathbb{E}[D(x)] + \mathbb{E}[D(G(z))]",
        formula_g=_MINUS_SCORE_G,
    ),
    LeastSquares: Description(
        curves="On the line D gives all samples the same score. D near 0 is winning: it scores real 1 and fake 0; "
        "a loss compares G with today's D, so it does not measure how good the samples look.",
        scores="D aims at 1 for real samples and at 0 for G's; these are marks, not chances, and may overshoot. "
        "Far apart, D tells them with ease; both near 0.5, it cannot tell.",
        gradient_norms="With this loss G is pulled the harder, the further its scores are from 1.",
        equilibrium="There D scores every sample halfway between its mark for real ones and its 0 for G's.",
        formula_d=r"\tfrac{1}{2} \mathbb{E}[(D(x) - <label>)^2] + \tfrac{1}{2} \mathbb{E}[D(G(z))^2]",
        formula_g=r"\tfrac{1}{2} \mathbb{E}[(D(G(z)) - 1)^2]",
    ),
    Hinge: Description(
        curves="On the line D cannot tell; at 0 it puts every sample on its right side with room to spare. "
        "The level of G's loss means nothing, and neither loss measures how good the samples look.",
        scores="D aims above 1 for real samples and below -1 for G's, and gains nothing by going further. "
        "The two curves close together mean that D cannot tell.",
        gradient_norms="With this loss D rests once each sample is on its side by the margin of 1.",
        equilibrium="There D scores all samples alike, so both kinds lack their margin of 1. "
        "G's loss is minus a score and has no level of its own.",
        formula_d=r"\mathbb{E}[\max(0, 1 - D(x))] + \mathbb{E}[\max(0, 1 + D(G(z)))]",
        formula_g=_MINUS_SCORE_G,
    ),
    LossSensitive: Description(
        score_name="critic score",
        curves="D's loss has no resting value: only differences of its scores count, and all may drift up together. "
        "Watch the gap between real and fake scores shrink as samples get nearer to the data.",
        gradient_norms="With this loss D learns only from pairs whose scores lack their margin.",
        equilibrium="No dashed line: D compares scores in pairs, so no level of either loss stands for balance.",
        formula_d=rf"-\mathbb{{E}}[D(x)] + {LossSensitive.ranking_weight:g} \, "
        r"\mathbb{E}[\max(0, \Delta(x, G(z)) - D(x) + D(G(z)))]",
        formula_g=_MINUS_SCORE_G,
    ),
    Relativistic: Description(
        score_name="critic score",
        curves="On the line D cannot tell which sample of a pair is real. Below it D ranks most pairs right, and G's "
        "loss then lies above it. Neither loss measures how good the samples look.",
        gradient_norms="With this loss both networks learn most from the pairs that D ranks wrong or by little.",
        equilibrium="There D scores both samples of a pair alike, and a guess at even odds costs ln 2 = 0.693.",
        formula_d=r"\mathbb{E}[\log(1 + e^{-(D(x) - D(G(z)))})]",
        formula_g=r"\mathbb{E}[\log(1 + e^{-(D(G(z)) - D(x))})]",
    ),
}

PENALTY_FORMULAS: dict[type, str] = {  # by class of the penalty
    WeightClipping: r"w_D \leftarrow \min(\max(w_D, -<clip>), <clip>)",
    GradientPenalty: (
        r"\begin{gathered} L_D \mathrel{+}= <weight>\, \mathbb{E}[(\lVert \nabla D(\hat{x}) \rVert - 1)^2] \\"
        r"\hat{x} \text{ at random between } x \text{ and } G(z) \end{gathered}"
    ),
    R1R2: (
        r"L_D \mathrel{+}= \tfrac{<weight>}{2}\, \mathbb{E}[\lVert \nabla D(x) \rVert^2] "
        r"+ \tfrac{<weight>}{2}\, \mathbb{E}[\lVert \nabla D(G(z)) \rVert^2]"
    ),
    R1: r"L_D \mathrel{+}= \tfrac{<weight>}{2}\, \mathbb{E}[\lVert \nabla D(x) \rVert^2]",
}
