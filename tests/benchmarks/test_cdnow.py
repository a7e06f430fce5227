"""The CDNOW benchmark's reading, windows and deviance, on a handful of customers."""

import numpy as np
import pytest
from benchmarks.cdnow import DAY, Shop, poisson_deviance, read


@pytest.fixture
def log(tmp_path):
    lines = [" id date cds dollars"]
    for user in range(1, 41):
        lines += [f" {user:05d} 1997{1 + user % 3:02d}{1 + user % 27:02d} 1 11.77"] * 2  # twice a day is once
        lines.append(f" {user:05d} 1997{5 + user % 5:02d}10  2   20.00")
    file = tmp_path / "CDNOW_master.txt"
    file.write_text("\n".join(lines) + "\n")
    return read(file)


def test_purchases_of_one_day_are_one_order(log):
    assert len(log) == 80
    assert sorted(log.events["value"].unique().to_list()) == [20.0, 23.54]


def test_windows_end_at_the_origin_and_are_long_enough(log):
    origin = int(np.datetime64("1997-09-30", "us").astype(np.int64))
    shop = Shop(log, end=origin)
    inputs, orders, days = shop.windows_until(origin, horizon_days=100, shortest_share=0.5)
    assert sorted(set(days)) == [56.0, 84.0, 112.0, 140.0, 168.0, 196.0, 224.0]
    assert not set(inputs.names) & {"year_sine", "year_cosine", "days_to_christmas", "month_day"}
    longest = days == 224.0
    assert orders[longest].sum() == shop.counts(origin - 224 * DAY, horizon_days=224).sum() > 0


def test_deviance_is_nought_only_where_the_forecast_is_right():
    orders = np.array([0.0, 1.0, 3.0])
    assert poisson_deviance(orders, np.maximum(orders, 1e-12)) == pytest.approx([0, 0, 0], abs=1e-6)
    assert (poisson_deviance(orders, orders + 0.5) > 0).all()
