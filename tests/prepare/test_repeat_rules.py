"""Rows sent twice: which lines of an order are retries, which are two scans of one product."""

import polars as pl
import pytest

from foretell.prepare import CleaningRules, clean

MINUTE = 1 / 1440


def removed(cleaned):
    return {rule: count for rule, count in cleaned.removed.items() if count}


def line(day, *, item="x", price=2.0, quantity=1.0, user="a"):
    return (user, day, "purchase", item, price, quantity)


def order(make_log, lines, *, orders="o1", ids=None):
    named = [orders] * len(lines) if isinstance(orders, str) else orders
    more = {} if ids is None else {"event_id": ids}
    return make_log(lines, order_id=named, **more)


@pytest.mark.parametrize(("minutes", "count"), [(1, 1), (60, 1), (61, 0), (24 * 60, 0)])
def test_a_line_that_comes_again_soon_was_sent_twice(minutes, count, make_log):
    cleaned = clean(order(make_log, [line(1), line(1 + minutes * MINUTE)]))
    assert cleaned.removed["retried_purchase"] == count
    assert cleaned.log.events["time"].min() == cleaned.log.events["time"][0]


@pytest.mark.parametrize(("ids", "count"), [(["e1", "e2"], 1), ([None, "e2"], 0), (["e1", None], 0)])
def test_two_event_ids_make_a_retry_however_late(ids, count, make_log):
    assert clean(order(make_log, [line(1), line(40)], ids=ids)).removed["retried_purchase"] == count


@pytest.mark.parametrize(
    "other",
    [
        line(1 + MINUTE, item="y"),
        line(1 + MINUTE, price=3.0),
        line(1 + MINUTE, quantity=2.0),
        line(1 + MINUTE, user="b"),
        ("a", 1 + MINUTE, "refund", "x", 2.0, 1.0),
        ("a", 1 + MINUTE, "purchase", None, 2.0, 1.0),
    ],
)
def test_another_line_is_no_retry(other, make_log):
    assert removed(clean(order(make_log, [line(1), other]))) == {}


def test_another_order_is_no_retry_nor_is_a_line_without_one(make_log):
    again = [line(1), line(1 + MINUTE)]
    assert removed(clean(order(make_log, again, orders=["o1", "o2"]))) == {}
    assert removed(clean(order(make_log, again, orders=[None, None]))) == {}


@pytest.mark.parametrize(
    ("setting", "with_ids", "without_ids"), [("by_event_id", 2, 1), ("keep", 2, 2), ("remove", 1, 1)]
)
def test_two_scans_or_one_row_read_twice_is_a_setting(setting, with_ids, without_ids, make_log):
    rules = CleaningRules(repeated_lines=setting)
    twice = [line(1), line(1)]
    assert clean(order(make_log, twice, ids=["e1", "e2"]), rules=rules).rows_out == with_ids
    assert clean(order(make_log, twice), rules=rules).rows_out == without_ids


def test_a_retry_takes_both_scans_along(make_log):
    lines = [line(1), line(1), line(1 + MINUTE), line(1 + MINUTE)]
    cleaned = clean(order(make_log, lines, ids=["e1", "e2", "e3", "e4"]))
    assert removed(cleaned) == {"retried_purchase": 2}
    assert sorted(cleaned.log.events["event_id"]) == ["e1", "e2"]


def test_absent_prices_are_compared_too(make_log):
    lines = [line(1, price=None, quantity=None), line(1 + MINUTE, price=None, quantity=None)]
    assert removed(clean(order(make_log, lines))) == {"retried_purchase": 1}


def test_keeping_lines_keeps_other_duplicates_out(make_log):
    views = [("a", 1, "view", "x", None, None)] * 2
    rules = CleaningRules(repeated_lines="keep")
    assert removed(clean(order(make_log, views), rules=rules)) == {"exact_duplicate": 1}
    assert isinstance(clean(make_log(views), rules=rules).quarantine, pl.DataFrame)
