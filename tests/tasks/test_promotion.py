"""Campaign take-up: whom it reached, who took it up, and nothing from before or after."""

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.task import Task
from foretell.tasks import promotion

ASKED = Task(name="promotion", kind="promotion", horizon_days=10)
COLUMNS = ["user_id", "cutoff", "campaign_id", "kind", "duration_days", "treated", "label", "amount"]


@pytest.fixture
def tables(at):
    campaigns = pl.DataFrame(
        {"campaign_id": ["k1", "k2"], "start": [at(10), at(40)], "end": [at(17), at(70)], "kind": ["mail", "web"]}
    )
    treatments = pl.DataFrame(
        {"campaign_id": ["k1", "k1", "k2"], "user_id": ["a", "b", "a"], "treated": [True, False, True]}
    )
    return {"campaigns": campaigns, "treatments": treatments}


def redeemed(user, time, campaign="k1"):
    return {"user_id": user, "time": time, "action": "coupon_redeemed", "campaign_id": campaign}


@pytest.fixture
def log(log_of, at, tables):
    base = log_of(
        *[(user, at(1), "view") for user in "abc"],
        ("late", at(10), "view"),
        ("a", at(12), "purchase", "x", 5.0),
        ("a", at(17), "purchase", "x", 2.0),
        ("a", at(17) + 1, "purchase", "x", 90.0),
        ("c", at(9), "purchase", "x", 90.0),
        **tables,
    )

    def with_redemptions(*rows):
        added = pl.DataFrame(
            list(rows), schema={"user_id": pl.String, "time": pl.Int64, "action": pl.String, "campaign_id": pl.String}
        )
        return base.with_events(pl.concat([base.events, added], how="diagonal"))

    return with_redemptions


def examples(log, start, end, task=ASKED):
    return promotion.examples(log, task, start=start, end=end)


def test_known_customers_reached_or_not_with_take_up_and_spending(log, at):
    found = examples(log(redeemed("a", at(12))), at(5), at(20))
    assert found.columns == COLUMNS
    assert found.rows() == [
        ("a", at(10) - 1, "k1", "mail", 7.0, True, 1.0, 7.0),
        ("b", at(10) - 1, "k1", "mail", 7.0, False, 0.0, 0.0),
        ("c", at(10) - 1, "k1", "mail", 7.0, False, 0.0, 0.0),
    ]


def test_without_money_each_purchase_counts_as_one(log, at):
    full = log(redeemed("a", at(12)))
    found = examples(full.with_events(full.events.drop("value")), at(5), at(20))
    assert dict(found.select("user_id", "amount").rows()) == {"a": 2.0, "b": 0.0, "c": 0.0}


def labels(log, at, **window):
    found = examples(log, window.get("start", at(5)), window.get("end", at(20)))
    return dict(found.select("user_id", "label").rows())


def test_the_window_is_that_of_the_campaign(log, at):
    """The cutoff is one microsecond before the start: what happens at the start is already an answer."""
    for moment, taken in ((at(10) - 1, 0), (at(10), 1), (at(10) + 1, 1), (at(17), 1), (at(17) + 1, 0)):
        assert labels(log(redeemed("a", moment), redeemed("b", at(1))), at)["a"] == taken, moment - at(10)


def test_a_redemption_of_another_campaign_is_none_of_this_one(log, at):
    assert labels(log(redeemed("a", at(12), "k2")), at)["a"] == 0.0


def test_without_redemptions_buying_is_the_answer(log, at):
    assert labels(log(), at) == {"a": 1.0, "b": 0.0, "c": 0.0}


def test_a_long_campaign_is_followed_for_the_horizon(log, at):
    found = examples(log(redeemed("a", at(50), "k2"), redeemed("b", at(50) + 1, "k2")), at(30), at(50))
    assert found["duration_days"].unique().to_list() == [10.0]
    assert dict(found.select("user_id", "label").rows()) == {"a": 1.0, "b": 0.0, "c": 0.0, "late": 0.0}


def test_campaigns_lie_whole_within_the_split(log, at):
    def asked(start, end):
        return sorted(set(examples(log(), start, end)["campaign_id"]))

    assert asked(at(10), at(50)) == ["k1", "k2"]
    assert asked(at(10) + 1, at(50)) == ["k2"]
    assert asked(at(10), at(50) - 1) == ["k1"]
    assert asked(at(0), at(17) - 1) == []
    assert examples(log(), at(0), at(1)).columns == COLUMNS


def test_a_list_that_does_not_say_otherwise_means_reached(log, at, tables):
    plain = log().with_table("treatments", tables["treatments"].drop("treated"))
    assert examples(plain, at(5), at(20)).filter("treated")["user_id"].to_list() == ["a", "b"]
    unsaid = tables["treatments"].with_columns(pl.lit(None, dtype=pl.Boolean).alias("treated"))
    found = examples(log().with_table("treatments", unsaid), at(5), at(20))
    assert found.filter("treated")["user_id"].to_list() == ["a", "b"]


def test_somebody_listed_twice_is_one_customer(log, at, tables):
    twice = pl.concat([tables["treatments"], tables["treatments"].with_columns(treated=pl.lit(False))])
    for listed in (twice, twice.reverse()):
        found = examples(log().with_table("treatments", listed), at(5), at(20))
        assert found.select("user_id", "treated").rows() == [("a", True), ("b", False), ("c", False)]


def test_a_campaign_without_a_kind_is_just_a_campaign(log, at, tables):
    plain = log().with_table("campaigns", tables["campaigns"].drop("kind"))
    assert examples(plain, at(5), at(20))["kind"].unique().to_list() == ["campaign"]


@pytest.mark.parametrize("absent", ["campaigns", "treatments"])
def test_without_campaigns_it_says_what_to_add(log, at, absent):
    full = log()
    from foretell.core.events import EventLog

    bare = EventLog(full.events, {name: table for name, table in full.tables.items() if name != absent})
    with pytest.raises(InsufficientDataError, match="no campaigns") as caught:
        examples(bare, at(5), at(20))
    assert "treatments" in caught.value.remedy
