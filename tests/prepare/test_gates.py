"""Too little data is refused with what is missing; enough passes; between the two is a warning."""

from typing import get_args

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Kind, Task
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


def test_what_cannot_be_cut_into_windows_is_refused():
    log, task = EventLog(purchases(800, 100)), ALL[0]
    assert gates(log, [task])[0].status != "refused"
    gate = gates(log, [task], days_to_split=lambda horizon: 4 * horizon + 14)[0]
    assert (gate.status, gate.needs["days"]) == ("refused", 6 * task.horizon_days)
    assert "at least 126 needed" in gate.message


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
    unnamed = impressions.with_columns(item_id=pl.lit(None, dtype=pl.String))
    assert judge(EventLog(pl.concat([events, unnamed])), "ad").has["exposures"] == 0
    late = events.with_columns(pl.col("time") + 30 * DAY, item_id=pl.lit("other"))
    assert judge(EventLog(events, {"exposures": late}), "ad").status == "refused"


def test_an_empty_table_of_exposures_hides_no_impressions():
    events = purchases(60, 100)
    empty = pl.DataFrame(schema={"user_id": pl.String, "time": pl.Int64, "item_id": pl.String})
    impressions = events.with_columns(pl.col("time") - DAY, action=pl.lit("impression"))
    both = EventLog(pl.concat([events, impressions]), {"exposures": empty})
    assert judge(both, "ad").has == judge(EventLog(both.events), "ad").has
    assert judge(both, "ad").has["responses"] == events.height
    without = judge(EventLog(events, {"exposures": empty}), "ad")
    assert without.status == "refused"
    assert "The table of exposures is empty, and no impression event names an item." in without.message


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"categry": "TEA"}, "no column 'categry'. Did you mean 'category'? Its columns: category, brand."),
        ({"category": "tee"}, "No item has category = 'tee'. Did you mean 'TEA'? Its values: CUPS, TEA."),
        ({"category": "TEA", "brand": "B"}, "no item fits all of category = 'TEA', brand = 'B'"),
    ],
)
def test_a_condition_that_fits_no_item_is_what_is_wrong_not_the_log(name, where, words):
    items = pl.DataFrame({"item_id": ["i0", "i1"], "category": ["TEA", "CUPS"], "brand": ["A", "B"]})
    gate = judge(EventLog(purchases(800, 400), {"items": items}), name, where=where)
    assert gate.status == "refused"
    assert words in gate.message
    assert "mapped to that name" not in gate.message
    assert "more customers" not in gate.message


def test_a_condition_without_an_items_table_says_so():
    gate = judge(EventLog(purchases(800, 400)), "purchase", where={"category": "TEA"})
    assert "the log has none: add one" in gate.message


def test_a_condition_on_items_nobody_bought_says_that_items_do_fit():
    items = pl.DataFrame({"item_id": ["other"], "category": ["TEA"]})
    gate = judge(EventLog(purchases(800, 400), {"items": items}), "purchase", where={"category": "TEA"})
    assert "'purchase' on items with category = 'TEA': 0" in gate.message
    assert "ids of the items table" in gate.message


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


def test_every_row_of_a_large_table_of_treatments_is_one_unless_it_says_otherwise():
    events = purchases(200, 200)
    campaigns = pl.DataFrame({"campaign_id": ["c1"], "start": [START], "end": [START + DAY]})
    many = pl.DataFrame({"user_id": [f"u{number}" for number in range(60_000)], "campaign_id": "c1", "time": START})
    log = EventLog(events).with_table("campaigns", campaigns)
    assert judge(log.with_table("treatments", many), "promotion").has["treated"] == 60_000
    told = many.with_columns(treated=pl.Series([True, False, None] * 20_000))
    assert judge(log.with_table("treatments", told), "promotion").has["treated"] == 40_000


def test_demand_needs_items_sold_in_many_weeks():
    gate = judge(EventLog(purchases(50, 400, items=8)), "demand")
    assert gate.status == "refused"
    assert gate.has["items"] == 8
    assert "items sold in at least 8 different weeks: 8, at least 10 needed" in gate.message


def test_a_log_without_items_is_refused_where_items_matter():
    log = EventLog(purchases(800, 400).drop("item_id"))
    assert judge(log, "purchase").status == "ok"
    assert {judge(log, name).status for name in ("recommend", "demand", "ad")} == {"refused"}


