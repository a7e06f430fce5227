"""What each kind of question needs of a log, measured.

This module owns the thresholds and the counting behind the data-sufficiency gates. It refuses verdicts
(``gates``). The firm numbers are those that commercial systems publish for the same predictions.

References:
    Klaviyo, "Understanding Klaviyo's predictive analytics": 500 buyers, 180 days of history, orders in the
    last 30, some customers with three or more. Google Analytics 4, "Predictive metrics": 1,000 positive and 1,000
    negative examples. Amazon Personalize, "Quotas": 1,000 interactions; 25 users with two or more interactions each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.task import Kind, Task
from foretell.core.time import DAY
from foretell.prepare.conditions import in_words, on_items, trouble_with

__all__ = ["MEASURES", "Facts", "Requirement", "facts_of"]

_WEEK: Final = 7 * DAY

Measure = Callable[[EventLog, Task], "list[Requirement]"]


@dataclass(frozen=True)
class Requirement:
    """One thing a question needs.

    Attributes:
        name: A short name, as in ``Gate.needs`` and ``Gate.has``.
        words: What is counted, in the plural.
        has: How much of it the log has.
        least: Below this the question is refused.
        firm: Below this the answer is given with a warning.
        remedy: How to get more of it.
    """

    name: str
    words: str
    has: float
    least: float
    firm: float
    remedy: str


@dataclass(frozen=True)
class Facts:
    """What of a log every measure starts from.

    Attributes:
        events: What customers did (nothing that the shop did to them).
        counted: Those of ``events`` that are the task's action on the task's items.
        first: The first moment in ``events``, in microseconds.
        last: The last one.
    """

    events: pl.DataFrame
    counted: pl.DataFrame
    first: int
    last: int

    @property
    def span_days(self) -> float:
        """Days from the first event to the last."""
        return (self.last - self.first) / DAY


def facts_of(log: EventLog, task: Task) -> Facts:
    """Count what ``task`` counts; a condition on an attribute the items lack matches nothing."""
    events = log.events.filter(~pl.col(columns.ACTION).is_in(columns.SHOP_ACTIONS))
    counted = events.filter(pl.col(columns.ACTION) == task.action)
    if task.where:
        counted = on_items(counted, log.table("items"), task.where)
    times = events[columns.TIME]
    first, last = (int(str(times.min())), int(str(times.max()))) if len(times.drop_nulls()) else (0, 0)
    return Facts(events, counted, first, last)


def _customers(facts: Facts, task: Task) -> list[Requirement]:
    """What every question needs: some customers, the action, and time for learning, choosing and testing."""
    n_users = facts.events[columns.USER_ID].n_unique()
    asked, remedy = f"events with the action {task.action!r}", ""
    if task.where:
        asked += f" on items with {in_words(task.where)}"
        remedy = " Items fit the condition; check that events name them by the ids of the items table."
    return [
        Requirement("users", "customers", n_users, 2, 100, "Bring the events of more customers."),
        Requirement(
            "actions",
            asked,
            facts.counted.height,
            1,
            1,
            f"Check that the log holds {task.action!r} events and that they are mapped to that name.{remedy}",
        ),
        Requirement(
            "days",
            "days of data",
            round(facts.span_days, 1),
            3 * task.horizon_days,
            6 * task.horizon_days,
            "Bring a longer log, shorten the horizon or set split.test_days and split.validation_days: learning, "
            "choosing and testing need a horizon each.",
        ),
    ]


def _buyers(facts: Facts, log: EventLog) -> list[Requirement]:
    """Klaviyo's gate: buyers, history, some with three orders or more, and orders that are not long past."""
    last_order = facts.counted[columns.TIME].max()
    newest = log.events[columns.TIME].max()
    quiet_days = 0.0 if last_order is None or newest is None else (int(str(newest)) - int(str(last_order))) / DAY
    return [
        Requirement(
            "buyers",
            "customers with that action",
            facts.counted[columns.USER_ID].n_unique(),
            2,
            500,
            "Bring the events of more customers.",
        ),
        Requirement("history", "days of history", round(facts.span_days, 1), 0, 180, "Bring a longer log."),
        Requirement(
            "regulars",
            "customers who did it three times or more",
            _regulars(facts.counted),
            0,
            10,
            "How long a customer waits between orders is learned from those who come back: bring a longer log.",
        ),
        Requirement(
            "recent",
            "days of the last 30 since that action was last seen",
            round(max(0.0, 30 - quiet_days), 1),
            0,
            0.1,
            "The action has stopped before the log ends: check that the export is complete.",
        ),
    ]


