"""Customers, items and actions nobody has seen before: no task raises, each gives an answer."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.time import DAY, from_microseconds
from foretell.dataset.log_folder import load_log

TASKS = pytest.mark.parametrize("name", ["purchase", "recommend", "ad", "promotion", "churn", "demand"])


def whom(name, users):
    return None if name == "demand" else users


def assert_answered(found, name, users):
    assert found.height > 0
    numbers = [column for column, kind in found.schema.items() if kind.is_float()]
    assert numbers
    for column in numbers:
        assert found[column].is_finite().all(), column
    if name in ("purchase", "ad", "promotion", "churn"):
        assert found["probability"].is_between(0, 1).all()
    if name != "demand":
        assert set(found["user_id"]) == set(users)


@TASKS
def test_a_customer_never_seen(name, tiny_predictor, log):
    users = ["nobody", "", "Ω weird/../id\n", "0"]
    found = tiny_predictor.predict(name, log=log, users=whom(name, users))
    assert_answered(found, name, users)


@TASKS
def test_a_customer_whose_first_event_comes_after_the_cutoff(name, tiny_predictor, log, cutoff):
    first = log.events.group_by("user_id").agg(pl.col("time").min())
    late = first.filter(pl.col("time") > cutoff - 60 * DAY).sort("time")["user_id"].to_list()[-1:]
    moment = int(first.filter(pl.col("user_id").is_in(late))["time"][0]) - 1
    found = tiny_predictor.predict(name, log=log, users=whom(name, late), at=from_microseconds(moment))
    assert_answered(found, name, late)


def strange(log):
    """New customers doing unknown things with unknown items, and old ones joining in."""
    last = int(log.events["time"].max())
    old = log.events["user_id"].unique().sort().head(3).to_list()
    rows = [
        {"user_id": user, "time": last - 1000 + number, "action": action, "item_id": item, "price": price}
        for number, (user, action, item, price) in enumerate(
            (user, action, item, price)
            for user in ["new1", "new2", *old]
            for action in ["teleport", "purchase", "impression", ""]
            for item in ["never-sold", None]
            for price in [None, 1e9, float("nan")]
        )
    ]
    return log.with_events(pl.concat([log.events, pl.DataFrame(rows)], how="diagonal"))


@TASKS
def test_unknown_items_and_actions(name, tiny_predictor, log):
    users = ["new1", "new2", log.events["user_id"][0]]
    found = tiny_predictor.predict(name, log=strange(log), users=whom(name, users))
    assert_answered(found, name, users)


@TASKS
def test_a_log_of_another_shop_altogether(name, tiny_predictor, log):
    """Every name is foreign: all the model has left are actions, times and prices."""
    foreign = log.events.with_columns(
        ("f" + pl.col("user_id")).alias("user_id"), ("f" + pl.col("item_id")).alias("item_id")
    )
    tables = {name: table for name, table in log.tables.items() if name in ("campaigns", "treatments")}
    users = foreign["user_id"].unique().sort().head(10).to_list()
    found = tiny_predictor.predict(name, log=EventLog(foreign, tables), users=whom(name, users))
    assert_answered(found, name, users)


@TASKS
def test_a_log_with_the_bare_columns(name, tiny_predictor, log):
    bare = EventLog(log.events.select("user_id", "time", "action", "item_id"), {"campaigns": log.table("campaigns")})
    users = bare.events["user_id"].unique().sort().head(10).to_list()
    found = tiny_predictor.predict(name, log=bare, users=whom(name, users))
    assert_answered(found, name, users)


@TASKS
def test_long_after_the_log_has_ended(name, tiny_predictor, log):
    users = log.events["user_id"].unique().sort().head(5).to_list()
    found = tiny_predictor.predict(name, log=log, users=whom(name, users), at=datetime(2031, 1, 1, tzinfo=UTC))
    assert_answered(found, name, users)


def test_numbered_customers_come_back_as_numbers_and_strangers_as_they_were_named(tiny_predictor, tiny_run):
    from dataclasses import replace

    log = load_log(tiny_run / "data")
    numbers = log.events["user_id"].str.slice(1)
    numbered = EventLog(log.events.with_columns(numbers), log.tables)
    predictor = replace(tiny_predictor, id_types={"user_id": pl.Int64()})
    some = [int(number) for number in numbers.unique().sort().head(3)]
    assert predictor.predict("purchase", log=numbered, users=some)["user_id"].to_list() == some
    found = predictor.predict("purchase", log=numbered, users=[*some, "nobody"])
    assert found["user_id"].to_list() == [*(str(one) for one in some), "nobody"]
    assert np.isfinite(found["probability"].to_numpy()).all()
