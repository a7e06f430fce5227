"""What would be answered later is what the predictor answers once it has happened."""

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from foretell.core.history import History
from foretell.core.task import Task
from foretell.core.time import DAY, from_microseconds, to_microseconds
from foretell.explain import explain
from foretell.explain.alternatives import Alternative, alternative_words
from foretell.explain.asking import Request, ask
from foretell.explain.explanation import value_column
from foretell.explain.speech import Speech
from foretell.predictor.view import ShopView

LEAVING = Task(name="churn", kind="churn", horizon_days=28)
ENGLISH = Speech("en")


@pytest.fixture(scope="module")
def middle(log):
    return from_microseconds(int(log.events["time"].max())) - timedelta(days=20)


@pytest.mark.parametrize("task", ["purchase", "churn"])
def test_later_answers_are_those_of_the_histories_then(predictor, log, buyer, middle, task):
    found = explain(predictor, task=task, user=buyer, log=log, at=middle)
    horizon = found.task.horizon_days
    days = sorted({max(horizon // 4, 1), horizon // 2, horizon})
    assert [(one.days, one.what) for one in found.alternatives] == [
        (ahead, what) for ahead in days for what in ("order", "nothing")
    ]
    view, cutoff = ShopView.of(log), to_microseconds(middle)
    past = History.of(view.histories, user_id=buyer).until(cutoff).events
    bought = past.filter(pl.col("action") == "purchase")
    last = bought.filter(pl.col("order_id") == bought["order_id"][-1])
    fitted = predictor.tasks[task]
    for one in found.alternatives:
        assert one.day == cutoff + one.days * DAY
        added = last.with_columns(
            pl.col("time") + (one.day - bought["time"][-1]),
            pl.lit("new").alias("order_id"),
            pl.lit(None).alias("event_id"),
        )
        histories = pl.concat([past, added.cast(past.schema)]) if one.what == "order" else past
        request = Request(buyer, one.day, None, replace(view, histories=histories))
        answer = ask(predictor, fitted, request).answer
        assert one.value == pytest.approx(answer[value_column(fitted.task)], abs=1e-6)


def test_where_orders_have_no_number_an_order_is_what_was_bought_at_one_moment(predictor, log, buyer, middle):
    unnamed = log.with_events(log.events.with_columns(pl.lit(None, dtype=pl.String).alias("order_id")))
    found = explain(predictor, task="churn", user=buyer, log=unnamed, at=middle)
    view = ShopView.of(unnamed)
    past = History.of(view.histories, user_id=buyer).until(to_microseconds(middle)).events
    bought = past.filter(pl.col("action") == "purchase")
    first = found.alternatives[0]
    added = bought.filter(pl.col("time") == bought["time"][-1]).with_columns(pl.lit(first.day).alias("time"))
    fitted = predictor.tasks["churn"]
    answer = ask(predictor, fitted, Request(buyer, first.day, None, replace(view, histories=pl.concat([past, added]))))
    assert first.value == pytest.approx(answer.answer["probability"], abs=1e-6)


def test_they_are_told_in_the_story_and_in_the_document(predictor, log, buyer, middle):
    found = explain(predictor, task="churn", user=buyer, log=log, at=middle)
    assert "after one more order like the last" in found.text()
    document = json.loads(found.json())
    assert [one["what"] for one in document["alternatives"]] == ["order", "nothing"] * 3
    first = found.alternatives[0]
    assert document["alternatives"][0]["day"].startswith(str(from_microseconds(first.day).date()))


@pytest.mark.parametrize("task", ["promotion", "ad", "recommend"])
def test_tasks_about_offers_and_items_are_not_asked_later(predictor, log, buyer, task):
    assert explain(predictor, task=task, user=buyer, log=log).alternatives == ()


def test_of_a_stranger_nothing_is_said_and_of_who_never_bought_only_silence(predictor, log, middle):
    assert explain(predictor, task="purchase", user="nobody", log=log).alternatives == ()
    until = to_microseconds(middle)
    by_user = log.events.filter(pl.col("time") <= until).group_by("user_id", maintain_order=True)
    looked = by_user.agg((pl.col("action") == "purchase").any().alias("bought"), pl.len())
    lookers = looked.filter(~pl.col("bought"))["user_id"].to_list()
    if not lookers:
        pytest.skip("everyone in this log has bought")
    found = explain(predictor, task="purchase", user=lookers[0], log=log, at=middle)
    assert {one.what for one in found.alternatives} <= {"nothing"}


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ((0.2, 0.22, 0.24), "An order by 29 January 1970 would at least halve it."),
        ((0.2, 0.3, 0.2), "An order by then would at least halve it."),  # not by the day after the one that does not
        ((0.3, 0.2, 0.2), None),
    ],
)
def test_halving_is_claimed_only_up_to_the_last_day_it_holds_without_a_gap(orders, said):
    later = [Alternative("order", days * DAY, days, value) for days, value in zip((7, 14, 28), orders, strict=True)]
    words = alternative_words(later, task=LEAVING, value=0.5, speech=ENGLISH)
    assert ("would at least" in words) == (said is not None)
    assert said is None or words.endswith(said)


def test_doubling_is_said_in_chinese_too():
    later = [Alternative("order", 7 * DAY, 7, 0.6)]
    words = alternative_words(later, task=LEAVING, value=0.2, speech=Speech("zh"))
    assert words.endswith("至少会使其翻倍。")
