"""Every figure of one ranking by predicted effect, on one arm against control, ready to be resampled.

This module owns Qini (per head, and normalised as scikit-uplift does), the uplift area and AUTOC side by side, and the
table of effects by tenth. It refuses to call an effect causal: the caller says whether chance decided.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.evaluate.calibration import equal_mass_bins
from foretell.evaluate.inputs import Clusters, FloatArray
from foretell.evaluate.ordered_effects import OrderedEffects
from foretell.evaluate.ordered_uplift import OrderedUplift
from foretell.evaluate.resampled import drawn_weights, ratio

__all__ = ["EffectStatistic", "effects_by_share", "perfect_score"]

_Z: Final = 1.959964


class EffectStatistic:
    """Qini, its normalised form, uplift area, AUTOC and gain area of one ranking.

    Args:
        outcome: 0 or 1, or an amount, shape ``[n]``.
        treated: 1 for the arm, 0 for anybody else, shape ``[n]``.
        score: The predicted effect, shape ``[n]``.
        effect: Doubly robust scores of the effect, shape ``[n]``: they hold for everybody, whatever arm they received.
        clusters: The resampling unit of each row.
        compared: Who received the arm or control, shape ``[n]``: Qini and the uplift area are over these; all if None.

    Example:
        >>> from foretell.evaluate.inputs import clusters
        >>> rows = EffectStatistic(
        ...     np.array([1.0, 0, 0, 0]), treated=np.array([1.0, 0, 1, 0]), score=np.array([0.9, 0.9, 0.1, 0.1]),
        ...     effect=np.array([2.0, 0, 0, 0]), clusters=clusters(None, n_rows=4),
        ... )
        >>> dict(zip(rows.names, rows.evaluate(np.ones((1, 4)))[0].round(4).tolist()))["qini_normalised"]
        0.6667

    References:
        Radcliffe, "Using control groups to target on predicted lift", 2007 (Qini); the normalised form divides by the
        area of the best ranking possible, ``Y T - Y (1 - T)``, as scikit-uplift's ``qini_auc_score`` does.
    """

    def __init__(
        self,
        outcome: FloatArray,
        *,
        treated: FloatArray,
        score: FloatArray,
        effect: FloatArray,
        clusters: Clusters,
        compared: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        rows = np.ones(len(outcome), dtype=bool) if compared is None else compared
        outcome, treated = outcome[rows], treated[rows]
        self.names: tuple[str, ...] = ("qini", "uplift_auc", "autoc", "gain_area")
        self._rows = OrderedUplift(outcome, treated=treated, score=score[rows])
        self._effects = OrderedEffects(effect, score=score)
        self._perfect: OrderedUplift | None = None
        if np.isin(outcome, (0.0, 1.0)).all():
            self.names = (*self.names, "qini_normalised")
            self._perfect = OrderedUplift(outcome, treated=treated, score=perfect_score(outcome, treated=treated))
        self._codes, self._compared = clusters.codes, clusters.codes[rows]
        self.n_rows = 6 * len(score)

    def evaluate(self, counts: FloatArray) -> FloatArray:
        """Figures of each draw in the order of ``names``, shape ``[r, m]``."""
        drawn = drawn_weights(counts, codes=self._compared, weight=np.ones(len(self._compared)))
        everybody = drawn_weights(counts, codes=self._codes, weight=np.ones(len(self._codes)))
        areas = self._rows.areas(drawn)
        columns = [areas, self._effects.areas(everybody)]
        if self._perfect is not None:
            best = self._perfect.areas(drawn)[:, :1]
            columns.append(ratio(areas[:, :1], denominator=best))
        return np.concatenate(columns, axis=1)


def perfect_score(outcome: FloatArray, *, treated: FloatArray) -> FloatArray:
    """The ranking no model can beat on these rows: responders treated first, responders in control last.

    Example:
        >>> perfect_score(np.array([1.0, 0, 1]), treated=np.array([1.0, 1, 0])).tolist()
        [1.0, 0.0, -1.0]
    """
    best: FloatArray = outcome * treated - outcome * (1 - treated)
    return best


def effects_by_share(score: FloatArray, *, effect: FloatArray, bins: int = 10) -> dict[str, list[float]]:
    """Predicted and observed effect in bins of equal size, best predictions first.

    Args:
        score: The predicted effect, shape ``[n]``.
        effect: Doubly robust scores of the effect, shape ``[n]``.
        bins: How many bins; people with equal predictions share one, so there may be fewer.

    Returns:
        ``predicted``, ``observed``, ``low``, ``high`` (95 %, normal) and ``share`` of the people, a value per bin.

    Example:
        >>> table = effects_by_share(np.array([0.1, 0.2, 0.3, 0.4]), effect=np.array([0.0, 0, 1, 1]), bins=2)
        >>> table["observed"]
        [1.0, 0.0]
    """
    place = equal_mass_bins(score, weight=np.ones(len(score)), bins=bins)
    size = np.bincount(place, minlength=bins).astype(np.float64)
    used = np.flatnonzero(size)[::-1]
    size = size[used]
    predicted, observed, squares = (
        np.bincount(place, weights=values, minlength=bins)[used] / size for values in (score, effect, effect**2)
    )
    half = _Z * np.sqrt(np.maximum(squares - observed**2, 0.0) / np.maximum(size - 1, 1.0))
    return {
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "low": (observed - half).tolist(),
        "high": (observed + half).tolist(),
        "share": (size / size.sum()).tolist(),
    }
