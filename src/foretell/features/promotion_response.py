"""What an item's promotions have gone with so far, and which are planned for the coming weeks.

This module owns the promotion features of demand: the plan of each target week, past plans, and units sold
with and without them. It refuses to call the difference an effect: shops promote what sells.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foretell.features.codes import divide
from foretell.features.lags import WEEK, Lags
from foretell.features.promotions import Promotions

__all__ = ["promotion_features"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_PROMOTED_SHARE = 0.5
"""A week counts as promoted if at least this share of it was."""

_PRIOR_WEEKS = 4.0
"""How many weeks of no response each item's own response is weighed against."""


def promotion_features(
    promotions: Promotions, *, item: Integers, cutoffs: Integers, weeks: int, lags: Lags
) -> Iterator[tuple[str, Floats]]:
    """By promotion column, features of cells (``[I * C]``) or of their target weeks (``[I * C * weeks]``).

    ``units_slope`` is the ridge regression of the past weeks' units on the column, drawn towards no response
    as if four more weeks had shown none; ``expected_units`` applies it to the plan of the target week.
    """
    if not promotions.names:
        return
    n_lags = len(lags.units)
    over = promotions.over(item, bounds=cutoffs[:, None] + np.arange(-n_lags, weeks + 1) * WEEK)
    # Weeks come oldest first out of the bounds; lags are newest first.
    promoted = {name: covered[:, n_lags - 1 :: -1].T >= _PROMOTED_SHARE for name, (_, covered) in over.items()}
    plain = lags.mean(lags.units, last=n_lags, where=~np.logical_or.reduce(list(promoted.values())))
    yield "plain_week_units_mean", plain
    for name, (mean, _) in over.items():
        plan = np.ascontiguousarray(mean[:, n_lags:])
        past = np.ascontiguousarray(mean[:, n_lags - 1 :: -1].T)
        yield f"promotion_{name}", plan.ravel()
        yield f"promotion_{name}_week_1", past[0]
        for n_weeks in (4, 13):
            yield f"promotion_{name}_mean_{n_weeks}_weeks", lags.mean(past, last=n_weeks)
        sold = lags.mean(lags.units, last=n_lags, where=promoted[name])
        yield f"promotion_{name}_units_mean", sold
        yield f"promotion_{name}_uplift_ratio", divide(sold, plain)
        slope, usual_plan, usual_units = _response(lags, past)
        yield f"promotion_{name}_units_slope", slope
        expected = usual_units[:, None] + slope[:, None] * (plan - usual_plan[:, None])
        yield f"promotion_{name}_expected_units", np.maximum(expected, 0.0).ravel()


def _response(lags: Lags, past: Floats) -> tuple[Floats, Floats, Floats]:
    """Ridge slope of units on a promotion column over the past weeks, and the means of both."""
    n_lags = len(past)
    usual_plan, usual_units = lags.mean(past, last=n_lags), lags.mean(lags.units, last=n_lags)
    together = lags.total((past - usual_plan) * (lags.units - usual_units), last=n_lags)
    spread = lags.total((past - usual_plan) ** 2, last=n_lags)
    # The prior counts weeks of full promotion (1.0), or of the largest plan seen where that is more.
    largest = np.maximum(np.where(lags.known, np.abs(past), 0.0).max(axis=0), 1e-9)
    weight = _PRIOR_WEEKS * (largest / 2) ** 2
    slope = np.where(np.isnan(usual_plan), np.nan, together / (np.nan_to_num(spread) + weight))
    return slope, usual_plan, usual_units
