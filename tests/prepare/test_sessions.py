"""Sessions by pauses, where a log has none of its own."""

import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.history import History, history_frame
from foretell.prepare import CleaningRules, clean

MINUTE = 1 / 1440


def visits(make_log, minutes, *, user="a", action="view", **more):
    return make_log([(user, 1 + minute * MINUTE, action, "x", None, None) for minute in minutes], **more)


def sessions(log, **rules):
    return clean(log, rules=CleaningRules(**rules)).log.events["session_id"].to_list()


def test_a_pause_longer_than_the_gap_ends_a_session(make_log):
    found = sessions(visits(make_log, [0, 30, 60, 91, 92]))
    assert [found.index(one) for one in found] == [0, 0, 0, 3, 3]
    assert len(set(sessions(visits(make_log, [0, 30, 60, 91, 92]), session_gap_minutes=29))) == 4


def test_ids_say_whose_and_since_when_and_later_rows_change_none(make_log):
    log = visits(make_log, [0, 10, 100])
    begin = log.events["time"][0]
    assert sessions(log)[0] == f"a@{begin}"
    assert sessions(visits(make_log, [0, 10, 100, 101, 500]))[:3] == sessions(log)


def test_customers_have_sessions_of_their_own(make_log):
    rows = [("a", 1, "view", "x", None, None), ("b", 1, "view", "x", None, None)]
    assert len(set(sessions(make_log(rows)))) == 2


def test_the_shops_own_sessions_stand(make_log):
    log = visits(make_log, [0, 1, 2], session_id=["s", None, "s"])
    found = sessions(log)
    assert found[0] == found[2] == "s"
    assert found[1] == f"a@{log.events['time'][1]}"
    assert clean(visits(make_log, [0, 1], session_id=["s", "t"])).noted["derived_session"] == 0


def test_none_are_derived_where_none_are_wanted(make_log):
    cleaned = clean(visits(make_log, [0]), rules=CleaningRules(session_gap_minutes=None))
    assert "session_id" not in cleaned.log.events.columns


def test_coupons_sent_and_sales_of_nobody_belong_to_none(make_log):
    assert sessions(visits(make_log, [0], action="coupon_sent")) == [None]
    cleaned = clean(make_log([(None, 1, "purchase", "x", 1.0, 1.0)]))
    assert cleaned.log.table("unattributed")["session_id"].to_list() == [None]


def test_no_history_reads_a_session(make_log):
    """Live events come without one; batch and live histories are the same all the same."""
    cleaned = clean(visits(make_log, [0, 90])).log
    row = {"time": int(cleaned.events["time"][0]), "action": "view", "item_id": "x"}
    live = History.empty("a").append([row, row | {"time": int(cleaned.events["time"][1])}])
    assert History.of(history_frame(cleaned), user_id="a").events.equals(live.events)


@pytest.mark.parametrize("gap", [0, -1])
def test_a_gap_is_above_zero(gap):
    with pytest.raises(ValueError, match="session_gap_minutes"):
        CleaningRules(session_gap_minutes=gap)


def test_an_empty_log():
    frame = pl.DataFrame(schema={"user_id": pl.String, "time": pl.Int64, "action": pl.String})
    assert clean(EventLog(frame)).rows_out == 0
