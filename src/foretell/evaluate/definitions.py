"""What each metric is called, which direction is better, and what it means in plain words.

This module owns the wording and the orientation that checks, verdicts and pages share. It refuses to compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from foretell.evaluate.inputs import EvaluationError

__all__ = ["METRICS", "Metric", "definition", "improvement", "is_material"]

SMALLEST_SHARE: Final = 0.01
"""Smaller differences, as a share of the baseline's value, are called slight even when they are certain."""

Direction = Literal["higher", "lower", "zero", "none"]
Form = Literal["number", "percent", "units"]


@dataclass(frozen=True)
class Metric:
    """How to read one metric.

    Attributes:
        label: The name shown to people.
        better: Which direction is better; ``zero`` means the closer to zero, ``none`` that there is no
            better.
        form: Whether it is shown as a plain number, a percentage, or in units of what is predicted.
        meaning: One plain sentence.
        formula: The exact definition, with its source.
    """

    label: str
    better: Direction
    form: Form
    meaning: str
    formula: str


METRICS: Final[dict[str, Metric]] = {
    "auc": Metric(
        "AUC",
        "higher",
        "number",
        "How often a case that happened is scored above one that did not; 0.5 is guessing, 1 is a perfect order.",
        "Weighted Mann-Whitney statistic, ties half (Hanley and McNeil 1982).",
    ),
    "average_precision": Metric(
        "Average precision",
        "higher",
        "number",
        "How clean the top of the list is; 1 is perfect, and guessing gives about the base rate.",
        "Mean over positives of precision at their score, no interpolation (Davis and Goadrich 2006).",
    ),
    "logloss": Metric(
        "Log loss",
        "lower",
        "number",
        "The price of being confidently wrong; 0 is perfect.",
        "Mean of minus the natural log of the probability given to what happened, clipped at 2.2e-16 (Good 1952).",
    ),
    "normalised_entropy": Metric(
        "Normalised entropy",
        "lower",
        "number",
        "Log loss against always answering the base rate; below 1 means the model knows something.",
        "Log loss divided by the entropy of the test window's base rate (He et al. 2014).",
    ),
    "brier": Metric(
        "Brier score",
        "lower",
        "number",
        "Average squared distance between the stated chance and what happened (0 or 1); 0 is perfect.",
        "Mean of (probability - outcome) squared (Brier 1950).",
    ),
    "ece": Metric(
        "Calibration error",
        "lower",
        "number",
        "How far stated chances are from what happened, on average; 0.03 means three percentage points.",
        "Mean over 15 bins of equal mass of |stated - observed|, equal scores in one bin (Nixon et al. 2019).",
    ),
    "accuracy": Metric(
        "Accuracy",
        "higher",
        "percent",
        "Share of cases answered rightly when yes is said from the threshold on.",
        "Right answers over all answers, at the threshold chosen on validation.",
    ),
    "precision": Metric(
        "Precision",
        "higher",
        "percent",
        "Of those picked, the share that was right; 0 where nothing is picked.",
        "At a threshold: hits over picks. At k: wanted items among the first k, divided by k.",
    ),
    "recall": Metric(
        "Recall",
        "higher",
        "percent",
        "Of those that mattered, the share that was found.",
        "At a threshold: hits over positives. At k: wanted items among the first k over all wanted items.",
    ),
    "f1": Metric(
        "F1",
        "higher",
        "number",
        "Precision and recall in one figure; 1 is perfect.",
        "Harmonic mean of precision and recall at the threshold chosen on validation.",
    ),
    "hit_rate": Metric(
        "Hit rate",
        "higher",
        "percent",
        "Share of people with at least one item they went on to want in their list.",
        "Share of lists with a wanted item among the first k of all items; people who wanted none are left out.",
    ),
    "ndcg": Metric(
        "NDCG",
        "higher",
        "number",
        "How many wanted items are in the list and how near the top; 1 is perfect.",
        "Binary gain, log2 discount, ideal list of min(k, wanted) items (Jarvelin and Kekalainen 2002).",
    ),
    "mrr": Metric(
        "Mean reciprocal rank",
        "higher",
        "number",
        "One over the place of the first wanted item, on average; 1 is perfect.",
        "Mean of 1 / place of the first wanted item, 0 where none is among the first k.",
    ),
    "coverage@": Metric(
        "Catalogue coverage",
        "none",
        "percent",
        "Share of the catalogue that is shown to somebody.",
        "Distinct items in the first k of any list over all items that could be recommended.",
    ),
    "popularity_share": Metric(
        "Popular items",
        "none",
        "percent",
        "Share of recommendations that fall on the shop's most popular items.",
        "Share of the first k that falls on the 1% of items with the most events in the training window.",
    ),
    "wape": Metric(
        "WAPE",
        "lower",
        "percent",
        "The errors added up, too much and too little alike, as a share of the total volume; 0 is perfect.",
        "Sum of |actual - median forecast| over sum of |actual| (Kolassa and Schuetz 2007).",
    ),
    "wql": Metric(
        "Weighted quantile loss",
        "lower",
        "number",
        "Error of the whole forecast range as a share of the total volume; 0 is perfect.",
        "2 x summed pinball loss over sum of |actual|, mean over the levels (Gasthaus et al. 2019).",
    ),
    "pinball": Metric(
        "Pinball loss",
        "lower",
        "units",
        "Error of the whole forecast range, in units per row; 0 is perfect.",
        "max(q e, (q - 1) e) with e = actual - quantile, mean of rows and levels (Koenker and Bassett 1978).",
    ),
    "mae": Metric(
        "Mean absolute error",
        "lower",
        "units",
        "Average distance between the middle forecast and what happened, in units.",
        "Mean of |actual - median forecast|.",
    ),
    "bias": Metric(
        "Bias",
        "zero",
        "percent",
        "Whether the total is forecast too high (plus) or too low (minus).",
        "Sum of (forecast - actual) over sum of actual. Every forecast by the same measure: its mean (a point "
        "forecast is its own); the median for all where the model states no mean.",
    ),
    "coverage": Metric(
        "Range coverage",
        "none",
        "percent",
        "Share of actual values inside the forecast range; it should be near the share the range states.",
        "Share of rows with lowest quantile <= actual <= highest quantile; the ends count as inside.",
    ),
    "qini": Metric(
        "Qini",
        "higher",
        "number",
        "What choosing people by predicted effect adds over choosing as many at random, in responses per head, on "
        "average over how many are chosen; 0 is random. An effect only where chance decided who was treated.",
        "Area between Qini curve (Y_t - Y_c N_t / N_c) / N and its random line, not normalised, ties grouped "
        "(Radcliffe 2007).",
    ),
    "uplift_auc": Metric(
        "Uplift area",
        "higher",
        "number",
        "As Qini, with the treated and the untreated weighed alike however many they are.",
        "Area between (Y_t / N_t - Y_c / N_c) s over share s and its random line, ties grouped "
        "(Gutierrez and Gerardy 2017).",
    ),
    "qini_normalised": Metric(
        "Qini, normalised",
        "higher",
        "number",
        "Qini as a share of what the best ranking possible on the same people would reach: 1 is perfect, 0 random.",
        "Area between Qini curve and random line divided by that of the ranking Y T - Y (1 - T), ties grouped; "
        "equal to scikit-uplift's qini_auc_score.",
    ),
    "autoc": Metric(
        "AUTOC",
        "higher",
        "number",
        "How much more than average the effect is among those ranked first, the very first most of all; 0 is random.",
        "Integral over shares q of mean doubly robust effect among the best-ranked q less that of all, ties spread "
        "evenly (Yadlowsky et al. 2021).",
    ),
    "policy_gain": Metric(
        "Gain per head",
        "higher",
        "number",
        "What a way of choosing whom to treat adds over treating nobody, per head of all it may choose from.",
        "Mean of sum_k p_k (G_k - G_0) with doubly robust scores G (Dudik et al. 2011).",
    ),
    "policy_value": Metric(
        "Value per head",
        "higher",
        "number",
        "The outcome per head had this way of choosing been followed.",
        "Mean of sum_k p_k G_k with doubly robust scores G (Dudik et al. 2011).",
    ),
    "policy_value_ipw": Metric(
        "Value per head, by weighting",
        "higher",
        "number",
        "The same from those who happened to be treated as the policy would have.",
        "Mean outcome weighted by p_arm / e_arm, weights summing to one (Swaminathan and Joachims 2015).",
    ),
    "policy_net": Metric(
        "Net gain per head",
        "higher",
        "number",
        "The gain in money less what treating costs.",
        "Worth of the outcome times the gain, less cost times the share treated.",
    ),
}
"""Every metric of a report, by name; ``ndcg@10`` is found under ``ndcg``, ``coverage@10`` under
``coverage@``."""


