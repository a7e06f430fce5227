"""The data gates in words a shopkeeper would use."""

import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.evaluate.gate_words import gate_lines, worst
from foretell.prepare.gates import gates
from foretell.tasks import default_tasks


def gate(name, found, needed, status="pass", message="Enough data."):
    return {"task": "churn", "name": name, "found": found, "needed": needed, "status": status, "message": message}


def test_what_suffices_is_said_in_one_line():
    rows = [gate("users", 2469, 100), gate("buyers", 2469, 500), gate("weeks", 52.1, 52)]
    assert gate_lines(rows, kind="churn") == [
        (
            "pass",
            "Enough data: 2,469 customers (100 needed), 2,469 customers who did it at least once (500 needed) "
            "and 52.1 weeks of sales (52 needed).",
        )
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (30.0, "the latest such event on the last day of the log"),
        (29.6, "the latest such event on the last day of the log"),
        (18.0, "the latest such event 12 days before the end of the log"),
        (0.2, "the latest such event 30 days before the end of the log"),
    ],
)
def test_how_recent_is_said_in_days(found, said):
    ((status, words),) = gate_lines([gate("recent", found, 0.1)], kind="purchase")
    assert status == "pass"
    assert said in words
    assert "0.1" not in words


def test_the_same_thing_is_counted_once_with_the_larger_need():
    ((_, words),) = gate_lines([gate("days", 364.7, 168), gate("history", 364.7, 180)], kind="churn")
    assert words == "Enough data: 365 days of data (180 needed)."


def test_items_mean_what_the_task_counts():
    rows = [gate("items", 20606, 50)]
    assert "different items" in gate_lines(rows, kind="recommend")[0][1]
    assert "sold in at least 8 different weeks" in gate_lines(rows, kind="demand")[0][1]


def test_what_lacks_comes_first_and_once():
    message = "Answers will be uncertain: campaigns: 4, 10 make a firm answer."
    rows = [
        gate("users", 900, 100),
        gate("campaigns", 4, 10, "warn", message),
        gate("takers", 60, 100, "fail", message),
        gate("cashiers", 1, 2, "warn", ""),
    ]
    assert gate_lines(rows, kind="promotion") == [
        ("fail", message),
        ("warn", "1 cashiers (2 needed)."),
        ("pass", "Enough data: 900 customers (100 needed)."),
    ]


def test_every_gate_of_a_log_has_words():
    """A gate added to the requirements must not reach the page under its short name."""
    log = EventLog(pl.DataFrame({"user_id": ["a"], "time": [10**15], "action": ["purchase"], "item_id": ["tea"]}))
    tasks = default_tasks(response="purchase")
    for verdict in gates(log, list(tasks.values())):
        for name in verdict.needs:
            ((_, words),) = gate_lines([gate(name, 7, 1)], kind=tasks[verdict.task].kind)
            bare = f"Enough data: 7 {name.replace('_', ' ')} (1 needed)."
            assert words != bare or name == "campaigns", name


def test_no_gates_no_words():
    assert gate_lines([], kind="churn") == []
    assert worst(["pass", "odd", "pass"]) == "odd"
    assert worst(["odd", "fail"]) == "fail"