def test_an_amount_of_money_needs_purchases_that_are_worth_something():
    spend = Task(name="spend", kind="amount", horizon_days=28)
    worthless = EventLog(purchases(800, 400).with_columns(value=pl.lit(0.0)))
    (gate,) = gates(worthless, [spend])
    assert gate.status == "refused"
    assert "with a purchase that is worth something: 0, at least 50 needed" in gate.message
    assert "carry a value" in gate.message
    (without,) = gates(EventLog(worthless.events.drop("value")), [spend])
    assert without.status == "refused"
    (counted,) = gates(worthless, [spend.model_copy(update={"measure": "count"})])
    assert counted.status == "ok"


def test_every_kind_of_task_has_a_measure():
    assert set(MEASURES) == set(get_args(Kind))
    log = EventLog(purchases(3, 10))
    for gate in gates(log, ALL):
        assert set(gate.needs) == set(gate.has)


def test_no_tasks_at_all():
    with pytest.raises(InsufficientDataError, match="no tasks"):
        require_any(gates(EventLog(purchases(3, 10)), []))


def test_one_answerable_task_is_enough():
    log = EventLog(purchases(800, 400))
    require_any(gates(log, [*ALL, Task(name="rare", kind="purchase", horizon_days=28, action="review")]))


# --- each gate at its edge -------------------------------------------------------------------------------

RECOMMEND = default_tasks(response="purchase")["recommend"]


def bought(times_by_user, *, start=START, action="purchase"):
    """Purchases of users at their days, items in turn."""
    rows = [
        (user, start + int(day * DAY), action, f"i{number % 60}")
        for user, days in times_by_user.items()
        for number, day in enumerate(days)
    ]
    return pl.DataFrame(rows, schema=["user_id", "time", "action", "item_id"], orient="row")


def requirement(log, name, which, **change):
    task = next(task for task in ALL if task.name == name).model_copy(update=change)
    return next(need for need in MEASURES[task.kind](log, task) if need.name == which)


def verdict(need):
    return "refused" if need.has < need.least else "warn" if need.has < need.firm else "ok"


@pytest.mark.parametrize(
    ("name", "which", "least", "firm"),
    [
        ("purchase", "users", 2, 100),
        ("purchase", "days", 84, 168),
        ("purchase", "positives", 50, 1000),
        ("purchase", "negatives", 50, 1000),
        ("purchase", "buyers", 2, 500),
        ("purchase", "history", 0, 180),
        ("purchase", "regulars", 0, 10),
        ("churn", "positives", 50, 1000),
        ("churn", "negatives", 50, 1000),
        ("churn", "buyers", 2, 500),
        ("churn", "regulars", 0, 10),
        ("recommend", "interactions", 1000, 1000),
        ("recommend", "repeaters", 25, 500),
        ("recommend", "items", 2, 50),
        ("promotion", "campaigns", 2, 10),
        ("promotion", "treated", 50, 1000),
        ("promotion", "takers", 50, 100),
        ("demand", "weeks", 8, 52),
        ("demand", "items", 10, 50),
    ],
)
def test_the_published_numbers_stand(name, which, least, firm):
    need = requirement(EventLog(purchases(3, 10)), name, which)
    assert (need.least, need.firm) == (least, firm)


@pytest.mark.parametrize(("users", "status"), [(24, "refused"), (25, "warn"), (499, "warn"), (500, "ok")])
def test_recommend_needs_25_customers_with_two_interactions(users, status):
    log = EventLog(bought({f"u{n}": [0, 1] for n in range(users)} | {"once": [2]}))
    need = requirement(log, "recommend", "repeaters")
    assert need.has == users
    assert verdict(need) == status


@pytest.mark.parametrize(("rows", "status"), [(999, "refused"), (1000, "ok")])
def test_recommend_needs_1000_interactions(rows, status):
    days = {f"u{n}": [0.1 * one for one in range(10)] for n in range(99)} | {"last": range(rows - 990)}
    need = requirement(EventLog(bought(days)), "recommend", "interactions")
    assert (need.has, verdict(need)) == (rows, status)
    gate = gates(EventLog(bought(days)), [RECOMMEND.model_copy(update={"horizon_days": 1})])[0]
    assert (gate.status == "refused") == (status == "refused")
    if status == "refused":
        assert "purchase events that name an item: 999, at least 1,000 needed" in gate.message


@pytest.mark.parametrize(("yes", "status"), [(49, "refused"), (50, "warn"), (999, "warn"), (1000, "ok")])
def test_purchase_counts_either_answer(yes, status):
    """Users who buy once in a period of 28 days; one more who only looks keeps the log going to the end."""
    buyers = bought({f"u{n}": [27.9] for n in range(yes)})
    lookers = bought({f"v{n}": [0, 27.95] for n in range(yes)}, action="view")
    log = EventLog(pl.concat([buyers, lookers]))
    positives, negatives = (requirement(log, "purchase", which) for which in ("positives", "negatives"))
    assert (positives.has, negatives.has) == (yes, yes)
    assert verdict(positives) == verdict(negatives) == status


