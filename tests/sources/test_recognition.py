"""What inspect shows: dialect, mapping, unit of time, three examples."""

import polars as pl
import pytest

from foretell.sources import recognise


def test_canonical_names_are_certain(golden):
    recognition = recognise(golden)
    assert (recognition.dialect, recognition.confidence, recognition.time_unit) == (
        "canonical",
        1.0,
        "microseconds",
    )
    assert recognition.mapping == {name: name for name in golden.columns}
    assert len(recognition.examples) == 3
    assert recognition.examples[0] == {
        "user_id": "7",
        "time": "2020-01-01T00:00:00+00:00",
        "action": "view",
        "item_id": "A1",
        "price": 2.5,
    }


def test_synonyms_are_less_certain_and_the_rest_is_listed():
    frame = pl.DataFrame({"Customer Id": ["a"], "ts": [1_577_836_800_000], "event": ["pv"], "colour": ["red"]})
    recognition = recognise(frame)
    assert recognition.confidence == 0.8
    assert recognition.mapping == {"user_id": "Customer Id", "time": "ts", "action": "event"}
    assert recognition.time_unit == "milliseconds"
    assert recognition.notes == ("No use was found for the columns colour.",)


def test_invoices_are_recognised(write):
    path = write(
        "retail.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,LANTERN,6,12/1/2010 8:26,2.55,17850,United Kingdom\n",
    )
    recognition = recognise(path)
    assert recognition.dialect == "invoices"
    assert recognition.mapping["order_id"] == "InvoiceNo"
    assert not any("No use" in note for note in recognition.notes)


def test_complete_journey_is_recognised(tiny_journey):
    recognition = recognise(tiny_journey)
    assert recognition.dialect == "complete-journey"
    assert set(recognition.side_tables) == {
        "items",
        "users",
        "campaigns",
        "treatments",
        "exposures",
        "promotions",
    }
    assert recognition.examples[0]["action"] == "purchase"


def test_a_time_outside_the_calendar_is_shown_as_it_is():
    frame = pl.DataFrame({"user_id": ["a"] * 3, "time": [2**62, 10**15, 10**15], "action": ["view"] * 3})
    assert "microseconds" in recognise(frame).examples[0]["time"]


@pytest.mark.parametrize("size", [1, 500])
def test_only_a_sample_is_looked_at(size):
    frame = pl.DataFrame({"user_id": ["a"] * size, "time": [1_577_836_800] * size, "action": ["view"] * size})
    assert len(recognise(frame).examples) == min(3, size)
