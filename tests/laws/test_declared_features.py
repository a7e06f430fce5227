"""Declared features on the small run's log: one customer alone, live and growing, reads as the whole shop does."""

import polars as pl
import pytest

from foretell.config import parse_config
from foretell.core.history import HISTORY_SCHEMA, History, history_frame
from foretell.features import UserFeatures

SECTION = {
    "views_at_night": {"aggregate": "count_share", "actions": "view", "hours": [22, 6], "time_zone": "Asia/Shanghai"},
    "taste": {"aggregate": "entropy_bits", "column": "brand", "window_days": 28},
    "dearness": {"aggregate": "price_level", "windows_days": [7, 28]},
    "rhythm": {"aggregate": "gap_irregularity", "actions": ["view", "search"]},
    "words": {"aggregate": "count", "actions": "search", "each": "query_terms", "at_most": 4},
    "views": {"aggregate": "trend", "actions": "view", "each": "category", "window_days": 14, "at_most": 3},
    "last_price": {"aggregate": "last", "column": "price"},
    "words_together": {"aggregate": "log_ratio", "of": ["words_group_1", "words_group_2"]},
}


@pytest.fixture(scope="module")
def histories(log):
    return history_frame(log)


@pytest.fixture(scope="module")
def features(histories, log, cutoff):
    config = parse_config({"features": {**SECTION, "replace_defaults": True}}).features
    return UserFeatures.fit(histories, items=log.table("items"), cutoff=cutoff, config=config)


def test_growing_event_by_event_equals_the_whole_shop_at_once(features, histories, cutoff, some_users):
    points = pl.DataFrame({"user_id": some_users, "cutoff": [cutoff] * len(some_users)})
    whole = features.compute(histories, points=points)
    assert len(features.names) == 14
    assert all(whole[name].n_unique() > 1 for name in features.names)
    for user in some_users[:5]:
        history = History.empty(user)
        for row in histories.filter(pl.col("user_id") == user).iter_rows(named=True):
            history = history.append([{name: row[name] for name in HISTORY_SCHEMA}])
        asked = points.filter(pl.col("user_id") == user)
        assert features.compute(history.events, points=asked).equals(whole.filter(pl.col("user_id") == user))


def test_later_events_change_neither_the_fit_nor_the_values(features, histories, log, cutoff, some_users):
    known = histories.filter(pl.col("time") <= cutoff)
    config = parse_config({"features": {**SECTION, "replace_defaults": True}}).features
    again = UserFeatures.fit(known, items=log.table("items"), config=config)
    assert again == features
    points = pl.DataFrame({"user_id": some_users, "cutoff": [cutoff] * len(some_users)})
    assert again.compute(known, points=points).equals(features.compute(histories, points=points))


def test_the_order_of_rows_does_not_matter(features, histories, log, cutoff, some_users):
    shuffled = histories.sample(fraction=1.0, shuffle=True, seed=4)
    config = parse_config({"features": {**SECTION, "replace_defaults": True}}).features
    assert UserFeatures.fit(shuffled, items=log.table("items"), cutoff=cutoff, config=config) == features
    points = pl.DataFrame({"user_id": some_users, "cutoff": [cutoff] * len(some_users)})
    assert features.compute(shuffled, points=points).equals(features.compute(histories, points=points))
