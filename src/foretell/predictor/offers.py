"""What the shop puts before its customers around a moment: the next campaign, the current placements.

This module owns that choice for answers asked without naming a campaign or a placement. It refuses to invent one.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.time import DAY
from foretell.predictor.view import ShopView

__all__ = ["Campaign", "campaign_at", "placements_at"]


@dataclass(frozen=True)
class Campaign:
    """A campaign as far as a prediction needs it."""

    campaign_id: str
    kind: str
    duration_days: float


def campaign_at(view: ShopView, *, cutoff: int, horizon_days: int) -> Campaign:
    """The next campaign at or after the cutoff, else the latest one: "if one like it started now".

    As in training, a campaign is followed to its end, at most for ``horizon_days``.

    Raises:
        InsufficientDataError: If the shop never had a campaign.
    """
    campaigns = view.tables.get("campaigns")
    if campaigns is None or not campaigns.height:
        raise InsufficientDataError(
            "There is no campaign to ask about.", received="no campaigns table", remedy="Add a campaigns table."
        )
    ahead = campaigns.filter(pl.col(columns.START) >= cutoff).sort(columns.START, columns.CAMPAIGN_ID)
    row = (ahead if ahead.height else campaigns.sort(columns.START, columns.CAMPAIGN_ID).tail(1)).row(0, named=True)
    days = min((row[columns.END] - row[columns.START]) / DAY, float(horizon_days))
    return Campaign(str(row[columns.CAMPAIGN_ID]), str(row.get(columns.KIND) or "campaign"), days)


def placements_at(view: ShopView, *, cutoff: int, n: int) -> pl.DataFrame:
    """The ``n`` placements shown most in the last week that had any before the cutoff.

    Returns:
        ``item_id, position, channel``.

    Raises:
        InsufficientDataError: If nothing was shown before the cutoff.
    """
    exposures = view.tables.get("exposures")
    past = None if exposures is None else exposures.filter(pl.col(columns.TIME) <= cutoff - _delay(exposures))
    if past is None or not past.height:
        raise InsufficientDataError(
            "There is no placement to ask about.", received="no exposure before this moment", remedy="Ask later."
        )
    latest = int(str(past[columns.TIME].max()))
    return view.recall(("shown", latest, n), lambda: _most_shown(past, latest=latest, n=n))


def _delay(exposures: pl.DataFrame) -> int:
    """How old exposures must be to be looked at, in microseconds.

    Which rows a thinned log keeps depends on what was bought in the week after them; that week must be over.
    """
    thinned = columns.WEIGHT in exposures.columns and bool((exposures[columns.WEIGHT] != 1.0).any())
    return 7 * DAY if thinned else 0


def _most_shown(past: pl.DataFrame, *, latest: int, n: int) -> pl.DataFrame:
    keys = [columns.ITEM_ID, columns.POSITION, columns.CHANNEL]
    lately = past.filter(pl.col(columns.TIME) > latest - 7 * DAY).with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in keys if name not in past.columns
    )
    weight = pl.col(columns.WEIGHT) if columns.WEIGHT in lately.columns else pl.lit(1.0)
    shown = lately.group_by(keys).agg(weight.sum().alias("shown"))
    return shown.sort(["shown", *keys], descending=[True, False, False, False]).head(n).select(keys)