def definition(name: str) -> Metric:
    """How to read the metric ``name``, with its cut in the label where it has one.

    Raises:
        EvaluationError: If there is no such metric.

    Example:
        >>> definition("ndcg@10").label
        'NDCG@10'
    """
    base, at, cut = name.partition("@")
    found = METRICS.get(base + at) or METRICS.get(base)
    if found is None:
        raise EvaluationError(
            "There is no such metric.", received=repr(name), remedy=f"Known: {', '.join(sorted(METRICS))}."
        )
    if not at:
        return found
    return Metric(f"{found.label}@{cut}", found.better, found.form, found.meaning, found.formula)


def is_material(name: str, *, difference: float, reference: float) -> bool:
    """Whether a difference is large enough to matter: at least one percent of the baseline's value.

    For AUC it is one percent of the half that lies above guessing: 0.005.

    Example:
        >>> is_material("auc", difference=0.001, reference=0.87), is_material("wape", difference=-0.02, reference=0.4)
        (False, True)
    """
    return abs(difference) >= SMALLEST_SHARE * (0.5 if name == "auc" else abs(reference))


def improvement(name: str, *, difference: float) -> float:
    """A difference (mine minus baseline) turned so that positive is better; zero where neither is.

    Example:
        >>> improvement("logloss", difference=-0.1)
        0.1
    """
    better = definition(name).better
    return difference if better == "higher" else -difference if better == "lower" else 0.0
