"""Rank metrics of predicted effects against unbiased scores of the true ones, from one sort.

This module owns the targeting operator characteristic and the area under it (AUTOC), and the area of the cumulative
gain, for a batch of weightings. It refuses to make the scores (doubly robust ones come from a trial).
"""

from __future__ import annotations

import numpy as np

from foretell.evaluate.inputs import FloatArray, IntArray
from foretell.evaluate.resampled import ratio

__all__ = ["OrderedEffects"]


class OrderedEffects:
    """People ordered by descending predicted effect once; those with equal predictions enter together.

    With ``G(q)`` the mean score of the best-ranked share ``q``, ``TOC(q) = G(q) - G(1)``. AUTOC is its integral over
    ``q`` from 0 to 1, the gain area that of ``q TOC(q)``. Within a group of equal predictions the scores are spread
    evenly, as if the group's order were drawn at random; both integrals are exact.

    Args:
        effect: A score whose mean over any group is the group's effect, shape ``[n]``.
        score: Whom to target first, shape ``[n]``.

    Example:
        >>> rows = OrderedEffects(np.array([2.0, 0.0]), score=np.array([0.9, 0.1]))
        >>> [round(float(area), 4) for area in rows.areas(np.ones((1, 2)))[0]]
        [0.6931, 0.25]

    References:
        Yadlowsky, Fleming, Shah, Brunskill and Wager, "Evaluating treatment prioritization rules via rank-weighted
        average treatment effects", JASA 2024 (arXiv 2111.07966), equations 2.2 and 2.5 and, for ties, section 3.
    """

    def __init__(self, effect: FloatArray, *, score: FloatArray) -> None:
        self._order: IntArray = np.argsort(-score, kind="stable").astype(np.int64)
        ordered = score[self._order]
        self._ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) if len(ordered) else self._order
        self._effect = effect[self._order]

    def curve(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Share targeted and gain per head (``q G(q)``) at each group's end, each ``[r, m + 1]``, from zero."""
        ordered = np.take(weight, self._order, axis=1)
        total = ordered.sum(axis=1, keepdims=True)
        share = ratio(np.cumsum(ordered, axis=1)[:, self._ends], denominator=total)
        gain = ratio(np.cumsum(ordered * self._effect, axis=1)[:, self._ends], denominator=total)
        return np.pad(share, ((0, 0), (1, 0))), np.pad(gain, ((0, 0), (1, 0)))

    def areas(self, weight: FloatArray) -> FloatArray:
        """AUTOC and gain area of each weighting ``[r, n]``, shape ``[r, 2]``."""
        share, gain = self.curve(weight)
        low, high = share[:, :-1], share[:, 1:]
        width = high - low
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(width > 0, (gain[:, 1:] - gain[:, :-1]) / width, 0.0)
            # The integral of (g0 + slope (q - low)) / q; the first group begins at zero gain, so its log drops out.
            logs = np.where(low > 0, (gain[:, :-1] - slope * low) * np.log(high / low), 0.0)
        autoc = (slope * width + logs).sum(axis=1) - gain[:, -1]
        area = np.trapezoid(gain - gain[:, -1:] * share, share, axis=1)
        return np.stack([autoc, area], axis=1)
