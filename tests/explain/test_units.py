import numpy as np
import polars as pl
import pytest

from foretell.core.history import HISTORY_SCHEMA, History
from foretell.core.time import DAY, SECOND
from foretell.explain.units import masked_histories, split_units

MINUTE = 60 * SECOND


def history_of(*rows: tuple[int, str, dict[str, str]]) -> History:
    return History.empty("ann").append({"time": time, "action": action, **more} for time, action, more in rows)


def sizes(history: History, **settings: object) -> list[int]:
    return [unit.events.height for unit in split_units(history, **settings)[0]]


def test_a_pause_ends_a_visit():
    history = history_of((0, "search", {}), (29 * MINUTE, "view", {}), (60 * MINUTE, "view", {}))
    assert sizes(history) == [2, 1]


def test_looking_around_belongs_to_the_order_that_follows():
    history = history_of(
        (0, "purchase", {"order_id": "1"}),
        (DAY, "view", {}),
        (DAY + MINUTE, "purchase", {"order_id": "2"}),
        (DAY + MINUTE, "purchase", {"order_id": "2"}),
    )
    assert sizes(history) == [1, 3]


def test_a_second_order_in_the_same_sitting_is_another_unit():
    history = history_of((0, "purchase", {"order_id": "1"}), (MINUTE, "purchase", {"order_id": "2"}))
    assert sizes(history) == [1, 1]


def test_an_order_is_one_unit_however_long_it_takes():
    history = history_of((0, "purchase", {"order_id": "1"}), (50 * MINUTE, "purchase", {"order_id": "1"}))
    assert sizes(history) == [2]


def test_what_the_shop_does_is_apart_from_what_the_customer_does():
    history = history_of((0, "view", {}), (MINUTE, "coupon_sent", {}), (2 * MINUTE, "view", {}))
    assert sizes(history) == [1, 1, 1]


def test_what_is_older_than_the_latest_units_becomes_one():
    history = history_of(*[(day * DAY, "view", {}) for day in range(10)])
    units, of_event = split_units(history, n_latest=3)
    assert [unit.n_merged for unit in units] == [7, 1, 1, 1]
    assert [unit.is_earlier for unit in units] == [True, False, False, False]
    assert of_event.tolist() == [0] * 7 + [1, 2, 3]


def test_a_single_older_unit_is_not_called_earlier():
    history = history_of(*[(day * DAY, "view", {}) for day in range(4)])
    units, _ = split_units(history, n_latest=3)
    assert not any(unit.is_earlier for unit in units)


@pytest.mark.parametrize("with_item", [[0, 2], [0, 1, 2, 3, 4]])
def test_earlier_units_with_the_item_in_question_are_apart(with_item):
    rows = [(day * DAY, "view", {"item_id": "tea" if day in with_item else "bun"}) for day in range(8)]
    units, of_event = split_units(history_of(*rows), n_latest=3, item="tea")
    of_tea = {number for number, row in zip(of_event[:5], rows, strict=False) if row[2]["item_id"] == "tea"}
    assert len(of_tea) == 1
    assert units[of_tea.pop()].n_merged == len(with_item)
    assert sum(unit.n_merged for unit in units) == 8
    assert sum(unit.events.height for unit in units) == 8


def test_an_empty_history_has_no_units():
    units, of_event = split_units(History.empty("ann"))
    assert units == ()
    assert len(of_event) == 0


def test_versions_keep_exactly_the_units_that_are_kept():
    history = history_of(*[(day * DAY, "view", {"item_id": str(day)}) for day in range(4)])
    _, of_event = split_units(history)
    kept = np.array([[True] * 4, [False] * 4, [True, False, False, True]])
    frame, names = masked_histories(history.events, of_event=of_event, kept=kept)
    assert frame.schema == HISTORY_SCHEMA
    assert frame["user_id"].is_sorted()
    items = [frame.filter(pl.col("user_id") == name)["item_id"].to_list() for name in names]
    assert items == [["0", "1", "2", "3"], [], ["0", "3"]]
