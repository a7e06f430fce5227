"""The language of questions: what it reads, what it writes, and what it says of what it cannot read."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from foretell.core.question import MEASURES, SHAPES, QuestionError, read_question, write_question
from foretell.core.task import Task
from foretell.tasks import default_tasks

names = st.text(min_size=1, max_size=12).filter(lambda text: "\x00" not in text)
values = st.one_of(
    st.text(min_size=0, max_size=12), st.lists(st.text(max_size=8), min_size=1, max_size=3, unique=True).map(tuple)
)


@pytest.mark.parametrize(
    ("sentence", "kind", "rest"),
    [
        ("any purchase within 28 days for users", "purchase", {}),
        ("ANY purchase WITHIN 4 Weeks FOR users", "purchase", {}),
        ("no view within 28 days for users active in 8 weeks", "churn", {"action": "view", "active_days": 56}),
        ("no purchase within 28 days for users among users active in 90 days", "churn", {"active_days": 90}),
        ("items of cart within 28 days for users", "recommend", {"action": "cart"}),
        ("any click within 28 days for exposures", "ad", {"action": "click"}),
        ("any purchase within 28 days for campaigns", "promotion", {}),
        ("sum(quantity) of purchase per week within 28 days for items", "demand", {}),
        (
            "sum ( quantity ) of purchase where brand = Own per week within 28 days for items",
            "demand",
            {"where": {"brand": "Own"}},
        ),
        ("sum(value) of purchase within 28 days for users", "amount", {"measure": "value"}),
        ("sum(quantity) of purchase within 28 days for users", "amount", {"measure": "quantity"}),
        ("Count of view within 28 days for users", "amount", {"action": "view", "measure": "count"}),
        ("any 'add to list' within 28 days for users", "purchase", {"action": "add to list"}),
        (
            """any purchase where category = 'it''s' and "the brand" in (A, "B c", A) within 28 days for users""",
            "purchase",
            {"where": {"category": "it's", "the brand": ("A", "B c")}},
        ),
    ],
)
def test_what_a_sentence_asks_for(sentence, kind, rest):
    assert read_question(sentence) == {"kind": kind, "action": "purchase", "horizon_days": 28} | rest


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("", "ends too early"),
        ("any purchase within 28 days", "after 'any purchase within 28 days' comes 'for'"),
        ("any purchase wihin 28 days for users", "'wihin' (character 14) .* did you mean 'within'"),
        ("any purchase within soon for users", "'soon' .* a whole number of days"),
        ("any purchase within 0 days for users", "'0' .* a whole number of days"),
        ("any purchase within 28 for users", "'for' .* 'days'"),
        ("any purchase within 28 days for usrs", "did you mean 'users'"),
        ("any purchase within 28 days for items", "no task answers 'any ... for items'"),
        ("sum(price) of purchase within 28 days for users", "'price' (character 5)"),
        ("sum(value) of purchase within 28 days for items", "no task answers 'sum(value) ... for items'"),
        ("count purchase within 28 days for users", "'purchase' (character 7) .* 'of'"),
        ("coun of purchase within 28 days for users", "did you mean 'count'"),
        ("sum(quantity) of purchase within 28 days for items", "write 'per week' before 'within'"),
        ("any purchase per week within 28 days for users", "leave 'per week' out"),
        ("any purchase where category within 28 days for users", "'within' .* '=' or 'in'"),
        ("any purchase where a = b and a = c within 28 days for users", "'a' has two conditions"),
        ("any purchase within 28 days for users; drop table", "'; drop table' (character 38) is nothing"),
        ("any purchase within 28 days for users tomorrow", "'tomorrow' .* the end"),
        ("any 'purchase within 28 days for users", "(character 5) is nothing"),
    ],
)
def test_what_is_said_of_a_sentence_that_is_no_question(sentence, said):
    pattern = said.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(QuestionError, match=pattern):
        read_question(sentence)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text):
    with suppress(QuestionError):
        assert read_question(text)["horizon_days"] >= 1


@given(
    shape=st.sampled_from(sorted(SHAPES)),
    action=names,
    horizon_days=st.integers(1, 366),
    where=st.dictionaries(names, values, max_size=3),
    active_days=st.none() | st.integers(1, 999),
)
def test_what_is_written_is_read_back(shape, action, horizon_days, where, active_days):
    settings = {"kind": SHAPES[shape], "action": action, "horizon_days": horizon_days}
    if settings["kind"] == "amount":
        settings["measure"] = {written: name for name, written in MEASURES.items()}[shape[0]]
    settings |= ({"where": where} if where else {}) | ({"active_days": active_days} if active_days else {})
    assert read_question(write_question(**settings)) == settings


def test_the_built_in_tasks_are_sentences():
    tasks = default_tasks(response="click")
    assert tasks["churn"] == Task(name="churn", kind="churn", horizon_days=28, active_days=56)
    assert tasks["ad"].predict == "any click within 7 days for exposures"
    for name, task in tasks.items():
        assert Task.asking(task.predict, name=name) == task


def test_an_amount_adds_up_value_unless_told_otherwise_and_nothing_else_adds_up():
    assert Task(name="spend", kind="amount", horizon_days=28).measure == "value"
    assert Task(name="spend", kind="amount", horizon_days=28, measure="count").predict.startswith("count of purchase")
    with pytest.raises(ValidationError, match="measure belongs to tasks of kind 'amount'"):
        Task(name="soon", kind="purchase", horizon_days=28, measure="value")


def test_a_declaration_may_be_a_sentence_with_settings_beside_it():
    task = Task.model_validate({"name": "few", "predict": "items of purchase within 7 days for users", "top_k": 3})
    assert (task.kind, task.horizon_days, task.top_k) == ("recommend", 7, 3)
    assert "predict" not in task.model_dump()
    assert Task.model_validate_json(task.model_dump_json()) == task


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"predict": "any purchase within 7 days for users", "horizon_days": 7}, "predict says horizon_days already"),
        ({"predict": 7}, "predict is a sentence in quotes, not 7"),
        ({"predict": "any purchase within 900 days for users"}, "less than or equal to 366"),
        ({"predict": "buys soon"}, re.escape("'buys' (character 1) is not understood")),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Task.model_validate({"name": "soon"} | given)