def _regulars(counted: pl.DataFrame) -> int:
    """Customers with three or more orders: lines of one order share its id, or else its moment."""
    order = pl.col(columns.TIME).cast(pl.String)
    if columns.ORDER_ID in counted.columns:
        order = pl.coalesce(columns.ORDER_ID, order)
    orders = counted.group_by(columns.USER_ID).agg(order.n_unique().alias("n_orders"))
    return orders.filter(pl.col("n_orders") >= 3).height


def _windows(facts: Facts, frame: pl.DataFrame, horizon_days: int) -> pl.DataFrame:
    """The distinct pairs of user and horizon-long window, windows counted back from the end of the log."""
    window = ((facts.last - pl.col(columns.TIME)) // (horizon_days * DAY)).alias("window")
    return frame.select(columns.USER_ID, window).unique()


def _both_answers(yes: tuple[str, int], no: tuple[str, int]) -> list[Requirement]:
    """GA4's gate: enough examples of either answer; below 50 nothing can be learned, whatever the method."""
    more = "Bring more customers or a longer log, or choose a horizon at which both answers are common."
    return [
        Requirement("positives", yes[0], yes[1], 50, 1000, more),
        Requirement("negatives", no[0], no[1], 50, 1000, more),
    ]


def _purchase(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    positives = _windows(facts, facts.counted, task.horizon_days).height
    first_windows = facts.events.group_by(columns.USER_ID).agg(pl.col(columns.TIME).min())
    known = first_windows.select(((facts.last - pl.col(columns.TIME)) // (task.horizon_days * DAY) + 1).sum()).item()
    answers = _both_answers(
        (f"customers and periods of {task.horizon_days} days with a {task.action}", positives),
        (
            f"customers and periods of {task.horizon_days} days without a {task.action}",
            int(known or 0) - positives,
        ),
    )
    return [*_customers(facts, task), *answers, *_buyers(facts, log)]


def _churn(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    active = _windows(facts, facts.counted, task.horizon_days)
    before = active.filter(pl.col("window") > 0).with_columns((pl.col("window") - 1).alias("window"))
    stayed = before.join(active, on=[columns.USER_ID, "window"], how="semi").height
    answers = _both_answers(
        (f"customers lost from one period of {task.horizon_days} days to the next", before.height - stayed),
        (f"customers kept from one period of {task.horizon_days} days to the next", stayed),
    )
    return [*_customers(facts, task), *answers, *_buyers(facts, log)]


def _amount(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    counted, some = facts.counted, f"a {task.action}"
    remedy = "Bring more customers or a longer log, or choose a horizon within which more of them do it."
    if task.measure == "value":
        some += " that is worth something"
        remedy = f"Check that {task.action!r} events carry a value. {remedy}"
        has_value = columns.VALUE in counted.columns
        counted = counted.filter(pl.col(columns.VALUE) > 0) if has_value else counted.clear()
    if task.measure == "quantity" and columns.QUANTITY not in counted.columns:
        some += " of a known quantity"
        remedy = f"Map the quantity of {task.action!r} events, or ask for their count. {remedy}"
        counted = counted.clear()
    n_some = _windows(facts, counted, task.horizon_days).height
    words = f"customers and periods of {task.horizon_days} days with {some}"
    return [
        *_customers(facts, task),
        Requirement("positives", words, n_some, 50, 1000, remedy),
        *_buyers(facts, log),
    ]


def _recommend(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    has_items = columns.ITEM_ID in facts.counted.columns
    on_items = facts.counted.drop_nulls(columns.ITEM_ID) if has_items else facts.counted.clear()
    repeaters = on_items.group_by(columns.USER_ID).len().filter(pl.col("len") >= 2).height
    n_items = on_items[columns.ITEM_ID].n_unique() if on_items.height else 0
    more = "Bring more events that name an item_id."
    return [
        *_customers(facts, task),
        Requirement("interactions", f"{task.action} events that name an item", on_items.height, 1000, 1000, more),
        Requirement("repeaters", "customers with two or more of them", repeaters, 25, 500, more),
        Requirement("items", "distinct items among them", n_items, 2, 50, more),
    ]


def _ad(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    shown, log_it = _shown(log)
    n_shown, responses = shown.height, 0
    if shown.height and {columns.ITEM_ID} <= set(shown.columns) & set(facts.counted.columns):
        pair = [columns.USER_ID, columns.ITEM_ID]
        numbered = shown.select(*pair, columns.TIME).with_row_index("exposure")
        responses = (
            numbered.lazy()
            .join(facts.counted.lazy().select(*pair, pl.col(columns.TIME).alias("responded")), on=pair)
            .filter((pl.col("responded") - pl.col(columns.TIME)).is_between(1, task.horizon_days * DAY))
            .select(pl.col("exposure").n_unique())
            .collect()
            .item()
        )
    return [
        *_customers(facts, task),
        Requirement("exposures", "exposures (an item shown to a customer)", n_shown, 100, 1000, log_it),
        Requirement("responses", f"exposures answered by a {task.action}", int(responses), 50, 100, log_it),
    ]


def _shown(log: EventLog) -> tuple[pl.DataFrame, str]:
    """The exposures, as the ad task takes them, and how to get more: the table unless it is empty, else impressions.

    An impression that names no item says nothing about what was shown.
    """
    remedy = "Log what was shown: events with action 'impression' and item_id, or a table of exposures."
    table = log.table("exposures")
    if table is not None and table.height:
        return table, remedy
    if columns.ITEM_ID in log.events.columns:
        named = pl.col(columns.ITEM_ID).is_not_null()
        shown = log.events.filter((pl.col(columns.ACTION) == columns.IMPRESSION) & named)
    else:
        shown = log.events.clear()
    if table is not None and not shown.height:
        remedy = f"The table of exposures is empty, and no impression event names an item. {remedy}"
    return shown, remedy


def _promotion(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    campaigns, treatments = log.table("campaigns"), log.table("treatments")
    n_campaigns = 0 if campaigns is None else campaigns.height
    treated = 0 if treatments is None else _n_treated(treatments)
    controls = max(facts.events[columns.USER_ID].n_unique() * n_campaigns - treated, 0) if treated else 0
    redeemed = log.events.filter(pl.col(columns.ACTION) == columns.COUPON_REDEEMED)
    if columns.CAMPAIGN_ID in redeemed.columns and redeemed.height:
        takers = redeemed.select(columns.USER_ID, columns.CAMPAIGN_ID).drop_nulls().n_unique()
    else:
        # Without redemptions, buying within a campaign is the response; without campaigns nothing can be taken up.
        takers = facts.counted.height if n_campaigns else 0
    tables = "Add the tables campaigns (campaign_id, start, end) and treatments (campaign_id, user_id, time)."
    redemptions = "Log redemptions: events with action 'coupon_redeemed' and campaign_id."
    general = [need for need in _customers(facts, task) if need.name != "days"]
    return [
        *general,
        Requirement("campaigns", "campaigns", n_campaigns, 2, 10, tables),
        Requirement("treated", "customers reached, counted per campaign", treated, 50, 1000, tables),
        Requirement("controls", "customers not reached, counted per campaign", controls, 0, 50, tables),
        Requirement("takers", "customers who took it up, counted per campaign", takers, 50, 100, redemptions),
    ]


def _n_treated(treatments: pl.DataFrame) -> int:
    """How many rows are treatments: each that does not say otherwise."""
    if columns.TREATED not in treatments.columns:
        return treatments.height
    return int(treatments[columns.TREATED].cast(pl.Boolean).fill_null(True).sum())


def _demand(log: EventLog, task: Task) -> list[Requirement]:
    facts = facts_of(log, task)
    # Sales that name no customer are sales.
    counted = facts_of(log.sales(net=False), task).counted if task.action == columns.PURCHASE else facts.counted
    n_steady = 0
    if columns.ITEM_ID in counted.columns:
        weeks = counted.filter(pl.col(columns.ITEM_ID).is_not_null()).select(
            columns.ITEM_ID, (pl.col(columns.TIME) // _WEEK).alias("week")
        )
        n_steady = weeks.unique().group_by(columns.ITEM_ID).len().filter(pl.col("len") >= 8).height
    weeks_of_data = round(facts.span_days / 7, 1)
    return [
        *_customers(facts, task),
        Requirement("weeks", "weeks of sales", weeks_of_data, 8, 52, "Bring a longer log; a year shows the seasons."),
        Requirement(
            "items",
            "items sold in at least 8 different weeks",
            n_steady,
            10,
            50,
            "Bring more sales that name an item_id.",
        ),
    ]


def _with_condition(measure: Measure) -> Measure:
    """Where no item fits the task's condition, that is what is lacking; there is nothing to count then."""

    def measured(log: EventLog, task: Task) -> list[Requirement]:
        trouble = trouble_with(task.where, log.table("items"))
        if trouble is None:
            return measure(log, task)
        return [Requirement("items_asked_about", f"items with {in_words(task.where)}", 0, 1, 1, trouble)]

    return measured


MEASURES: Final[dict[Kind, Measure]] = {
    "purchase": _with_condition(_purchase),
    "recommend": _with_condition(_recommend),
    "ad": _with_condition(_ad),
    "promotion": _with_condition(_promotion),
    "churn": _with_condition(_churn),
    "demand": _with_condition(_demand),
    "amount": _with_condition(_amount),
}
