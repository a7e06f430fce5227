"""Each rule removes what it names, counts it, and keeps it readable."""

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from foretell.core.errors import ForetellError
from foretell.core.events import EventLog
from foretell.core.time import DAY, HOUR, from_microseconds, to_microseconds
from foretell.prepare import REASONS, CleaningRules, clean
from foretell.simulate import ShopConfig, simulate

SOUND = ("a", 1, "purchase", "x", 2.0, 1.0)


def removed(cleaned):
    return {rule: count for rule, count in cleaned.removed.items() if count}


BAD_ROWS = {
    "missing_user": [(None, 1, "view", "x", None, None), (" ", 1, "view", "x", None, None)],
    "missing_time_or_action": [("a", None, "view", "x", None, None), ("a", 1, None, "x", None, None)],
    "impossible_time": [("a", -15_000, "view", "x", None, None)],
    "future_time": [("a", 100_000, "view", "x", None, None)],
    "non_positive_price": [("a", 1, "purchase", "x", price, 1.0) for price in (0.0, -1.0, float("nan"), float("inf"))],
    "non_positive_quantity": [("a", 1, "purchase", "x", 1.0, amount) for amount in (0.0, -2.0, float("-inf"))],
    "exact_duplicate": [SOUND],
}
PLAIN = CleaningRules(session_gap_minutes=None)


@pytest.mark.parametrize("rule", BAD_ROWS)
def test_each_rule(rule, make_log):
    bad = BAD_ROWS[rule]
    cleaned = clean(make_log([SOUND, *bad]))
    assert removed(cleaned) == {rule: len(bad)}
    assert cleaned.log.events.select("user_id", "item_id").rows() == [("a", "x")]
    assert cleaned.quarantine["rule"].to_list() == [rule] * len(bad)
    assert cleaned.quarantine["reason"].to_list() == [REASONS[rule]] * len(bad)
    assert (cleaned.rows_in, cleaned.rows_out) == (1 + len(bad), 1)


def test_the_first_rule_that_matches_claims_the_row(make_log):
    cleaned = clean(make_log([SOUND, (None, None, None, "x", -1.0, -1.0)]))
    assert removed(cleaned) == {"missing_user": 1}


def test_absent_prices_and_quantities_are_no_fault(make_log):
    cleaned = clean(make_log([("a", 1, "view", "x", None, None)]))
    assert cleaned.rows_out == 1


def test_a_repeated_event_id_keeps_the_first(make_log):
    rows = [
        ("a", 1, "view", "x", None, None),
        ("a", 2, "view", "x", None, None),
        ("b", 3, "view", "y", None, None),
    ]
    cleaned = clean(make_log([*rows, rows[2]], event_id=["e1", "e1", None, None]))
    assert removed(cleaned) == {"repeated_event_id": 1, "exact_duplicate": 1}
    assert cleaned.log.events["time"].to_list() == sorted(cleaned.log.events["time"])
    assert cleaned.log.events["event_id"].to_list() == ["e1", None]


def test_absurd_amounts_are_judged_by_their_item(make_log):
    rows = [("a", day, "purchase", "cheap", 2.0, 1.0) for day in range(8)]
    rows += [("b", day, "purchase", "dear", 5_000.0, 1.0) for day in range(8)]
    rows += [("c", 1, "purchase", "cheap", 2_001.0, 1.0), ("c", 2, "purchase", "cheap", 2.0, 1_001.0)]
    cleaned = clean(make_log(rows))
    assert removed(cleaned) == {"absurd_price": 1, "absurd_quantity": 1}
    assert set(cleaned.quarantine["user_id"]) == {"c"}


def test_rare_items_are_judged_by_the_log(make_log):
    rows = [("a", day, "purchase", "cheap", 2.0, 1.0) for day in range(8)]
    rows += [("b", 1, "purchase", "sofa", 5_000.0, 1.0), ("b", 2, "purchase", "error", 50_000.0, 1.0)]
    assert removed(clean(make_log(rows))) == {"absurd_price": 1}


def test_a_robot_is_removed_whole(make_log):
    busy = [("robot", 1 + number / 100_000, "view", "x", None, None) for number in range(1_200)]
    cleaned = clean(make_log([SOUND, ("robot", 30, "purchase", "x", 1.0, 1.0), *busy]))
    assert removed(cleaned) == {"robot": 1_201}
    slow = [("fan", 1 + number / 900, "view", "x", None, None) for number in range(1_200)]
    assert clean(make_log(slow)).rows_out == 1_200


def test_a_large_order_is_no_robot(make_log):
    lines = [("trader", 1, "purchase", f"i{number}", 1.0, 1.0) for number in range(3_000)]
    assert clean(make_log(lines, order_id=["o1"] * 3_000)).rows_out == 3_000
    assert removed(clean(make_log(lines, order_id=[f"o{n}" for n in range(3_000)]))) == {"robot": 3_000}


def test_what_the_shop_does_makes_no_robot(make_log):
    shown = [("a", 1 + number / 10**6, "impression", "x", None, None) for number in range(2_000)]
    assert clean(make_log(shown)).rows_out == 2_000


