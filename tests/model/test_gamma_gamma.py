"""Gamma-Gamma against the published CDNOW figures, simulated orders, and its own laws."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.errors import InsufficientDataError
from foretell.model.gamma_gamma import GammaGamma, discounted_orders, fit_gamma_gamma

CDNOW = GammaGamma(p=6.25, q=3.74, v=15.44)


def test_the_published_parameters_of_cdnow_are_found():
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the CDNOW sample comes with the package lifetimes, which is not installed")
    table = pl.read_csv(Path(spec.origin).parent / "datasets" / "cdnow_customers_summary_with_transactions.csv")
    table = table.filter(pl.col("x") > 0)
    found = fit_gamma_gamma(table["x"].to_numpy().astype(float), mean_value=table["zbar"].to_numpy())
    assert [found.p, found.q, found.v] == pytest.approx([6.25, 3.74, 15.44], abs=0.02)


def test_simulated_orders_give_their_mean_and_spread_back():
    random = np.random.default_rng(0)
    orders = random.integers(1, 9, 20_000).astype(float)
    scale = random.gamma(CDNOW.q, 1 / CDNOW.v, len(orders))
    mean_value = random.gamma(CDNOW.p * orders) / (orders * scale)
    found = fit_gamma_gamma(orders, mean_value=mean_value)
    nothing = np.zeros(1)
    truth = CDNOW.expected_value(nothing, mean_value=nothing)[0]
    assert found.expected_value(nothing, mean_value=nothing)[0] == pytest.approx(truth, rel=0.03)
    next_order = random.gamma(CDNOW.p, 1 / scale)
    expected = found.expected_value(orders, mean_value=mean_value)
    rich = expected > np.quantile(expected, 0.8)
    assert expected[rich].mean() == pytest.approx(next_order[rich].mean(), rel=0.05)


@given(st.integers(1, 200), st.floats(1.0, 1e4))
def test_the_answer_lies_between_the_customer_and_everyone(orders, mean_value):
    nothing = np.zeros(1)
    everyone = CDNOW.expected_value(nothing, mean_value=nothing)[0]
    found = CDNOW.expected_value(np.array([float(orders)]), mean_value=np.array([mean_value]))[0]
    assert min(everyone, mean_value) - 1e-9 <= found <= max(everyone, mean_value) + 1e-9


def test_orders_worth_nothing_tell_nothing():
    found = CDNOW.expected_value(np.array([5.0, 0.0]), mean_value=np.array([0.0, 0.0]))
    assert found[0] == found[1] > 0
    with pytest.raises(InsufficientDataError, match="Too few orders"):
        fit_gamma_gamma(np.ones(100), mean_value=np.zeros(100))


def test_a_discount_of_nothing_changes_nothing_and_more_takes_more():
    def steady(days):
        return np.array([days / 30, days / 60])

    totals = [discounted_orders(steady, horizon_days=365, yearly_discount=d) for d in (0.0, 0.1, 0.5)]
    np.testing.assert_allclose(totals[0], steady(365))
    assert (totals[0] > totals[1]).all()
    assert (totals[1] > totals[2]).all()


def test_parameters_survive_being_saved():
    assert GammaGamma.from_dict(CDNOW.to_dict()) == CDNOW
