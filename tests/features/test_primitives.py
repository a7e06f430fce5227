"""Codes, timelines, orders and the calendar: the parts every feature rests on."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.time import DAY
from foretell.features.codes import encode, to_amount
from foretell.features.moments import days_to_christmas, easter, holiday_days, month_day, thanksgiving
from foretell.features.orders import first_of_order
from foretell.features.phrases import phrase
from foretell.features.timeline import Timeline


@given(st.lists(st.none() | st.text(max_size=4), max_size=30))
def test_codes_lead_back_to_their_names(values):
    codes, names = encode(pl.Series(values, dtype=pl.String))
    assert [None if code < 0 else names[int(code)] for code in codes] == values
    assert names.is_sorted()


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=30),
    asked=st.lists(st.tuples(st.integers(0, 4), st.integers(-8, 8)), max_size=10),
    scale=st.sampled_from([1, 10**6, 2**58]),
    n_owners=st.sampled_from([4, 10**6]),
)
def test_timelines_count_rows_however_far_apart(rows, asked, scale, n_owners):
    rows = sorted((owner, time * scale) for owner, time in rows)
    owner, time = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    line = Timeline.of(owner, time=time, n_owners=n_owners)
    for who, step in asked:
        who = n_owners if who == 4 else who  # 4 stands for an owner never seen
        moment = min(step * scale, 2**62)
        expected = sum(o == who and t <= moment for o, t in rows)
        found = line.rows_until(np.array([who]), moment=np.array([moment]))
        assert found.tolist() == [expected]


@given(st.data())
def test_orders_begin_once_however_their_rows_mix(data):
    rows = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(-1, 2)), max_size=20))
    rows = sorted(rows, key=lambda row: row[:2])
    owner, time, order = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    expected, seen = [], set()
    for number, (who, when, which) in enumerate(rows):
        key = (who, which if which >= 0 else ("at", when))
        if key not in seen:
            seen.add(key)
            expected.append(number)
    assert first_of_order(owner, time=time, order=order).tolist() == expected


def test_amounts_are_exact_to_the_ten_thousandth():
    cents = np.arange(100_000)
    assert (to_amount(pl.Series(cents / 100)) == cents * 100).all()
    assert to_amount(pl.Series([0.1] * 3)).sum() == to_amount(pl.Series([0.3])).sum()
    assert to_amount(pl.Series([float("inf"), None, -1.5], dtype=pl.Float64)).tolist() == [0, 0, -15_000]


@pytest.mark.parametrize(
    ("year", "day"), [(1961, (4, 2)), (2000, (4, 23)), (2024, (3, 31)), (2025, (4, 20)), (2038, (4, 25))]
)
def test_easter_falls_on_its_sundays(year, day):
    assert easter(year) == date(year, *day)


def test_holidays_and_days_follow_the_calendar():
    assert thanksgiving(2024) == date(2024, 11, 28)
    assert thanksgiving(2018) == date(2018, 11, 22)
    leap = np.array([(date(2024, 2, 29) - date(1970, 1, 1)).days * DAY])
    assert month_day(leap).tolist() == [29]
    assert days_to_christmas(leap).tolist() == [300]
    after = np.array([(date(2024, 12, 26) - date(1970, 1, 1)).days * DAY])
    assert holiday_days("new_year", moment=after).tolist() == [(date(2025, 1, 1) - date(1970, 1, 1)).days]


def test_every_column_has_words_in_both_languages(make_frame):
    from foretell.features import ItemStatistics, demand_features
    from foretell.features.user_item import USER_ITEM_NAMES

    sold = make_frame([{"user_id": "ann", "time": DAY, "action": "purchase", "item_id": "tea"}])
    promotions = pl.DataFrame({"item_id": ["tea"], "start": [0], "end": [DAY], "mailer_share": [1.0]})
    demand = demand_features(sold, cutoffs=[DAY], item_ids=["tea"], promotions=promotions)
    names = [*USER_ITEM_NAMES, *ItemStatistics.of(sold).at(3 * DAY).columns[1:], *demand.columns[5:-1]]
    for name in names:
        assert phrase(name) != name.replace("_", " "), name
        assert phrase(name, language="zh") not in (phrase(name), name.replace("_", " ")), name
    assert phrase("something_else") == "something else"
