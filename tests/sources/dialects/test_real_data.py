"""Real logs are recognised without a word of help, and nothing in them is lost. Counts are those their pages state."""

import polars as pl
import pytest

from foretell.core import columns
from foretell.sources import read_events, recognise

REAL = {
    "taobao/UserBehavior.csv": ("taobao", 84_475, 815, 55_368),
    "online_retail/online_retail.parquet": ("invoices", 541_909, 4_372, 4_070),
    "cdnow/CDNOW_master.txt": ("cdnow", 69_659, 23_570, None),
    "beauty/sequences.txt": ("sequences", 198_502, 22_363, 12_101),
    "beauty/sequences_with_gaps.txt": ("sequences", 198_502, 22_363, 12_101),
    "diginetica/train_sessions.parquet": ("session-lists", 906_140, 186_670, 43_097),
    "diginetica/test.parquet": ("session-lists", 306_404, 60_858, None),
}


@pytest.mark.parametrize("place", REAL)
def test_real_logs_are_read_whole(place, shared_data):
    dialect, n_events, n_users, n_items = REAL[place]
    found = recognise(shared_data / place)
    assert (found.dialect, found.confidence >= 0.9) == (dialect, True)
    log = read_events(shared_data / place)
    assert log.rejected is None
    assert len(log) == n_events
    assert log.events[columns.USER_ID].drop_nulls().n_unique() == n_users
    if n_items is not None:
        assert log.events[columns.ITEM_ID].drop_nulls().n_unique() == n_items


def test_online_retail_in_detail(shared_data):
    log = read_events(shared_data / "online_retail/online_retail.parquet")
    events = log.events
    assert events[columns.USER_ID].null_count() == 135_080
    assert events[columns.ORDER_ID].n_unique() == 25_900
    cancelled = events.filter(pl.col(columns.ORDER_ID).str.starts_with("C"))
    assert cancelled.height == 9_288
    assert cancelled[columns.ACTION].unique().to_list() == [columns.REFUND]
    assert log.table("users").height == 4_372


def test_taobao_in_detail(shared_data):
    events = read_events(shared_data / "taobao/UserBehavior.csv").events
    assert set(events[columns.ACTION].unique()) == {"view", "cart", "favourite", "purchase"}
    late = events.filter(pl.col(columns.TIME) >= 1_511_539_200_000_000)  # 2017-11-25 in China
    assert len(events) - len(late) == 35


def test_gaps_and_order_agree_on_the_order(shared_data):
    by_day = read_events(shared_data / "beauty/sequences.txt").events
    by_gap = read_events(shared_data / "beauty/sequences_with_gaps.txt").events
    assert by_day.select("user_id", "item_id").equals(by_gap.select("user_id", "item_id"))
