"""Amounts in one shape: signs, absent values, currencies."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.errors import ConfigError
from foretell.core.events import EventLog
from foretell.prepare import CleaningRules, clean
from foretell.prepare.amounts import complete_amounts
from foretell.serve.events import parse_events


def bought(make_log, **more):
    return make_log([("a", 1, "purchase", "x", 2.0, 3.0), ("a", 2, "view", "x", 2.0, None)], **more)


def test_value_is_worked_out_where_the_log_has_none(make_log):
    cleaned = clean(bought(make_log, discount=[1.5, None]))
    assert cleaned.log.events["value"].to_list() == [4.5, None]
    assert cleaned.noted["derived_value"] == 1
    assert "price x quantity - discount" in cleaned.notes[0]


def test_a_value_that_is_there_stands_and_none_falls_below_zero(make_log):
    assert clean(bought(make_log, value=[1.0, None])).log.events["value"].to_list() == [1.0, None]
    assert clean(bought(make_log, discount=[99.0, None])).log.events["value"].to_list() == [0.0, None]
    rows = bought(make_log).events.drop("price")
    assert "value" not in clean(EventLog(rows)).log.events.columns


def test_once_is_enough():
    frame = pl.DataFrame({"action": ["purchase", "refund"], "price": [2.0, -2.0], "discount": [0.5, None]})
    once = complete_amounts(frame)
    assert once["value"].to_list() == [1.5, 2.0]
    assert_frame_equal(complete_amounts(once), once)


def test_live_rows_are_worth_what_batch_rows_are(make_log):
    sent = {"user_id": "a", "time": "2020-01-02", "action": "purchase", "item_id": "x", "price": 2.0, "quantity": 3.0}
    live = parse_events([sent, sent | {"discount": 1.0}, sent | {"value": 5.0}], rules=CleaningRules()).rows
    assert [row["value"] for row in live] == [6.0, 5.0, 5.0]
    assert clean(bought(make_log)).log.events["value"][0] == live[0]["value"]


def in_currencies(make_log, words):
    rows = [("a", day, "purchase", "x", 10.0, 1.0) for day in range(len(words))]
    return make_log(rows, value=[10.0] * len(words), currency=words)


def test_mixed_currencies_are_refused_without_rates(make_log):
    log = in_currencies(make_log, ["EUR", "EUR", "USD"])
    with pytest.raises(ConfigError, match="mixes currencies") as caught:
        clean(log)
    assert "EUR 2, USD 1" in caught.value.received
    assert "currency_rates" in caught.value.remedy
    with pytest.raises(ConfigError, match="no rate from USD to EUR"):
        clean(log, rules=CleaningRules(currency="EUR"))


def test_declared_rates_convert_all_money_once(make_log):
    rules = CleaningRules(currency="eur", currency_rates={"usd": 0.5, "GBP": 2.0})
    cleaned = clean(in_currencies(make_log, ["EUR", " usd ", "GBP", None]), rules=rules)
    assert cleaned.log.events["price"].to_list() == [10.0, 5.0, 20.0, 10.0]
    assert cleaned.log.events["value"].to_list() == [10.0, 5.0, 20.0, 10.0]
    assert set(cleaned.log.events["currency"]) == {"EUR"}
    assert cleaned.noted["converted_currency"] == 2
    again = clean(cleaned.log, rules=rules)
    assert again.noted["converted_currency"] == 0
    assert_frame_equal(again.log.events, cleaned.log.events)


def test_one_currency_needs_no_words(make_log):
    cleaned = clean(in_currencies(make_log, ["EUR", "eur", None]))
    assert cleaned.noted["converted_currency"] == 0
    assert cleaned.rows_out == 3


@pytest.mark.parametrize("wrong", [{"currency": "two words"}, {"currency_rates": {"USD": 0}}, {"currency": ""}])
def test_rates_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="currency"):
        CleaningRules(**wrong)
