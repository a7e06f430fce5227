"""Which campaign draws whom: P(a targeted customer redeems within the campaign), and who was not targeted.

This module owns the label and the comparison group. It refuses to call a difference an effect: that needs the
adjustment and the warnings of ``evaluate``.
"""

from __future__ import annotations

import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY

__all__ = ["examples"]


def examples(log: EventLog, task: Task, *, start: int, end: int) -> pl.DataFrame:
    """One example per known user and campaign that starts at or after ``start`` and ends by ``end``.

    A campaign is followed to its end, at most ``task.horizon_days``.

    The cutoff is one microsecond before the campaign reaches its customers, so that the mailing itself is not
    yet visible. Label: the user redeemed a coupon of this campaign, or, where the log has no redemptions,
    bought within the campaign.

    Returns:
        ``user_id, cutoff, campaign_id, kind, duration_days, treated, label, amount`` (spent in the campaign).

    Raises:
        InsufficientDataError: If the log has no campaigns or does not say whom they reached.
    """
    campaigns, treatments = log.table("campaigns"), log.table("treatments")
    if campaigns is None or treatments is None:
        raise InsufficientDataError(
            "There are no campaigns to learn from.",
            received="no campaigns or no treatments table",
            remedy="Add campaigns (campaign_id, start, end) and treatments (campaign_id, user_id, treated).",
        )
    finish = pl.min_horizontal(pl.col(columns.END), pl.col(columns.START) + task.horizon_days * DAY)
    inside = campaigns.filter((pl.col(columns.START) >= start) & (finish <= end))
    if columns.KIND not in inside.columns:
        inside = inside.with_columns(pl.lit("campaign").alias(columns.KIND))
    parts = [_one_campaign(log, task, row, treatments) for row in inside.sort(columns.START).iter_rows(named=True)]
    return pl.concat(parts) if parts else _empty()


def _one_campaign(log: EventLog, task: Task, campaign: dict[str, object], treatments: pl.DataFrame) -> pl.DataFrame:
    campaign_id, begin, end = campaign[columns.CAMPAIGN_ID], int(str(campaign["start"])), int(str(campaign["end"]))
    end = min(end, begin + task.horizon_days * DAY)
    listed = treatments.filter(pl.col(columns.CAMPAIGN_ID) == campaign_id)
    # A row that does not say otherwise is a treatment; somebody listed twice was reached if any row says so.
    says = pl.col(columns.TREATED).cast(pl.Boolean) if columns.TREATED in listed.columns else pl.lit(True)
    listed = listed.group_by(columns.USER_ID).agg(says.fill_null(True).any().alias(columns.TREATED))
    known = log.events.filter(pl.col(columns.TIME) < begin).select(columns.USER_ID).unique().sort(columns.USER_ID)
    during = log.events.filter((pl.col(columns.TIME) >= begin) & (pl.col(columns.TIME) <= end))
    redeemed = during.filter(_is_redemption(log, campaign_id)).select(columns.USER_ID).unique()
    bought = during.filter(pl.col(columns.ACTION) == columns.PURCHASE)
    value = pl.col(columns.VALUE) if columns.VALUE in bought.columns else pl.lit(1.0)
    # First a column, then its sum: the sum of a constant alone would be that constant, whatever the group holds.
    amounts = bought.select(columns.USER_ID, value.fill_null(0.0).alias("amount"))
    amount = amounts.group_by(columns.USER_ID).agg(pl.col("amount").sum())
    return (
        known.join(listed, on=columns.USER_ID, how="left", maintain_order="left")
        .join(redeemed.with_columns(pl.lit(1.0).alias(columns.LABEL)), on=columns.USER_ID, how="left")
        .join(amount, on=columns.USER_ID, how="left")
        .sort(columns.USER_ID)
        .select(
            columns.USER_ID,
            pl.lit(begin - 1, dtype=pl.Int64).alias(columns.CUTOFF),
            pl.lit(str(campaign_id)).alias(columns.CAMPAIGN_ID),
            pl.lit(str(campaign[columns.KIND])).alias(columns.KIND),
            pl.lit((end - begin) / 86_400e6).alias("duration_days"),
            pl.col(columns.TREATED).fill_null(False),
            pl.col(columns.LABEL).fill_null(0.0),
            pl.col("amount").fill_null(0.0),
        )
    )


def _is_redemption(log: EventLog, campaign_id: object) -> pl.Expr:
    """Redemptions of this campaign; purchases where the log knows no redemptions."""
    has_redemptions = bool((log.events[columns.ACTION] == columns.COUPON_REDEEMED).any())
    if not has_redemptions or columns.CAMPAIGN_ID not in log.events.columns:
        return pl.col(columns.ACTION) == columns.PURCHASE
    return (pl.col(columns.ACTION) == columns.COUPON_REDEEMED) & (pl.col(columns.CAMPAIGN_ID) == str(campaign_id))


def _empty() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            columns.USER_ID: pl.String,
            columns.CUTOFF: pl.Int64,
            columns.CAMPAIGN_ID: pl.String,
            columns.KIND: pl.String,
            "duration_days": pl.Float64,
            columns.TREATED: pl.Boolean,
            columns.LABEL: pl.Float64,
            "amount": pl.Float64,
        }
    )
