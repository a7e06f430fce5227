"""Uplift curves from one sort: people are ordered by score once, then any number of weightings is scored.

This module owns the cumulative counts behind the Qini and uplift curves and their areas for a batch of
weightings. It refuses to check its input (``uplift``).
"""

from __future__ import annotations

import numpy as np

from foretell.evaluate.inputs import FloatArray, IntArray

__all__ = ["OrderedUplift"]


class OrderedUplift:
    """Rows ordered by descending score once, ready for many weightings; equal scores are one step.

    Args:
        label: 0 or 1, shape ``[n]``.
        treated: 0 or 1, shape ``[n]``.
        score: Whom to target first, shape ``[n]``.

    Example:
        >>> label, treated = np.array([1.0, 0.0]), np.array([1.0, 0.0])
        >>> rows = OrderedUplift(label, treated=treated, score=np.array([0.5, 0.5]))
        >>> rows.areas(np.ones((1, 2)))[0].tolist()
        [0.0, 0.0]
    """

    def __init__(self, label: FloatArray, *, treated: FloatArray, score: FloatArray) -> None:
        self._order: IntArray = np.argsort(-score, kind="stable").astype(np.int64)
        ordered = score[self._order]
        last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, dtype=bool)
        self._ends = np.flatnonzero(last)
        self._label = label[self._order]
        self._treated = treated[self._order]

    def cumulative(self, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Running totals at the end of each group of equal scores.

        Args:
            weight: Row weights, shape ``[r, n]``.

        Returns:
            ``(n_treated, n_control, responses_treated, responses_control)``, each of shape ``[r, m + 1]``,
            from zero.
        """
        ordered = np.take(weight, self._order, axis=1)
        masks = (
            self._treated,
            1 - self._treated,
            self._treated * self._label,
            (1 - self._treated) * self._label,
        )
        treated, control, yes_treated, yes_control = (
            np.pad(np.cumsum(ordered * mask, axis=1)[:, self._ends], ((0, 0), (1, 0))) for mask in masks
        )
        return treated, control, yes_treated, yes_control

    def qini(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Share targeted and Qini gain per head, each ``[r, m + 1]``, for weightings ``[r, n]``."""
        treated, control, yes_treated, yes_control = self.cumulative(weight)
        share, total = _shares(treated, control)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = np.where(control > 0, yes_control * treated / control, 0.0)
            return share, (yes_treated - expected) / total

    def uplift(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Share targeted and uplift gain per head, each ``[r, m + 1]``, for weightings ``[r, n]``."""
        treated, control, yes_treated, yes_control = self.cumulative(weight)
        share, _ = _shares(treated, control)
        with np.errstate(divide="ignore", invalid="ignore"):
            effect = yes_treated / treated - yes_control / control
        return share, np.where((treated > 0) & (control > 0), effect, 0.0) * share

    def areas(self, weight: FloatArray) -> FloatArray:
        """Areas between curve and random line of each weighting.

        Args:
            weight: Row weights, shape ``[r, n]``.

        Returns:
            Shape ``[r, 2]``: Qini, uplift; NaN where nobody, or everybody, is treated.
        """
        results = []
        for share, gain in (self.qini(weight), self.uplift(weight)):
            area = np.trapezoid(gain - gain[:, -1:] * share, share, axis=1)
            results.append(area)
        treated, control, *_ = self.cumulative(weight)
        undefined = (treated[:, -1] <= 0) | (control[:, -1] <= 0)
        stacked = np.stack(results, axis=1)
        stacked[undefined] = np.nan
        return stacked


def _shares(treated: FloatArray, control: FloatArray) -> tuple[FloatArray, FloatArray]:
    people = treated + control
    total = people[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, people / total, 0.0), total
