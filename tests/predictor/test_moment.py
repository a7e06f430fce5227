"""What is refused and what is said of the moment that is asked about."""

import logging
from datetime import timedelta

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.task import Task
from foretell.core.time import DAY, from_microseconds
from foretell.predictor.moment import Span, check_moment, notes_on
from foretell.tasks import TASKS

ASKED = Task(name="soon", kind="purchase", horizon_days=14)
WINDOWS = {
    "train": ["1970-01-11T00:00:00+00:00", "1970-02-10T00:00:00+00:00"],
    "validation": ["1970-02-10T00:00:00+00:00", "1970-03-02T00:00:00+00:00"],
    "test": ["1970-03-02T00:00:00+00:00", "1970-04-11T00:00:00+00:00"],
}
SPAN = Span(0, 100 * DAY)


def notes(days, **change):
    return notes_on(round(days * DAY), **{"span": SPAN, "task": ASKED, "windows": WINDOWS} | change)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (5, "trained"),
        (39.9, "trained"),
        (40, "chosen and calibrated"),
        (59.9, "chosen and calibrated"),
        (60, None),
        (100, None),
        (114, None),
        (114.1, "14 days after the log ends (1970-04-11)"),
        (500, "400 days after the log ends"),
    ],
)
def test_a_note_where_the_answer_is_not_what_it_seems(days, words):
    found = notes(days)
    assert len(found) == (words is not None)
    if words:
        assert words in found[0]
        assert "'soon'" in found[0]


def test_a_predictor_that_does_not_know_its_windows_says_nothing_of_them():
    assert notes(5, windows={}) == []


def test_a_log_that_ends_before_the_windows_do_is_both_too_short_and_seen():
    assert len(notes(30, span=Span(0, 10 * DAY))) == 2


def test_only_what_customers_do_begins_a_log():
    rows = {"user_id": ["a", "a", "b"], "time": [1, 5, 9], "action": ["coupon_sent", "view", "impression"]}
    log = EventLog(pl.DataFrame(rows))
    assert Span.of(log) == Span(5, 9)
    assert Span.of(log.with_events(log.events.filter(action="impression"))) == Span(None, 9)
    assert Span.of(log.with_events(log.events.clear())) == Span(None, 0)


def test_a_span_grows_as_the_log_does():
    rows = [{"time": 3, "action": "impression"}, {"time": 4, "action": "view"}, {"time": 2, "action": "coupon_sent"}]
    assert Span(5, 9).grown(rows) == Span(4, 9)
    assert Span(5, 9).grown([{"time": 12, "action": "impression"}]) == Span(5, 12)
    assert Span(5, 9).grown([]) == Span(5, 9)
    assert Span(None, 0).grown(rows) == Span(4, 4)
    assert Span(None, 0).grown(rows[:1]) == Span(None, 3)


def test_the_first_moment_is_within_the_log_and_the_one_before_is_not():
    check_moment(5, span=Span(5, 9))
    check_moment(0, span=Span(None, 9))
    with pytest.raises(InsufficientDataError, match="1970") as caught:
        check_moment(4, span=Span(5, 9))
    assert caught.value.exit_code == 2


# --- through the predictor ----------------------------------------------------------------------------------


@pytest.fixture
def said(caplog):
    """What was said to the logger, as one text."""
    caplog.set_level(logging.WARNING, logger="foretell")
    return lambda: "\n".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_refuses_a_time_before_the_log_and_says_its_span(tiny_predictor, log, name):
    first = log.events.filter(~pl.col("action").is_in(["impression", "coupon_sent"]))["time"].min()
    with pytest.raises(InsufficientDataError, match="Nothing is known yet") as caught:
        tiny_predictor.predict(name, log=log, at=from_microseconds(first - 1))
    assert from_microseconds(first).isoformat() in caught.value.received
    assert from_microseconds(log.events["time"].max()).isoformat() in caught.value.received


def test_a_prediction_far_from_the_log_or_from_a_time_seen_is_noted(tiny_predictor, log, last, said):
    user = [log.events["user_id"][0]]
    end = from_microseconds(last)
    for days in (0, 13):
        tiny_predictor.predict("purchase", log=log, users=user, at=end + timedelta(days=days))
    assert said() == ""
    tiny_predictor.predict("purchase", log=log, users=user, at=end + timedelta(days=15))
    assert "15 days after the log ends" in said()
    assert "training" not in said()
    tiny_predictor.predict("purchase", log=log, users=user, at=end - timedelta(days=70))
    assert "end of the training window" in said()


def test_users_named_again_get_one_list_and_are_counted(tiny_predictor, log, said):
    first, second = log.events["user_id"].unique().sort().head(2)
    for name in ("recommend", "ad"):
        once = tiny_predictor.predict(name, log=log, users=[first, second])
        assert tiny_predictor.predict(name, log=log, users=[first, second, first, first]).equals(once)
    assert "Users named again: 2 of 4" in said()


def test_users_never_seen_are_counted_and_one_is_shown(tiny_predictor, log, said):
    known = log.events["user_id"][0]
    tiny_predictor.predict("purchase", log=log, users=[known, known])
    assert said() == ""
    found = tiny_predictor.predict("purchase", log=log, users=[known, "user_id;age", "user_id;age"])
    assert found.height == 3
    assert "no event of: 1 of 2, such as user_id;age" in said()