def test_refunds_have_positive_amounts(make_log):
    cleaned = clean(make_log([("a", 1, "refund", "x", 2.0, -3.0)], value=[-6.0]))
    assert cleaned.log.events.select("quantity", "value").row(0) == (3.0, 6.0)


def test_unreadable_rows_are_counted_and_kept(make_log):
    rejected = pl.DataFrame({"reason": ["The line is not JSON."], "raw": ["{oops"]})
    cleaned = clean(make_log([SOUND], rejected=rejected))
    assert removed(cleaned) == {"unreadable": 1}
    assert cleaned.rows_in == 2
    assert cleaned.quarantine.select("rule", "reason", "raw").row(0) == (
        "unreadable",
        "The line is not JSON.",
        "{oops",
    )
    assert cleaned.log.rejected is None


def test_the_quarantine_is_written_with_the_shops_ids(make_log, tmp_path):
    log = make_log([("1", 1, "purchase", "x", -1.0, 1.0), ("2", 1, "view", "x", None, None)])
    log = EventLog(log.events, id_types={"user_id": pl.Int64()})
    path = clean(log).save_quarantine(tmp_path / "runs" / "quarantine.parquet")
    written = pl.read_parquet(path)
    assert written.select("rule", "user_id", "price").rows() == [("non_positive_price", 1, -1.0)]
    assert written["user_id"].dtype == pl.Int64


def test_nothing_removed_leaves_the_log_as_it_was(make_log):
    rows = [SOUND, ("b", 1, "view", "x", None, None)]
    log = make_log(rows, tables={"items": pl.DataFrame({"item_id": ["x"]})}, value=[2.0, None])
    cleaned = clean(log, rules=PLAIN)
    assert_frame_equal(cleaned.log.events, log.events)
    assert cleaned.log.table("unattributed") is None
    assert cleaned.kept_apart == sum(cleaned.noted.values()) == 0
    assert cleaned.log.table("items").height == 1
    assert list(cleaned.removed) == list(REASONS)
    assert cleaned.quarantine.is_empty()


def test_an_empty_log_is_cleaned_without_a_fuss(make_log):
    cleaned = clean(make_log([]))
    assert (cleaned.rows_in, cleaned.rows_out) == (0, 0)


def test_columns_called_like_ours_do_no_harm(make_log):
    log = make_log([SOUND, SOUND, (None, 1, "view", "x", None, None)], rule=["r"] * 3, reason=["s"] * 3, raw=["t"] * 3)
    cleaned = clean(log)
    assert removed(cleaned) == {"missing_user": 1, "exact_duplicate": 1}
    assert "reason" in cleaned.log.events.columns


def test_thresholds_are_the_users():
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    first = to_microseconds(moment)
    frame = pl.DataFrame({"user_id": ["a"] * 3, "time": [0, 1, 2], "action": ["view"] * 3})
    daily = EventLog(frame.with_columns(pl.col("time") * DAY + first))
    rules = CleaningRules(start=moment, now=from_microseconds(first + DAY))
    assert removed(clean(daily, rules=rules)) == {"future_time": 1}
    later = CleaningRules(start=from_microseconds(first + DAY))
    assert removed(clean(daily, rules=later)) == {"impossible_time": 1}
    strict = CleaningRules(robot_events_per_day=1, robot_events_per_hour=1)
    assert removed(clean(daily, rules=strict)) == {}
    hourly = EventLog(frame.with_columns(pl.col("time") * HOUR // 3 + first))
    assert removed(clean(hourly, rules=CleaningRules(robot_events_per_hour=2))) == {"robot": 3}


def test_unknown_thresholds_are_refused():
    with pytest.raises(ValidationError):
        CleaningRules(robots=3)
    with pytest.raises(ValidationError):
        CleaningRules(now=datetime(2020, 1, 1))


def test_a_log_without_required_columns_never_gets_here():
    with pytest.raises(ForetellError):
        EventLog(pl.DataFrame({"user_id": ["a"]}))


def test_a_dirty_simulated_shop_is_cleaned_to_the_row():
    config = ShopConfig(n_users=120, n_items=60, days=60, seed=5)
    dirty = simulate(config, dirt=0.02)
    sound, cleaned = clean(EventLog(simulate(config).events)), clean(EventLog(dirty.events))
    assert removed(sound) == {}
    assert_frame_equal(cleaned.log.events.sort("event_id"), sound.log.events.sort("event_id"))
    planted = dirty.dirt_counts()
    # What nobody bought is a sale all the same.
    assert cleaned.kept_apart > 0
    assert removed(cleaned) == {
        "missing_user": planted["missing_user"] - cleaned.kept_apart,
        "impossible_time": planted["epoch_time"],
        "future_time": planted["future_time"],
        "non_positive_quantity": planted["negative_quantity"],
        "exact_duplicate": planted["exact_duplicate"],
        "repeated_event_id": planted["repeated_event_id"],
        "absurd_price": planted["absurd_price"],
        "robot": planted["robot"],
    }
