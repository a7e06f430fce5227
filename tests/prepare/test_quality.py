"""A log described in plain JSON values."""

import json

import polars as pl

from foretell.core.events import EventLog
from foretell.prepare import quality


def test_the_description(make_log):
    log = make_log(
        [
            ("a", 0, "view", "x", None, None),
            ("a", 0, "view", "x", None, None),
            ("b", 2.5, "purchase", "y", 1.0, 1.0),
            (None, 1, "view", None, None, None),
        ],
        tables={"items": pl.DataFrame({"item_id": ["x"]})},
        rejected=pl.DataFrame({"reason": ["r"], "raw": ["x"]}),
    )
    described = quality(log)
    assert described == json.loads(json.dumps(described))
    assert described["events"] == 4
    assert described["users"] == 2
    assert described["items"] == 2
    assert described["time"] == {
        "from": "2020-01-01T00:00:00+00:00",
        "to": "2020-01-03T12:00:00+00:00",
        "days": 2.5,
    }
    assert described["actions"] == {"view": 3, "purchase": 1}
    assert described["missing"]["price"] == 0.75
    assert described["unknown_items"] == round(1 / 3, 6)
    assert described["events_per_user"]["q100"] == 2.0
    assert described["duplicates"] == 1
    assert described["rejected"] == 1
    assert described["tables"] == {"items": 1}


def test_an_empty_log(make_log):
    described = quality(make_log([]))
    assert described["events"] == described["users"] == 0
    assert described["time"] == {"from": None, "to": None, "days": 0.0}
    assert described["events_per_user"] == {}


def test_times_outside_the_calendar():
    log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [2**62], "action": ["view"]}))
    assert "microseconds" in quality(log)["time"]["to"]


def test_a_log_without_items(make_log):
    log = make_log([("a", 0, "view", None, None, None)])
    assert quality(log.with_events(log.events.drop("item_id")))["items"] == 0
    assert quality(log)["unknown_items"] is None
