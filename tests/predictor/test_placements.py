"""What is placed before each customer: the placements of the customer's own store, as known at the moment."""

import polars as pl
import pytest

from foretell.core.errors import InsufficientDataError
from foretell.core.events import EventLog
from foretell.core.time import DAY
from foretell.predictor.placements import MOST_PLACEMENTS, current_placements, own_stores, placements_at
from foretell.predictor.view import ShopView

NOW = 1000 * DAY


def bought(user, days_ago, store, order=None):
    return {
        "user_id": user,
        "time": NOW - days_ago * DAY,
        "action": "purchase",
        "item_id": "tea",
        "store_id": store,
        "order_id": order,
    }


def shown(item, days_ago, store=None, user="somebody", **more):
    return {
        "user_id": user,
        "time": NOW - days_ago * DAY,
        "action": "impression",
        "item_id": item,
        "store_id": store,
        **more,
    }


def view_of(*rows, **tables):
    schema = {
        "user_id": pl.String, "time": pl.Int64, "action": pl.String, "item_id": pl.String, "store_id": pl.String,
        "order_id": pl.String, "position": pl.String, "channel": pl.String,
    }  # fmt: skip
    frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
    return ShopView.of(EventLog(frame, tables))


def met(view, *users, cutoff=NOW):
    """What each user may meet, as (item, store)."""
    points = pl.DataFrame({"user_id": list(users), "cutoff": [cutoff] * len(users)})
    found = placements_at(view, points=points)
    return {
        user: found.filter(point=row).select("item_id", "store_id").rows() for row, user in enumerate(points["user_id"])
    }


def home(view, cutoff=NOW, stores="NSW"):
    asked = {"users": view.histories["user_id"].unique(), "stores": pl.Series(list(stores)), "cutoff": cutoff}
    return dict(own_stores(view.histories, **asked).rows())


# --- a customer's own store ---------------------------------------------------------------------------------


def test_the_own_store_is_where_most_orders_were_placed():
    view = view_of(
        bought("ann", 9, "N", "1"), bought("ann", 9, "N", "1"), bought("ann", 9, "N", "1"),
        bought("ann", 8, "S", "2"), bought("ann", 7, "S", "3"),
    )  # fmt: skip
    assert home(view) == {"ann": "S"}, "three rows of one order are one visit"


def test_moments_are_visits_where_orders_have_no_number():
    view = view_of(bought("ann", 9, "N"), bought("ann", 9, "N"), bought("ann", 9, "N"), bought("ann", 8, "S"))
    assert home(view) == {"ann": "S"}, "equal, and the south is the later"


def test_of_equal_stores_the_last_one_visited():
    rows = [bought("ann", 5, "N", "1"), bought("ann", 9, "S", "2")]
    assert home(view_of(*rows)) == {"ann": "N"}
    assert home(view_of(*rows, bought("ann", 2, "S", "3"))) == {"ann": "S"}


def test_the_last_three_months_decide_and_else_all_that_was_before():
    moved = [bought("ann", 100 + n, "N", f"{n}") for n in range(5)] + [bought("ann", 90, "S", "9")]
    assert home(view_of(*moved)) == {"ann": "S"}
    gone = [bought("bob", 200, "N", "1"), bought("bob", 201, "N", "2"), bought("bob", 150, "S", "3")]
    assert home(view_of(*gone)) == {"bob": "N"}


def test_what_comes_after_the_moment_moves_nobody():
    view = view_of(bought("ann", 9, "N", "1"), bought("ann", 3, "S", "2"), bought("ann", 2, "S", "3"))
    assert home(view, cutoff=NOW - 5 * DAY) == {"ann": "N"}
    assert home(view) == {"ann": "S"}


def test_stores_that_show_nothing_are_passed_over():
    view = view_of(bought("ann", 9, "N", "1"), bought("ann", 3, "N", "2"), bought("ann", 5, "S", "3"))
    assert home(view, stores="SW") == {"ann": "S"}
    assert home(view, stores="W") == {}


# --- current placements -----------------------------------------------------------------------------------


def test_each_customer_meets_the_placements_of_the_own_store():
    view = view_of(
        bought("ann", 9, "N"), bought("bob", 9, "S"), bought("cid", 9, "W"),
        shown("tea", 1, "N"), shown("bun", 1, "S"), shown("bun", 2, "S"), shown("jam", 1, "S"),
    )  # fmt: skip
    assert met(view, "bob", "ann", "cid", "stranger") == {
        "bob": [("bun", "S"), ("jam", "S")],
        "ann": [("tea", "N")],
        "cid": [("bun", None), ("jam", None), ("tea", None)],
        "stranger": [("bun", None), ("jam", None), ("tea", None)],
    }


