import polars as pl

from foretell.serve.cleaning import rows_frame
from foretell.serve.known_rows import KnownRows

LOG = pl.DataFrame(
    {
        "user_id": ["a", "a", "b"],
        "time": [5, 6, 6],
        "action": ["view", "impression", "purchase"],
        "price": [None, None, 1.5],
        "event_id": ["e1", "e2", None],
        "loyalty": ["gold", "gold", None],
    }
)


def holds(*rows: dict[str, object]) -> list[bool]:
    return KnownRows.of(LOG).holds(rows_frame(rows)).tolist()


def test_an_id_is_known_whatever_the_rest():
    other = {"user_id": "z", "time": 9, "action": "click"}
    assert holds({**other, "event_id": "e1"}, {**other, "event_id": "e2"}, {**other, "event_id": "e3"}, other) == [
        True, True, False, False,
    ]  # fmt: skip


def test_without_an_id_the_whole_content_counts():
    row = {"user_id": "b", "time": 6, "action": "purchase", "price": 1.5}
    assert holds(row, {**row, "price": 1.6}, {**row, "item_id": "x"}, {**row, "event_id": "e9"}) == [
        True, False, False, False,
    ]  # fmt: skip


def test_a_row_with_an_id_is_not_known_by_its_content():
    assert holds({"user_id": "a", "time": 5, "action": "view"}) == [False]


def test_an_empty_log_knows_nothing():
    empty = KnownRows.of(LOG.clear())
    assert empty.holds(rows_frame([{"user_id": "a", "time": 5, "action": "view"}])).tolist() == [False]
