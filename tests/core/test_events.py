"""The event log: canonical types and order, side tables, the cut at a moment, the shop's own ids."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from foretell.core import columns
from foretell.core.errors import SchemaError
from foretell.core.events import EventLog, in_event_order, restore_ids


def frame(**columns_of):
    return pl.DataFrame({"user_id": ["a"], "time": [1], "action": ["view"]} | columns_of)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=30))
def test_rows_are_sorted_by_user_then_time_and_ties_keep_their_order(rows):
    table = pl.DataFrame(
        {"user_id": [user for user, _ in rows], "time": [time for _, time in rows]},
        schema={"user_id": pl.String, "time": pl.Int64},
    ).with_row_index("arrival")
    log = EventLog(table.with_columns(pl.lit("view").alias("action")))
    expected = sorted((user, time, arrival) for arrival, (user, time) in enumerate(rows))
    assert log.events.select("user_id", "time", "arrival").rows() == expected
    assert len(log) == len(rows)


@pytest.mark.parametrize("block_rows", [1, 2, 100])
def test_a_descending_time_is_noticed_wherever_blocks_meet(block_rows, monkeypatch):
    monkeypatch.setattr("foretell.core.events._BLOCK_ROWS", block_rows)
    frame = pl.DataFrame({"user_id": ["a"] * 5, "time": [1, 2, 4, 3, 5], "action": ["view"] * 5})
    assert EventLog(frame).events["time"].to_list() == [1, 2, 3, 4, 5]
    ordered = frame.sort("time")
    assert EventLog(ordered).events["time"].to_list() == [1, 2, 3, 4, 5]


def test_a_descending_time_within_a_user_is_noticed():
    """The order is checked before it is made: rows of one user that fall back in time must not pass."""
    table = pl.DataFrame({"user_id": ["a", "a", "b"], "time": [2, 1, 0], "action": ["x", "y", "z"]})
    assert EventLog(table).events["action"].to_list() == ["y", "x", "z"]


@given(st.data())
def test_event_order_is_the_same_however_the_rows_lie(data):
    """As long as rows of one moment differ in order, action, item or event id; users and times come first."""
    few = st.sampled_from(["x", "y", None])
    row = st.tuples(st.sampled_from("ab"), st.integers(0, 2), few, st.sampled_from(["cart", "view"]), few)
    rows = data.draw(st.lists(row, max_size=12, unique=True))
    names = ["user_id", "time", "order_id", "action", "item_id"]
    schema = dict.fromkeys(names, pl.String) | {"time": pl.Int64}
    one, other = (
        in_event_order(pl.DataFrame(lying, schema=schema, orient="row"))
        for lying in (rows, data.draw(st.permutations(rows)))
    )
    assert_frame_equal(one, other)
    assert_frame_equal(in_event_order(one), one)
    assert_frame_equal(EventLog(one).events.select(names), one)


def test_types_become_canonical():
    log = EventLog(
        pl.DataFrame(
            {
                "user_id": [7],
                "time": pl.Series([5], dtype=pl.Int32),
                "action": pl.Series(["view"], dtype=pl.Categorical),
                "item_id": [9],
                "price": [3],
                "quantity": pl.Series([2], dtype=pl.UInt8),
                "colour": ["red"],
            }
        )
    )
    assert log.events.schema == {
        "user_id": pl.String,
        "time": pl.Int64,
        "action": pl.String,
        "item_id": pl.String,
        "price": pl.Float64,
        "quantity": pl.Float64,
        "colour": pl.String,
    }
    assert log.events.row(0) == ("7", 5, "view", "9", 3.0, 2.0, "red")


@pytest.mark.parametrize("name", columns.REQUIRED)
def test_a_missing_column_is_named(name):
    with pytest.raises(SchemaError, match=f"lacks {name}") as caught:
        EventLog(frame().drop(name))
    assert caught.value.received == ", ".join(other for other in columns.REQUIRED if other != name)


def test_no_columns_at_all():
    with pytest.raises(SchemaError, match="user_id, time, action") as caught:
        EventLog(pl.DataFrame())
    assert caught.value.received == "no columns"


def test_an_unknown_side_table_is_refused():
    with pytest.raises(SchemaError, match="'prices'"):
        EventLog(frame(), {"prices": pl.DataFrame()})


def test_side_tables_by_name():
    items = pl.DataFrame({"item_id": ["x"]})
    log = EventLog(frame()).with_table("items", items)
    assert log.table("items").equals(items)
    assert log.table("users") is None
    assert log.with_events(frame(time=[9])).table("items").equals(items)


def test_identifiers_are_text_in_side_tables_too():
    """Numbered items must find their events, whose ids are text."""
    items = pl.DataFrame({"item_id": [7], "store_id": pl.Series([1], dtype=pl.Int8), "price": [2], "shelf": [3]})
    log = EventLog(frame(item_id=[7]), {"items": items})
    assert log.table("items").row(0) == ("7", "1", 2, 3)
    assert log.events.join(log.table("items"), on="item_id").height == 1


def test_the_callers_mapping_is_not_kept():
    tables = {"items": pl.DataFrame({"item_id": ["x"]})}
    log = EventLog(frame(), tables)
    tables["prices"] = pl.DataFrame()
    assert set(log.tables) == {"items"}


def test_before_keeps_the_cutoff_itself():
    log = EventLog(pl.DataFrame({"user_id": ["a"] * 3, "time": [1, 2, 3], "action": ["view"] * 3}))
    assert log.before(2).events["time"].to_list() == [1, 2]
    assert len(log.before(0)) == 0


@pytest.mark.parametrize("kind", [pl.Int64(), pl.Int32(), pl.UInt16(), pl.String()])
def test_ids_come_back_in_the_shops_own_type(kind):
    own = pl.DataFrame({"user_id": pl.Series([11, 7, 7]).cast(kind), "time": [3, 1, 2], "action": ["view"] * 3})
    log = EventLog(own, id_types={"user_id": kind, "item_id": pl.Int64()})
    restored = log.restore_ids(log.events)
    assert restored["user_id"].dtype == kind
    assert_frame_equal(restored.sort("time"), own.sort("time"))


def test_restoring_touches_nothing_else():
    table = pl.DataFrame({"user_id": ["1"], "score": [0.5]})
    assert restore_ids(table, {}).equals(table)


def test_an_id_that_never_was_the_shops_is_not_lost():
    """A customer asked about by name in a shop of numbered customers still gets an answer under that name."""
    restored = restore_ids(pl.DataFrame({"user_id": ["7", "nobody"]}), {"user_id": pl.Int64()})
    assert restored["user_id"].to_list() == ["7", "nobody"]


def test_rows_of_one_moment_go_as_a_visit_goes():
    actions = ["wave", "review", "refund", "purchase", "cart", "search", "view", "click", "impression", "alpha"]
    rows = pl.DataFrame({"user_id": ["a"] * 10, "time": [1] * 10, "action": actions})
    found = in_event_order(rows)
    assert found["action"].to_list() == [*actions[8:0:-1], "alpha", "wave"]
    assert found.columns == rows.columns


def test_sales_are_the_purchases_of_everybody_and_nobody():
    named = frame(time=[5], action=["purchase"], item_id=["x"])
    nobody = pl.DataFrame(
        {
            "user_id": pl.Series([None] * 3, dtype=pl.String),
            "time": [9, 1, 2],
            "action": ["purchase", "purchase", "refund"],
            "price": [1.0] * 3,
        }
    )
    log = EventLog(pl.concat([named, frame(item_id=["x"])]), {"unattributed": nobody})
    assert log.sales().events.select("user_id", "time", "item_id").rows() == [
        (None, 1, None),
        (None, 9, None),
        ("a", 5, "x"),
    ]
    assert EventLog(frame()).sales().events.is_empty()
    assert log.before(1).table("unattributed")["time"].to_list() == [1]
