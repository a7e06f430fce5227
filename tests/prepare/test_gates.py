"""Too little data is refused with what is missing; enough passes; between the two is a warning."""

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.prepare import gates, require_any
from foretell.prepare.requirements import MEASURES
from foretell.tasks.registry import TASKS, default_tasks

ALL = list(default_tasks(response="purchase").values())
START = 1_577_836_800_000_000


def purchases(users, days, every=7, items=40):
    """Users who buy every so many days, each with a rhythm of their own; every fifth stops half-way."""
    rows = [
        (f"u{user}", START + day * DAY, "purchase", f"i{(user * 3 + day) % items}")
        for user in range(users)
        for day in range(user % every, days, every)
        if not (user % 5 == 0 and day > days / 2)
    ]
    return pl.DataFrame(rows, schema=["user_id", "time", "action", "item_id"], orient="row")


def judge(log, name, **change):
    task = next(task for task in ALL if task.name == name).model_copy(update=change)
    return gates(log, [task])[0]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (purchases(1, 300), "customers: 1, at least 2 needed"),
        (purchases(30, 300).with_columns(action=pl.lit("view")), "'purchase': 0, at least 1 needed"),
        (purchases(300, 1, every=1), "days of data: 0, at least"),
    ],
    ids=["one user", "no purchases", "a single day"],
)
def test_hopeless_logs_are_refused_for_every_task(events, words):
    verdicts = gates(EventLog(events), ALL)
    assert [gate.status for gate in verdicts] == ["refused"] * len(ALL)
    assert any(words in gate.message for gate in verdicts)
    with pytest.raises(InsufficientDataError) as caught:
        require_any(verdicts)
    assert all(task.name in str(caught.value) for task in ALL)
    assert words in str(caught.value)


def test_an_empty_log_is_refused():
    log = EventLog(purchases(1, 1).clear())
    assert {gate.status for gate in gates(log, ALL)} == {"refused"}


def test_enough_data_passes():
    log = EventLog(purchases(800, 400))
    assert judge(log, "purchase").status == "ok"
    assert judge(log, "purchase").message == "Enough data."
    assert judge(log, "recommend").status == "warn"  # fewer than 50 items
    assert judge(EventLog(purchases(800, 400, items=80)), "recommend").status == "ok"
    assert judge(log, "demand").status == "warn"
    require_any(gates(log, ALL))


def test_churn_needs_both_answers():
    stopping = EventLog(purchases(300, 400))
    gate = judge(stopping, "churn")
    assert gate.has["positives"] == 60  # every fifth stops, and windows are counted back from the end
    assert gate.status == "warn"
    faithful = EventLog(purchases(300, 400).filter(pl.col("user_id").str.slice(1).cast(pl.Int64) % 5 != 0))
    assert judge(faithful, "churn").status == "refused"
    assert "customers lost" in judge(faithful, "churn").message


def test_a_log_whose_orders_stopped_is_warned_about():
    events = purchases(800, 400)
    later = events.head(50).with_columns(time=pl.lit(START + 460 * DAY), action=pl.lit("view"))
    gate = judge(EventLog(pl.concat([events, later])), "purchase")
    assert gate.status == "warn"
    assert "stopped before the log ends" in gate.message


def test_a_condition_on_items_counts_only_those():
    events = purchases(800, 400)
    items = pl.DataFrame({"item_id": ["i0", "i1"], "category": ["TEA", "RARE"]})
    log = EventLog(events, {"items": items})
    some = judge(log, "purchase", where={"category": "TEA"})
    assert 0 < some.has["actions"] < events.height
    assert judge(log, "purchase", where={"category": "NONE"}).status == "refused"
    assert judge(log, "purchase", where={"colour": "red"}).status == "refused"
    assert judge(EventLog(events), "purchase", where={"category": "TEA"}).status == "refused"


def test_ads_need_exposures_and_responses():
    events = purchases(60, 100)
    assert judge(EventLog(events), "ad").has["exposures"] == 0
    shown = events.with_columns(pl.col("time") - DAY)
    assert judge(EventLog(events, {"exposures": shown}), "ad").has["responses"] == events.height
    impressions = shown.with_columns(action=pl.lit("impression"))
    gate = judge(EventLog(pl.concat([events, impressions])), "ad")
    assert gate.has["responses"] == events.height
    late = events.with_columns(pl.col("time") + 30 * DAY, item_id=pl.lit("other"))
    assert judge(EventLog(events, {"exposures": late}), "ad").status == "refused"


def test_promotions_need_campaigns_and_takers():
    events = purchases(200, 200).with_columns(campaign_id=pl.lit(None, dtype=pl.String))
    users = events.select("user_id").unique(maintain_order=True)
    campaigns = pl.DataFrame({"campaign_id": ["c1", "c2"], "start": [START, START], "end": [START + DAY] * 2})
    treatments = users.head(100).with_columns(campaign_id=pl.lit("c1"), time=pl.lit(START), treated=pl.lit(True))
    redeemed = treatments.head(60).select(
        "user_id",
        "time",
        pl.lit("coupon_redeemed").alias("action"),
        pl.lit(None).alias("item_id"),
        "campaign_id",
    )
    log = EventLog(pl.concat([events, redeemed], how="vertical_relaxed"))
    assert "campaigns: 0" in judge(log, "promotion").message
    log = log.with_table("campaigns", campaigns).with_table("treatments", treatments)
    gate = judge(log, "promotion")
    assert (gate.status, gate.has["takers"], gate.has["treated"]) == ("warn", 60, 100)
    few = log.with_events(log.events.filter(pl.col("action") != "coupon_redeemed"))
    assert judge(few, "promotion").has["takers"] == events.height  # buying counts where nothing is redeemed


def test_demand_needs_items_sold_in_many_weeks():
    gate = judge(EventLog(purchases(50, 400, items=8)), "demand")
    assert gate.status == "refused"
    assert gate.has["items"] == 8
    assert "items sold in at least 8 different weeks: 8, at least 10 needed" in gate.message


def test_a_log_without_items_is_refused_where_items_matter():
    log = EventLog(purchases(800, 400).drop("item_id"))
    assert judge(log, "purchase").status == "ok"
    assert {judge(log, name).status for name in ("recommend", "demand", "ad")} == {"refused"}


def test_every_kind_of_task_has_a_measure():
    assert set(MEASURES) == set(TASKS)
    log = EventLog(purchases(3, 10))
    for gate in gates(log, ALL):
        assert set(gate.needs) == set(gate.has)


def test_no_tasks_at_all():
    with pytest.raises(InsufficientDataError, match="no tasks"):
        require_any(gates(EventLog(purchases(3, 10)), []))


def test_one_answerable_task_is_enough():
    log = EventLog(purchases(800, 400))
    require_any(gates(log, [*ALL, Task(name="rare", kind="purchase", horizon_days=28, action="review")]))
