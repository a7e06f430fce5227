"""Cents among the pounds: by an item's own prices, and by value against price x quantity."""

from foretell.prepare import clean


def removed(cleaned):
    return {rule: count for rule, count in cleaned.removed.items() if count}


def sold(prices, item="x"):
    return [(f"u{day}", day, "purchase", item, price, 1.0) for day, price in enumerate(prices)]


def test_a_price_a_hundred_times_the_usual_is_set_aside(make_log):
    cleaned = clean(make_log(sold([1.99, 1.99, 2.05, 1.99, 199.0, 0.0199])))
    assert removed(cleaned) == {"price_in_other_unit": 2}
    assert sorted(cleaned.quarantine["price"]) == [0.0199, 199.0]


def test_a_dear_price_is_no_unit_and_few_rows_prove_nothing(make_log):
    assert removed(clean(make_log(sold([1.99, 1.99, 1.99, 1.99, 150.0])))) == {}
    assert removed(clean(make_log(sold([1.99, 1.99, 199.0])))) == {}


def test_a_value_a_hundred_times_price_times_quantity_is_set_aside(make_log):
    rows = [("a", day, "purchase", f"i{day}", 2.0, 3.0) for day in range(6)]
    log = make_log(rows, value=[6.0, 5.0, 6.0, 6.0, 600.0, 0.06])
    assert removed(clean(log)) == {"value_in_other_unit": 2}
    discounted = make_log(rows, value=[6.0, 5.0, 6.0, 6.0, 500.0, 4.0], discount=[0.0, 1.0, None, 0.0, 1.0, 2.0])
    assert removed(clean(discounted)) == {"value_in_other_unit": 1}


def test_a_whole_column_in_another_unit_is_said_and_not_removed(make_log):
    rows = [("a", day, "purchase", f"i{day}", 2.0, 3.0) for day in range(5)]
    cleaned = clean(make_log(rows, value=[600.0] * 4 + [6.0]))
    assert removed(cleaned) == {}
    assert cleaned.noted["values_in_other_unit"] == 4
    assert any("bring both columns in one unit" in note for note in cleaned.notes)


def test_free_goods_and_views_are_left_alone(make_log):
    rows = [("a", 1, "purchase", "x", 2.0, 1.0), ("a", 2, "view", "x", 2.0, None)]
    assert removed(clean(make_log(rows, value=[0.0, 200.0]))) == {}
