"""The one-line rule: one feature, one threshold, one effect on either side.

This module owns the search for the rule that a person could have written (``womens == 1``). It always stands beside
the learners, because it often does as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from foretell.model.uplift.contract import Floats, Table, Trial, UpliftModel
from foretell.model.uplift.scores import doubly_robust_scores

__all__ = ["effects", "fit", "rule_words"]

_CUTS: Final = 16
_FEWEST_SHARE: Final = 0.05


def fit(trial: Trial, size: Mapping[str, Any], seed: int) -> UpliftModel:
    """Find, for each arm, the split whose two sides differ most in effect for their spread; nothing is drawn or grown.

    The effect of a person is the difference of doubly robust scores with the arms' means as levels; of all splits
    (at most 16 thresholds a feature, at least 5 % of the people on either side) the one with the largest
    ``|t|`` (Welch) is taken. A missing value counts as below.
    """
    del size, seed
    means = np.array([trial.outcome[trial.arm == arm].mean() for arm in range(trial.n_arms + 1)])
    scores = doubly_robust_scores(trial, levels=np.tile(means, (len(trial.outcome), 1)))
    rules: dict[str, list[float]] = {"feature": [], "cut": [], "above": [], "below": []}
    for arm in range(1, trial.n_arms + 1):
        effect = scores[:, arm] - scores[:, 0]
        best = (-1.0, 0, -np.inf, float(effect.mean()), float(effect.mean()))
        for feature, column in enumerate(trial.features.T):
            for cut in _cuts(column):
                above = column > cut
                share = above.mean()
                if not _FEWEST_SHARE <= share <= 1 - _FEWEST_SHARE:
                    continue
                high, low = effect[above], effect[~above]
                spread = np.sqrt(high.var() / len(high) + low.var() / len(low))
                strength = abs(high.mean() - low.mean()) / max(float(spread), 1e-12)
                if strength > best[0]:
                    best = (float(strength), feature, float(cut), float(high.mean()), float(low.mean()))
        for name, value in zip(rules, best[1:], strict=True):
            rules[name].append(float(value))
    return UpliftModel("one_line_rule", trial.n_arms, {}, rules)


def _cuts(column: Table) -> Floats:
    known = column[np.isfinite(column)]
    if not len(known):
        return np.zeros(0)
    levels = np.unique(known)
    if len(levels) > _CUTS:
        levels = np.unique(np.quantile(known, np.linspace(0, 1, _CUTS + 2)[1:-1]))
        return levels.astype(np.float64)
    return (levels[:-1].astype(np.float64) + levels[1:]) / 2


def effects(model: UpliftModel, features: Table) -> Floats:
    """The effect of the side a person is on, ``[n, K]``."""
    rules = model.numbers
    columns = [
        np.where(features[:, int(feature)] > cut, above, below)
        for feature, cut, above, below in zip(
            rules["feature"], rules["cut"], rules["above"], rules["below"], strict=True
        )
    ]
    return np.stack(columns, axis=1)


def rule_words(model: UpliftModel, *, names: tuple[str, ...], arm: int) -> str:
    """The rule of an arm (1 to K) as somebody would write it.

    Example:
        >>> rule = UpliftModel("one_line_rule", 1, {}, {"feature": [0.0], "cut": [0.5], "above": [0.1], "below": [0.0]})
        >>> rule_words(rule, names=("womens",), arm=1)
        'womens > 0.5 first'
    """
    rules, place = model.numbers, arm - 1
    if not np.isfinite(rules["cut"][place]):
        return "no split"
    sign = ">" if rules["above"][place] >= rules["below"][place] else "<="
    return f"{names[int(rules['feature'][place])]} {sign} {rules['cut'][place]:g} first"
