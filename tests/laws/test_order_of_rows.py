"""How the rows lie, who is asked beside whom and what is there twice does not matter."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.events import EventLog
from foretell.prepare import clean


def shuffled(log, seed=0):
    order = np.random.default_rng(seed).permutation(len(log))
    return EventLog(log.events[order], log.tables, log.id_types)


def test_shuffled_rows_give_identical_answers(ask, distinct_log):
    before, after = ask(distinct_log), ask(shuffled(distinct_log))
    for name, found in after.items():
        assert_frame_equal(found, before[name], check_exact=True)


def test_shuffled_lines_of_one_order_give_identical_answers(ask, answers, log):
    for name, found in ask(clean(shuffled(log)).log).items():
        assert_frame_equal(found, answers[name], check_exact=True)


def test_shuffled_side_tables_give_identical_answers(ask, answers, log):
    tables = {name: table.sample(fraction=1.0, shuffle=True, seed=2) for name, table in log.tables.items()}
    for name, found in ask(EventLog(log.events, tables, log.id_types)).items():
        assert_frame_equal(found, answers[name], check_exact=True)


def test_who_else_is_asked_does_not_matter(ask, answers, log, some_users):
    """Packing and batch-mates: alone, reversed or among others, everybody gets the same answer."""
    alone = ask(log, users=[some_users[4]])
    backwards = ask(log, users=some_users[::-1])
    for name in ("purchase", "churn", "recommend", "ad", "promotion"):
        whole = answers[name]
        for part in (alone[name], backwards[name]):
            keys = [key for key in ("user_id", "rank", "item_id", "position", "channel") if key in part.columns]
            expected = whole.join(part.select("user_id").unique(), on="user_id", how="semi").sort(keys)
            assert_frame_equal(part.sort(keys), expected, check_exact=False, abs_tol=1e-6)


def test_somebody_asked_about_twice_is_answered_twice_alike(tiny_predictor, log, some_users):
    twice = tiny_predictor.predict("purchase", log=log, users=[some_users[0], some_users[1], some_users[0]])
    assert twice["user_id"].to_list() == [some_users[0], some_users[1], some_users[0]]
    assert twice["probability"][0] == pytest.approx(twice["probability"][2], abs=1e-6)


@pytest.mark.parametrize("drop_ids", [False, True])
def test_duplicates_change_nothing_after_cleaning(ask, log, drop_ids):
    """Rows sent twice, found by their event_id or, without ids, by being equal in every column."""
    events = log.events.drop("event_id") if drop_ids else log.events
    once = clean(log.with_events(events)).log
    again = clean(log.with_events(pl.concat([events, events.sample(fraction=0.3, seed=1)]))).log
    assert_frame_equal(again.events, once.events)
    before, after = ask(once), ask(again)
    for name, found in after.items():
        assert_frame_equal(found, before[name], check_exact=True)


def test_a_repeated_event_id_with_other_content_changes_nothing(log):
    """The first row with an id stands; a later one with the same id is a resent copy, whatever it says."""
    resent = log.events.sample(200, seed=3).with_columns(pl.lit(99.0).alias("price"), pl.col("time") + 60_000_000)
    again = clean(log.with_events(pl.concat([log.events, resent])))
    assert_frame_equal(again.log.events, log.events)
    assert again.removed["repeated_event_id"] == 200
