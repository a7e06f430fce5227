import json
from datetime import timedelta

import polars as pl
import pytest

from foretell.core.errors import ConfigError, InputError, UnknownNameError
from foretell.core.time import DAY, from_microseconds
from foretell.explain import explain
from foretell.explain.asking import Request, ask
from foretell.explain.event_effects import event_effects
from foretell.explain.explanation import value_column

USER_TASKS = ["purchase", "churn", "promotion", "ad", "recommend"]


@pytest.fixture(scope="module")
def middle(log):
    """A moment in the middle of the last month, aware."""
    return from_microseconds(int(log.events["time"].max())) - timedelta(days=20)


@pytest.mark.parametrize("task", USER_TASKS)
def test_the_answer_explained_is_the_answer_given(predictor, log, buyer, middle, task):
    given = predictor.predict(task, log=log, users=[buyer], at=middle).row(0, named=True)
    found = explain(predictor, task=task, user=buyer, log=log, at=middle)
    column = value_column(found.task)
    assert found.value == pytest.approx(given[column], abs=1e-6)
    assert {name: value for name, value in found.answer.items() if name != column} == {
        name: value for name, value in given.items() if name != column
    }


@pytest.mark.parametrize("task", USER_TASKS)
def test_the_question_asked_again_of_the_whole_history_gives_the_answer(predictor, log, buyer, middle, task):
    found = explain(predictor, task=task, user=buyer, log=log, at=middle, n_reasons=100)
    events = [reason.effect for reason in found.reasons if reason.kind == "event"]
    assert events
    # Reasons too small to tell are left out, so the sum is near, not exact.
    assert sum(events) == pytest.approx(found.value - found.references["event"], abs=0.02 * 21 * max(map(abs, events)))


@pytest.mark.parametrize("task", USER_TASKS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_form_of_every_task(predictor, log, buyer, task, language):
    found = explain(predictor, task=task, user=buyer, log=log, language=language)
    assert 1 <= len(found.reasons) <= 5
    assert {reason.kind for reason in found.reasons} <= {"event", "feature"}
    sizes = [abs(reason.effect) for reason in found.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert found.frame().columns == ["kind", "name", "effect", "words"]
    assert found.frame().height == len(found.reasons)
    document = json.loads(found.json())
    assert document["task"] == task
    assert document["answer"]["user_id"] == buyer
    assert [reason["words"] for reason in document["reasons"]] == [reason.words for reason in found.reasons]
    for reason in found.reasons:
        assert reason.words in found.text()
        assert "_" not in reason.words
    assert buyer in found.text()


@pytest.mark.parametrize("task", USER_TASKS)
def test_nothing_is_called_a_cause(predictor, log, buyer, task):
    text = explain(predictor, task=task, user=buyer, log=log, n_reasons=20).text()
    caution = "These are associations the model has learned, not causes."
    assert caution in text
    rest = text.replace(caution, "").lower()
    assert not any(word in rest for word in ("because", "cause", "due to", "leads to", "makes the customer"))


@pytest.mark.parametrize("method", ["shapley", "occlusion"])
def test_the_seed_decides_everything(predictor, log, buyer, method):
    first, again = (explain(predictor, task="purchase", user=buyer, log=log, method=method) for _ in range(2))
    assert first == again


def test_what_comes_after_the_moment_does_not_matter(predictor, log, buyer, middle):
    known = log.before(int(middle.timestamp() * 1e6))
    assert explain(predictor, task="purchase", user=buyer, log=log, at=middle) == explain(
        predictor, task="purchase", user=buyer, log=known, at=middle
    )


@pytest.mark.parametrize("task", USER_TASKS)
def test_a_customer_never_seen(predictor, log, task):
    found = explain(predictor, task=task, user="never seen", log=log)
    assert not [reason for reason in found.reasons if reason.kind == "event"]
    assert 0 <= found.value <= 1
    assert "Nothing is known of this customer" in found.text()


def test_a_moment_before_the_customer_came(predictor, log, buyer):
    first = int(log.events.filter(pl.col("user_id") == buyer)["time"].min())
    found = explain(predictor, task="purchase", user=buyer, log=log, at=from_microseconds(first - DAY))
    assert "Nothing is known of this customer" in found.text()


def test_an_item_of_ones_choice(predictor, log, buyer):
    listed = predictor.predict("recommend", log=log, users=[buyer])
    third = listed.row(2, named=True)
    found = explain(predictor, task="recommend", user=buyer, log=log, item=third["item_id"])
    assert found.answer["rank"] == 3
    assert found.value == pytest.approx(third["score"], abs=1e-6)


@pytest.mark.parametrize("task", ["ad", "recommend"])
def test_an_item_never_seen(predictor, log, buyer, task):
    found = explain(predictor, task=task, user=buyer, log=log, item="never sold")
    assert found.answer["item_id"] == "never sold"
    assert 0 <= found.value <= 1


def test_demand_is_explained_by_item(predictor, log):
    items = predictor.task("demand").levels["items"]
    found = explain(predictor, task="demand", item=items[0], log=log)
    assert {reason.kind for reason in found.reasons} == {"feature"}
    assert "items, not customers" in found.text()
    effects = explain(predictor, task="demand", item=items[0], log=log, n_reasons=100).frame()["effect"]
    assert found.references["feature"] + effects.sum() == pytest.approx(found.value, rel=0.2)


def test_demand_without_an_item_says_what_to_do(predictor, log, buyer):
    with pytest.raises(InputError, match=r"items, not customers(.|\n)*--item"):
        explain(predictor, task="demand", user=buyer, log=log)


def test_demand_of_an_unknown_item(predictor, log):
    with pytest.raises(UnknownNameError, match="best-selling"):
        explain(predictor, task="demand", item="never sold", log=log)


def test_an_unknown_task_offers_the_nearest(predictor):
    with pytest.raises(UnknownNameError, match="purchase"):
        explain(predictor, task="purchse", user="1")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"user": None}, InputError, "--user"),
        ({"item": "1"}, InputError, "Leave the item out"),
        ({"language": "de"}, ConfigError, "en, zh"),
        ({"method": "lime"}, ConfigError, "shapley, occlusion"),
        ({"n_reasons": 0}, ConfigError, "At least one"),
    ],
)
def test_bad_settings_say_what_to_do(predictor, log, buyer, settings, error, message):
    with pytest.raises(error, match=message):
        explain(predictor, **{"task": "purchase", "user": buyer, "log": log, **settings})


@pytest.mark.parametrize("task", USER_TASKS)
def test_leaving_everything_out_is_asking_about_a_stranger(predictor, log, buyer, task):
    """The versions with events left out go through the very pipeline that answers."""
    from dataclasses import replace

    from foretell.core.history import History
    from foretell.predictor.view import ShopView

    view, cutoff, fitted = ShopView.of(log), int(log.events["time"].max()), predictor.task(task)
    history = History.of(view.histories, user_id=buyer)
    asked = ask(predictor, fitted, Request(buyer, cutoff, None, replace(view, histories=history.events)))
    _, attribution = event_effects(fitted, asked, history, cutoff=cutoff)
    stranger = Request("stranger", cutoff, None, replace(view, histories=history.events.clear()))
    inputs = asked.question.inputs(history.events.clear(), points=stranger.points())
    assert attribution.empty == pytest.approx(fitted.head().probability(inputs)[0], abs=1e-6)
