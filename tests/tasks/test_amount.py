"""How much happened within the horizon: money, units and counts, whatever single events are worth."""

import polars as pl
import pytest

from foretell.core.events import RETURNED, EventLog
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.tasks.amount import examples, same_before

ROWS = [
    # user, day, action, item, value, quantity, order
    ("a", -3, "purchase", "tea", 7.0, 1.0, "o0"),
    ("a", 1, "purchase", "tea", 10.0, 2.0, "o1"),
    ("a", 1, "purchase", "cup", 5.0, None, "o1"),
    ("a", 3, "purchase", "tea", None, 4.0, "o2"),
    ("a", 4, "view", "tea", None, None, None),
    ("a", 8, "purchase", "tea", 99.0, 9.0, "o3"),
    ("b", -1, "view", "cup", None, None, None),
    ("b", 2, "purchase", "cup", -40.0, 1.0, "o4"),
    ("c", -1, "view", "cup", None, None, None),
    ("c", 2, "purchase", "cup", float("nan"), 1.0, "o5"),
    ("c", 2, "purchase", "tea", float("inf"), 1.0, "o5"),
]
NAMES = ["user_id", "time", "action", "item_id", "value", "quantity", "order_id"]
ITEMS = pl.DataFrame({"item_id": ["tea", "cup"], "category": ["TEA", "CUPS"]})


def log(rows=ROWS, **tables):
    frame = pl.DataFrame(rows, schema=NAMES, orient="row").with_columns((pl.col("time") * DAY).cast(pl.Int64))
    return EventLog(frame, {"items": ITEMS, **tables})


def labels(sentence, shop=None):
    task = Task.asking(sentence, name="asked")
    shop = shop or log()
    found = examples(shop, task, cutoffs=[0])
    before = found.with_columns(same_before(shop, task, found).alias("before"))
    return dict(found.select("user_id", "label").rows()), dict(before.select("user_id", "before").rows())


@pytest.mark.parametrize(
    ("sentence", "of_a"),
    [
        ("sum(value) of purchase within 7 days for users", 15.0),
        ("sum(quantity) of purchase within 7 days for users", 7.0),  # a quantity that is not said is one
        ("count of purchase within 7 days for users", 2.0),  # two rows of one order are one
        ("count of view within 7 days for users", 1.0),
        ("sum(value) of purchase where category = 'TEA' within 7 days for users", 10.0),
        ("sum(value) of purchase within 8 days for users", 114.0),  # the last moment of the window counts
        ("sum(value) of gift within 7 days for users", 0.0),
    ],
)
def test_what_is_added_up(sentence, of_a):
    assert labels(sentence)[0]["a"] == of_a


def test_as_much_was_there_before():
    assert labels("sum(value) of purchase within 7 days for users")[1]["a"] == 7.0
    assert labels("sum(value) of purchase within 2 days for users")[1]["a"] == 0.0


def test_no_amount_is_negative_or_no_number():
    found, _ = labels("sum(value) of purchase within 7 days for users")
    assert (found["b"], found["c"]) == (0.0, 0.0)


def test_what_was_given_back_is_taken_off_to_the_last_bit():
    rows = [("a", day, "purchase", "tea", 0.1 * day, 1.0, f"o{day}") for day in range(1, 7)]
    rows.append(("a", -1, "view", "tea", None, None, None))
    back = log([row for row in reversed(rows) if row[2] == "purchase"]).events.with_columns(
        pl.col("time") + 1, action=pl.lit("refund")
    )
    shop = log(rows, **{RETURNED: back})
    assert labels("sum(value) of purchase within 7 days for users", shop)[0]["a"] == 0.0
    assert labels("count of purchase within 7 days for users", shop)[0]["a"] == 6.0


def test_a_measure_that_is_none_is_money():
    assert Task(name="spend", kind="amount", horizon_days=7, measure=None).measure == "value"
