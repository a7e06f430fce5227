"""Laws of cleaning, on arbitrary dirt."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.core.events import EventLog
from foretell.core.time import DAY
from foretell.prepare import REASONS, CleaningRules, clean
from foretell.prepare.noted import NOTED

START = 1_577_836_800_000_000
# Low thresholds, so that a few rows are enough for every rule to fire.
RULES = CleaningRules(
    absurd_item_factor=3,
    absurd_item_rows=2,
    absurd_log_factor=5,
    absurd_price_floor=1,
    absurd_quantity_floor=1,
    robot_events_per_hour=4,
    robot_events_per_day=6,
    retry_minutes=120,
    stray_share=0.2,
    stray_jump=2,
    cents_factor=9,
)
ALL_RULES = {
    "default": RULES,
    "netted": RULES.model_copy(update={"refunds": "net"}),
    "targets": RULES.model_copy(update={"refunds": "targets"}),
    "netted, every line a scan": RULES.model_copy(update={"refunds": "net", "repeated_lines": "keep"}),
    "every line once": RULES.model_copy(update={"repeated_lines": "remove", "keep_unattributed": False}),
    "converted": RULES.model_copy(update={"currency": "EUR", "currency_rates": {"USD": 0.5, "GBP": 2.0}}),
}
EVERY_SETTING = pytest.mark.parametrize("rules", ALL_RULES.values(), ids=ALL_RULES)
NUMBER = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 1.0, 2.0, 4.0, 9.0, 30.0, 1e9, float("nan"), float("inf")]))
ROW = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(["a", "b", "c", "", None]),
        "time": st.one_of(
            st.none(),
            st.sampled_from([0, 2**62, -(2**62)]),
            st.integers(0, 3 * 24).map(lambda hours: START + hours * DAY // 24),
        ),
        "action": st.sampled_from(["view", "purchase", "refund", "impression", "coupon_sent", "", None]),
        "item_id": st.sampled_from(["x", "y", None]),
        "price": NUMBER,
        "quantity": NUMBER,
        "value": NUMBER,
        "discount": NUMBER,
        "order_id": st.sampled_from(["o1", "o2", None]),
        "session_id": st.sampled_from(["s1", None]),
        "received_time": st.one_of(st.none(), st.integers(-3, 100).map(lambda hours: START + hours * DAY // 24)),
        "currency": st.sampled_from(["EUR", " usd", "GBP", None]),
        "event_id": st.sampled_from(["e1", "e2", "e3", None]),
    }
)
SCHEMA = {
    "user_id": pl.String,
    "time": pl.Int64,
    "action": pl.String,
    "item_id": pl.String,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "value": pl.Float64,
    "discount": pl.Float64,
    "order_id": pl.String,
    "session_id": pl.String,
    "received_time": pl.Int64,
    "currency": pl.String,
    "event_id": pl.String,
}
REJECTED = st.lists(st.text(max_size=5), max_size=3)


@st.composite
def logs(draw, *, has_rates=False):
    frame = pl.DataFrame(draw(st.lists(ROW, max_size=40)), schema=SCHEMA)
    dropped = draw(st.sets(st.sampled_from([name for name in SCHEMA if name not in ("user_id", "time", "action")])))
    if not has_rates:
        dropped.add("currency")
    raw = draw(REJECTED)
    rejected = pl.DataFrame(
        {"reason": ["unreadable"] * len(raw), "raw": raw}, schema={"reason": pl.String, "raw": pl.String}
    )
    return EventLog(frame.drop(dropped), rejected=rejected if raw else None)


@EVERY_SETTING
@given(data=st.data())
def test_every_row_is_accounted_for(rules, data):
    log = data.draw(logs(has_rates=bool(rules.currency)))
    cleaned = clean(log, rules=rules)
    n_rejected = 0 if log.rejected is None else log.rejected.height
    apart = cleaned.log.table("unattributed")
    assert cleaned.rows_in == len(log) + n_rejected
    assert cleaned.rows_in == cleaned.rows_out + sum(cleaned.removed.values()) + cleaned.kept_apart
    assert cleaned.rows_out == len(cleaned.log)
    assert cleaned.kept_apart == (0 if apart is None else apart.height)
    assert cleaned.quarantine.height == sum(cleaned.removed.values())
    counts = dict(cleaned.quarantine.group_by("rule").len().iter_rows())
    assert counts == {rule: count for rule, count in cleaned.removed.items() if count}
    assert list(cleaned.removed) == list(REASONS)
    assert list(cleaned.noted) == list(NOTED)


@EVERY_SETTING
@given(data=st.data())
def test_cleaning_twice_is_cleaning_once(rules, data):
    once = clean(data.draw(logs(has_rates=bool(rules.currency))), rules=rules)
    twice = clean(once.log, rules=rules)
    assert sum(twice.removed.values()) == 0
    assert_frame_equal(twice.log.events, once.log.events)
    assert twice.kept_apart == once.kept_apart
    assert set(twice.log.tables) == set(once.log.tables)
    for name, table in once.log.tables.items():
        assert_frame_equal(twice.log.table(name), table)
    for changed in ("converted_currency", "derived_value", "derived_session", "reduced_purchases", "reduced_refunds"):
        assert twice.noted[changed] == 0


def test_outliers_hidden_by_larger_ones_are_found_at_once():
    # The median of all is 4 and hides the 4; without the two 13 it is 1.
    prices = [1.0, 1.0, 4.0, 13.0, 13.0]
    rows = [
        {"user_id": "a", "time": START + day * DAY, "action": "view", "price": price}
        for day, price in enumerate(prices)
    ]
    once = clean(EventLog(pl.DataFrame([row | {"item_id": "x"} for row in rows])), rules=RULES)
    assert once.removed["absurd_price"] == 3
    assert clean(once.log, rules=RULES).rows_out == once.rows_out == 2


@given(logs())
def test_what_is_left_is_clean(log):
    events = clean(log, rules=RULES).log.events
    assert events["user_id"].null_count() == events["time"].null_count() == events["action"].null_count() == 0
    for name in ("price", "quantity"):
        if name in events.columns:
            assert (events[name].drop_nulls() > 0).all()
            assert events[name].drop_nulls().is_finite().all()
    assert not events.is_duplicated().any()
    order = events.sort("user_id", "time", maintain_order=True)
    assert_frame_equal(events, order)


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter_for_the_counts(log, random):
    # Rows with one event_id at one moment are told apart by their order alone, so ids are left out.
    events = log.events.drop("event_id", strict=False)
    order = list(range(events.height))
    random.shuffle(order)
    one, other = clean(EventLog(events), rules=RULES), clean(EventLog(events[order]), rules=RULES)
    assert one.removed == other.removed
    assert_frame_equal(one.log.events.sort(pl.all()), other.log.events.sort(pl.all()))


@given(logs())
def test_a_copy_of_the_whole_log_changes_nothing(log):
    doubled = EventLog(pl.concat([log.events, log.events]))
    assert_frame_equal(clean(doubled, rules=RULES).log.events, clean(EventLog(log.events), rules=RULES).log.events)