def test_without_stores_everybody_meets_everything():
    view = view_of(bought("ann", 9, None), shown("tea", 1), shown("bun", 2), shown("bun", 3))
    everything = [("bun", None), ("tea", None)]
    assert met(view, "ann", "stranger") == {"ann": everything, "stranger": everything}


def test_placements_without_a_store_are_met_in_every_store():
    view = view_of(
        bought("ann", 9, "N"), bought("bob", 9, "S"), shown("tea", 1, "N"), shown("app", 1), shown("x", 1, "S")
    )
    assert met(view, "ann", "bob") == {"ann": [("app", None), ("tea", "N")], "bob": [("app", None), ("x", "S")]}


def test_the_same_item_in_two_places_is_two_placements():
    view = view_of(shown("tea", 1, position="1", channel="web"), shown("tea", 1, position="2", channel="web"))
    points = pl.DataFrame({"user_id": ["ann"], "cutoff": [NOW]})
    found = placements_at(view, points=points)
    assert found.select("item_id", "position", "channel").rows() == [("tea", "1", "web"), ("tea", "2", "web")]


def test_only_the_last_week_counts_and_of_a_silent_store_its_own_last_week():
    view = view_of(
        *[bought(user, 9, store) for user, store in (("ann", "N"), ("bob", "S"), ("cid", "W"))],
        shown("tea", 1, "N"), shown("old", 9, "N"),
        shown("bun", 20, "S"), shown("older", 28, "S"),
        shown("jam", 40, "W"),
    )  # fmt: skip
    assert met(view, "ann", "bob") == {"ann": [("tea", "N")], "bob": [("bun", "S")]}
    assert met(view, "cid")["cid"] == [("tea", None)], "a store silent for four weeks is as good as none"


def test_what_is_shown_after_the_moment_is_not_met():
    rows = [bought("ann", 9, "N"), shown("tea", 5, "N")]
    later = [
        shown("bun", 2, "N"),
        shown("bun", 1, "N"),
        bought("ann", 1, "S"),
        bought("ann", 2, "S"),
        shown("x", 1, "S"),
    ]
    at = NOW - 3 * DAY
    assert met(view_of(*rows, *later), "ann", cutoff=at) == met(view_of(*rows), "ann", cutoff=at)
    with pytest.raises(InsufficientDataError, match="placement"):
        met(view_of(*rows), "ann", cutoff=NOW - 6 * DAY)


def test_weights_still_to_come_do_not_tell_that_a_log_is_thinned():
    table = pl.DataFrame(
        {"user_id": ["a", "b"], "time": [NOW - DAY, NOW + DAY], "item_id": ["tea", "bun"], "weight": [1.0, 40.0]}
    )
    for known in (table, table.head(1)):
        assert met(view_of(bought("ann", 9, "N"), exposures=known), "ann") == {"ann": [("tea", None)]}


def test_a_thinned_log_is_looked_at_once_its_week_is_over():
    """Which rows it keeps depends on what was bought in the week after them."""
    table = pl.DataFrame(
        {
            "user_id": ["a", "b", "c", "d"],
            "time": [NOW - days * DAY for days in (3, 9, 9, 9)],
            "item_id": ["new", "tea", "bun", "bun"],
            "store_id": ["N"] * 4,
            "weight": [1.0, 40.0, 1.0, 1.0],
        }
    )
    assert met(view_of(bought("ann", 9, "N"), exposures=table), "ann")["ann"] == [("tea", "N"), ("bun", "N")]
    whole = table.with_columns(weight=pl.lit(1.0))
    assert met(view_of(bought("ann", 9, "N"), exposures=whole), "ann")["ann"] == [
        ("bun", "N"),
        ("new", "N"),
        ("tea", "N"),
    ]


def test_the_most_shown_are_weighed_where_there_are_too_many():
    rows = [shown(f"i{number:03d}", 1, "N") for number in range(MOST_PLACEMENTS + 50)]
    view = view_of(bought("ann", 9, "N"), *rows, *[shown(f"i{MOST_PLACEMENTS + 40}", 2, "N")] * 3)
    found = met(view, "ann", "stranger")
    for user in ("ann", "stranger"):
        assert len(found[user]) == MOST_PLACEMENTS
        assert found[user][0][0] == f"i{MOST_PLACEMENTS + 40}"


def test_a_view_that_remembers_gives_the_same():
    view = view_of(bought("ann", 9, "N"), shown("tea", 1, "N"), shown("bun", 2, "N"))
    remembering = ShopView(view.histories, view.statistics, view.tables, {})
    for cutoff in (NOW, NOW - DAY, NOW - 2 * DAY, NOW):
        assert current_placements(remembering, cutoff=cutoff).equals(current_placements(view, cutoff=cutoff))
