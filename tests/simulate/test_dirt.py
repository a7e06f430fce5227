"""Dirt is only ever added, and every dirty row is written down."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.time import DAY, HOUR, SECOND
from foretell.simulate import simulate
from foretell.simulate.dirt import DIRT_RULES, ROBOT_VIEWS


@pytest.fixture(scope="module")
def clean(tiny_config):
    return simulate(tiny_config)


@pytest.fixture(scope="module")
def dirty(tiny_config):
    return simulate(tiny_config, dirt=0.02)


def rows_of(dirty, rule):
    chosen = dirty.truth["dirt"].filter(pl.col("rule") == rule)["event_id"]
    return dirty.events.filter(pl.col("event_id").is_in(chosen.implode()))


def test_every_rule_is_counted(clean, dirty):
    counts = dirty.dirt_counts()
    assert set(counts) == set(DIRT_RULES)
    assert counts["robot"] == ROBOT_VIEWS
    assert sum(counts.values()) == dirty.events.height - clean.events.height
    share = (sum(counts.values()) - ROBOT_VIEWS) / clean.events.height
    assert 0.015 < share < 0.025
    assert clean.dirt_counts() == {}


def test_a_perfect_cleaner_gives_back_the_clean_log(clean, dirty):
    kept = dirty.events.unique(maintain_order=True).sort("time", maintain_order=True)
    bad = dirty.truth["dirt"].filter(~pl.col("rule").is_in(["exact_duplicate", "repeated_event_id"]))["event_id"]
    kept = kept.filter(~pl.col("event_id").is_in(bad.implode())).unique("event_id", keep="first")
    assert_frame_equal(kept.sort("event_id"), clean.events.sort("event_id"))


def test_each_kind_is_what_it_says(clean, dirty):
    end = clean.events["time"].max()
    assert (rows_of(dirty, "future_time")["time"] > end + 365 * DAY).sum() == dirty.dirt_counts()["future_time"]
    assert (rows_of(dirty, "epoch_time")["time"] < DAY).all()
    assert (rows_of(dirty, "negative_quantity")["quantity"] < 0).all()
    assert (rows_of(dirty, "absurd_price")["price"] > 1e6).all()
    assert rows_of(dirty, "missing_user")["user_id"].is_null().all()
    duplicates = rows_of(dirty, "exact_duplicate")
    assert duplicates.is_duplicated().all()
    repeated = rows_of(dirty, "repeated_event_id")
    assert repeated["event_id"].is_duplicated().all()
    assert not repeated.is_duplicated().any()
    gaps = repeated.sort("event_id", "time").group_by("event_id").agg(pl.col("time").max() - pl.col("time").min())
    assert (gaps["time"] == SECOND).all()


def test_the_robot_views_thousands_within_an_hour(dirty):
    robot = rows_of(dirty, "robot")
    assert robot["user_id"].n_unique() == 1
    assert robot["time"].max() - robot["time"].min() <= HOUR
    assert (robot["action"] == "view").all()
