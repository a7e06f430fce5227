import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from foretell.core.errors import ConfigError, InputError, InsufficientDataError, UnknownNameError
from foretell.core.history import History
from foretell.core.time import DAY, from_microseconds
from foretell.explain import explain
from foretell.explain.asking import Request, ask
from foretell.explain.event_effects import event_effects
from foretell.explain.explanation import value_column
from foretell.model.quantile_head import QuantileBlend, fit_quantile_head
from foretell.predictor.demand_inputs import demand_inputs
from foretell.predictor.view import ShopView

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


def test_a_moment_before_the_customer_came(predictor, log):
    came = log.events.group_by("user_id").agg(pl.col("time").min()).sort("time", "user_id")
    late, first = came.row(-1)
    found = explain(predictor, task="purchase", user=late, log=log, at=from_microseconds(first - DAY))
    assert "Nothing is known of this customer" in found.text()


@pytest.mark.parametrize("task", [*USER_TASKS, "demand"])
def test_a_moment_before_the_log_is_refused_with_its_span(predictor, log, buyer, task):
    item = predictor.task("demand").levels["items"][0] if task == "demand" else None
    first = from_microseconds(int(log.events["time"].min()))
    with pytest.raises(InsufficientDataError, match="Nothing is known yet") as caught:
        explain(predictor, task=task, user=buyer, item=item, log=log, at=first - timedelta(days=1))
    assert first.date().isoformat() in caught.value.received


def test_a_moment_far_from_the_log_or_seen_in_training_is_noted(predictor, log, buyer, caplog):
    last = from_microseconds(int(log.events["time"].max()))
    explain(predictor, task="purchase", user=buyer, log=log, at=last)
    assert not caplog.records
    explain(predictor, task="purchase", user=buyer, log=log, at=last + timedelta(days=40))
    assert "40 days after the log ends" in caplog.text
    explain(predictor, task="purchase", user=buyer, log=log, at=last - timedelta(days=120))
    assert "end of the training window" in caplog.text


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
    assert "never sold" in found.text()
    assert 0 <= found.value <= 1


@pytest.mark.parametrize("task", ["ad", "recommend"])
def test_an_item_whose_id_is_not_of_the_shops_kind_keeps_its_name(predictor, log, buyer, task):
    """The shop's ids are whole numbers and this one is not: it must not turn into None."""
    numbered = replace(predictor, id_types={"item_id": pl.Int64()})
    found = explain(numbered, task=task, user=buyer, log=log, item="nosuch")
    assert found.answer["item_id"] == "nosuch"
    assert "item nosuch" in found.text()
    assert "None" not in found.text()


@pytest.mark.parametrize("rank", [0, 7])
def test_an_ad_is_held_against_all_placements_the_customer_may_meet(predictor, log, buyer, rank):
    """The answer lists the best of them; an explanation that weighed those alone would explain another number."""
    given = predictor.predict("ad", log=log, users=[buyer])
    row = given.unique("item_id", keep="first", maintain_order=True).row(rank, named=True)
    found = explain(predictor, task="ad", user=buyer, log=log, item=row["item_id"])
    assert found.value == pytest.approx(row["probability"], abs=1e-6)
    fitted, view = predictor.task("ad"), ShopView.of(log)
    own = History.of(view.histories, user_id=buyer)
    cutoff = int(log.events["time"].max())
    request = Request(buyer, cutoff, row["item_id"], replace(view, histories=own.events))
    inputs = ask(predictor, fitted, request).question.inputs(own.events, points=request.points())
    assert fitted.head().probability(inputs)[0] == pytest.approx(row["probability"], abs=1e-6)


def test_demand_is_explained_by_item(predictor, log):
    items = predictor.task("demand").levels["items"]
    found = explain(predictor, task="demand", item=items[0], log=log)
    assert {reason.kind for reason in found.reasons} == {"feature"}
    assert "items, not customers" in found.text()
    effects = explain(predictor, task="demand", item=items[0], log=log, n_reasons=100).frame()["effect"]
    assert found.references["feature"] + effects.sum() == pytest.approx(found.value, rel=0.2)


def _heeding_the_signal(predictor, log, *, share):
    """The demand task with a head that heeds the sequence model's signal to a given share."""
    fitted = predictor.task("demand")
    last = int(str(log.events["time"].max()))
    inputs = demand_inputs(
        predictor.reader,
        view=ShopView.of(log),
        cutoffs=[last - 28 * DAY, last - 14 * DAY],
        item_ids=fitted.levels["items"],
        weeks=2,
        log_end=last,
    ).observed()
    known = (inputs.features, inputs.units, inputs.scale)
    head = fit_quantile_head(known, validation=known, names=inputs.names, levels=fitted.quantiles.levels, seed=0)
    return replace(fitted, amounts=QuantileBlend(head, fitted.quantiles.plain, share))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_demand_explained_is_the_demand_forecast(predictor, log, middle, share):
    """Only the item asked about is read, and customers only where the head heeds them: the answer is the same."""
    fitted = predictor.task("demand")
    asked = predictor.with_tasks({"demand": _heeding_the_signal(predictor, log, share=share)})
    given = asked.predict("demand", log=log, at=middle).filter(week=1)
    for item in (fitted.levels["items"][0], fitted.levels["items"][-1]):
        found = explain(asked, task="demand", item=item, log=log, at=middle, n_reasons=100)
        expected = given.filter(item_id=item).row(0, named=True)
        assert list(found.answer) == list(expected)
        for name, value in expected.items():
            assert found.answer[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)
    signal = {reason.name for reason in found.reasons if reason.name == "sequence_intent"}
    assert not signal or share > 0


def test_a_demand_head_without_use_for_the_signal_reads_no_customer(predictor, log, monkeypatch):
    """Reading every customer's history is what takes the time."""
    fitted = predictor.task("demand")
    asked = {
        share: predictor.with_tasks({"demand": _heeding_the_signal(predictor, log, share=share)})
        for share in (0.0, 0.5)
    }

    def refuse(*_, **__):
        raise AssertionError("a customer was read")

    monkeypatch.setattr("foretell.predictor.demand_inputs._intents", refuse)
    item = fitted.levels["items"][0]
    assert explain(asked[0.0], task="demand", item=item, log=log).value > 0
    assert asked[0.0].predict("demand", log=log).height > 0
    with pytest.raises(AssertionError, match="was read"):
        explain(asked[0.5], task="demand", item=item, log=log)


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
    view, cutoff, fitted = ShopView.of(log), int(log.events["time"].max()), predictor.task(task)
    history = History.of(view.histories, user_id=buyer)
    asked = ask(predictor, fitted, Request(buyer, cutoff, None, replace(view, histories=history.events)))
    _, attribution = event_effects(fitted, asked, history, cutoff=cutoff)
    stranger = Request("stranger", cutoff, None, replace(view, histories=history.events.clear()))
    inputs = asked.question.inputs(history.events.clear(), points=stranger.points())
    assert attribution.empty == pytest.approx(fitted.head().probability(inputs)[0], abs=1e-6)
