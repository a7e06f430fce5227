import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.core.events import EventLog, in_event_order
from foretell.core.time import DAY
from foretell.predictor.moment import Span
from foretell.predictor.view import ShopView
from foretell.serve.cleaning import rows_frame
from foretell.serve.live_shop import LiveShop

EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(["ann", "bob", "cid"]),
            "time": st.integers(0, 4).map(lambda half_days: half_days * DAY // 2),
            "action": st.sampled_from(["view", "purchase", "impression", "coupon_sent"]),
            "item_id": st.sampled_from(["tea", "bun"]),
            "quantity": st.sampled_from([1.0, 2.0]),
        }
    ),
    min_size=1,
    max_size=12,
)


def log_of(events: list[dict[str, object]]) -> EventLog:
    # An event's number is its id, so that equal rows are different events.
    rows = rows_frame([{**event, "event_id": str(number)} for number, event in enumerate(events)])
    return EventLog(in_event_order(rows))  # as cleaning leaves a log


@given(EVENTS, st.data())
def test_one_by_one_is_as_good_as_all_at_once(events, data):
    n_before = data.draw(st.integers(0, len(events)))
    whole = log_of(events)
    rows = [{**event, "event_id": str(number)} for number, event in enumerate(events)]
    shop = LiveShop(whole.with_events(whole.events.filter(pl.col("event_id").cast(int) < n_before)))
    for row in rows[n_before:]:
        shop.append([row])
        shop.look("ann")
    expected = ShopView.of(whole)
    last = max(event["time"] for event in events)
    for user in ("ann", "bob", "cid", "dan"):
        seen = shop.look(user)
        assert_frame_equal(seen.history.events, expected.histories.filter(pl.col("user_id") == user))
        assert seen.span == Span.of(whole)
        assert_frame_equal(seen.view.histories, seen.history.events)
        for cutoff in (0, DAY, last, 3 * DAY):
            assert_frame_equal(seen.view.statistics.at(cutoff), expected.statistics.at(cutoff))
        shown, all_shown = seen.view.tables.get("exposures"), expected.tables.get("exposures")
        if all_shown is None:
            assert shown is None
        else:
            assert shown is not None
            assert_frame_equal(shown, all_shown, check_row_order=False)


def test_a_view_does_not_change_under_a_reader():
    shop = LiveShop(log_of([{"user_id": "ann", "time": 5, "action": "view", "item_id": "tea"}]))
    before = shop.look("ann")
    shop.append([{"user_id": "ann", "time": 9, "action": "view", "item_id": "tea"}])
    assert (len(before.history), before.span.last, before.view.histories.height) == (1, 5, 1)
    assert (len(shop.look("ann").history), shop.look("ann").span.last) == (2, 9)


def test_what_is_remembered_is_forgotten_when_it_no_longer_holds():
    shop = LiveShop(log_of([{"user_id": "ann", "time": 5, "action": "view", "item_id": "tea"}]))

    def remembered(*key: object) -> bool:
        answers = iter(["old"])
        return shop.look("ann").view.recall(key, lambda: next(answers, "new")) == "kept"

    for key in (("day", 3), ("day", 5), ("shown", 1)):
        shop.look("ann").view.recall(key, lambda: "kept")
    assert all(remembered(*key) for key in (("day", 3), ("day", 5), ("shown", 1)))
    shop.append([{"user_id": "bob", "time": 4 * DAY, "action": "view", "item_id": "tea"}])
    assert remembered("day", 3)
    assert not remembered("day", 5)
    assert remembered("shown", 1)
    shop.append([{"user_id": "bob", "time": 9 * DAY, "action": "impression", "item_id": "tea"}])
    assert remembered("day", 3)
    assert not remembered("shown", 1)


def test_a_shop_with_a_table_of_exposures_goes_by_it():
    table = pl.DataFrame({"user_id": ["ann"], "time": [5], "item_id": ["tea"]})
    log = log_of([{"user_id": "ann", "time": 5, "action": "view", "item_id": "tea"}]).with_table("exposures", table)
    shop = LiveShop(log)
    impression = {"user_id": "ann", "time": 9, "action": "impression", "item_id": "bun"}
    shop.append([impression])
    expected = ShopView.of(log.with_events(pl.concat([log.events, rows_frame([impression])])))
    assert_frame_equal(shop.look("ann").view.tables["exposures"], expected.tables["exposures"])


def test_a_shop_with_an_empty_table_of_exposures_goes_by_its_impressions():
    """As in batch: a table without rows hides nothing."""
    empty = pl.DataFrame(schema={"user_id": pl.String, "time": pl.Int64, "item_id": pl.String})
    log = log_of([{"user_id": "ann", "time": 5, "action": "view", "item_id": "tea"}]).with_table("exposures", empty)
    shop = LiveShop(log)
    impression = {"user_id": "ann", "time": 9, "action": "impression", "item_id": "bun"}
    shop.append([impression])
    expected = ShopView.of(log.with_events(pl.concat([log.events, rows_frame([impression])])))
    assert shop.look("ann").view.tables["exposures"]["item_id"].to_list() == ["bun"]
    assert_frame_equal(shop.look("ann").view.tables["exposures"], expected.tables["exposures"])