@pytest.mark.parametrize(("lost", "status"), [(49, "refused"), (50, "warn"), (999, "warn"), (1000, "ok")])
def test_churn_counts_the_lost_and_the_kept(lost, status):
    """Two periods of 28 days, counted back from the end: some buy in both, as many in the first alone."""
    kept = bought({f"k{n}": [5, 50] for n in range(lost)})
    gone = bought({f"g{n}": [5] for n in range(lost)})
    log = EventLog(pl.concat([kept, gone]))
    positives, negatives = (requirement(log, "churn", which) for which in ("positives", "negatives"))
    assert (positives.has, negatives.has) == (lost, lost)
    assert verdict(positives) == verdict(negatives) == status


@pytest.mark.parametrize(("buyers", "status"), [(1, "refused"), (2, "warn"), (499, "warn"), (500, "ok")])
def test_value_needs_500_buyers(buyers, status):
    need = requirement(EventLog(bought({f"u{n}": [0] for n in range(buyers)})), "churn", "buyers")
    assert (need.has, verdict(need)) == (buyers, status)


@pytest.mark.parametrize(("days", "status"), [(179, "warn"), (180, "ok")])
def test_value_needs_180_days(days, status):
    assert verdict(requirement(EventLog(bought({"u": [0, days]})), "churn", "history")) == status


@pytest.mark.parametrize(("quiet", "status"), [(29.8, "ok"), (30, "warn"), (90, "warn")])
def test_value_needs_an_order_in_the_last_30_days(quiet, status):
    log = EventLog(pl.concat([bought({"u": [0]}), bought({"v": [quiet]}, action="view")]))
    assert verdict(requirement(log, "churn", "recent")) == status


@pytest.mark.parametrize(("regulars", "status"), [(0, "warn"), (9, "warn"), (10, "ok")])
def test_value_needs_some_with_three_orders(regulars, status):
    days = {f"r{n}": [0, 10, 20] for n in range(regulars)} | {f"t{n}": [0, 10, 10] for n in range(30)}
    need = requirement(EventLog(bought(days)), "churn", "regulars")
    assert (need.has, verdict(need)) == (regulars, status)


def test_lines_of_one_order_are_one_order():
    rows = bought({"a": [0, 1, 2], "b": [0, 1, 2]}).with_columns(
        order_id=pl.Series(["o1", "o1", "o1", "o2", "o3", None])
    )
    assert requirement(EventLog(rows), "churn", "regulars").has == 1


@pytest.mark.parametrize(("days", "status"), [(83, "refused"), (84, "warn"), (167, "warn"), (168, "ok")])
def test_every_question_needs_three_horizons(days, status):
    assert verdict(requirement(EventLog(bought({"u": [0, days]})), "purchase", "days")) == status


@pytest.mark.parametrize(("items", "status"), [(9, "refused"), (10, "warn"), (49, "warn"), (50, "ok")])
def test_demand_needs_items_sold_in_eight_weeks(items, status):
    rows = [(f"u{week}", START + week * 7 * DAY, "purchase", f"i{item}") for week in range(8) for item in range(items)]
    rows += [("u0", START + week * 7 * DAY, "purchase", "seldom") for week in range(7)]
    log = EventLog(pl.DataFrame(rows, schema=["user_id", "time", "action", "item_id"], orient="row"))
    need = requirement(log, "demand", "items")
    assert (need.has, verdict(need)) == (items, status)


@pytest.mark.parametrize(("weeks", "status"), [(7.9, "refused"), (8, "warn"), (51, "warn"), (52, "ok")])
def test_demand_needs_eight_weeks(weeks, status):
    assert verdict(requirement(EventLog(bought({"u": [0, weeks * 7]})), "demand", "weeks")) == status


def test_a_small_shop_is_warned_and_still_trained(tiny_shop):
    """The small shop of the tests: thin for every platform's numbers, enough to be learned from."""
    log = tiny_shop.log()
    tasks = [
        Task(name=name, kind=name, horizon_days=days, active_days=active)
        for name, days, active in (
            ("purchase", 14, None),
            ("recommend", 7, None),
            ("churn", 14, 28),
            ("demand", 14, None),
        )
    ]
    for gate in gates(log, tasks):
        assert gate.status == "warn", gate
        assert "make a firm answer" in gate.message


def test_without_campaigns_nothing_was_taken_up():
    assert judge(EventLog(purchases(200, 200)), "promotion").has["takers"] == 0
