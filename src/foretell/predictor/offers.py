"""The campaign the shop puts before its customers around a moment: the next one, else one like the latest.

This module owns that choice for answers asked without naming a campaign. It refuses to invent one.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.time import DAY
from foretell.predictor.view import ShopView

__all__ = ["Campaign", "campaign_at"]


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
