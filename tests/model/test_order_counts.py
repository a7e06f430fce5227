"""Order counts: the components at any horizon, how they are pooled, and what they find beyond BG/NBD."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.model.beta_geometric import BetaGeometric
from foretell.model.boosting import Boosting
from foretell.model.inputs import HeadInputs
from foretell.model.order_counts import OrderCounts, fit_components, fit_pool
from foretell.model.rhythm import RHYTHM_FEATURES, purchasing_of

RHYTHM = BetaGeometric(r=0.9, alpha=30.0, a=0.8, b=2.5)
NAMES = (*RHYTHM_FEATURES, "likes_tea")


def customers(*, n=4000, seed=0):
    """Customers whose orders follow from a feature that BG/NBD does not see."""
    random = np.random.default_rng(seed)
    count = random.integers(0, 6, n)
    recency = np.where(count > 0, random.uniform(0, 60, n), np.nan)
    gap = np.where(count > 1, random.uniform(5, 40, n), np.nan)
    tea = random.integers(0, 2, n)
    inputs = HeadInputs(
        np.stack([count, recency, gap, tea], axis=1).astype(np.float32), NAMES, np.zeros((n, 0), np.float32)
    )
    return inputs, random.poisson(np.where(tea == 1, 1.5, 0.1)).astype(float)


@pytest.fixture(scope="module")
def fitted():
    inputs, orders = customers()
    components = fit_components(inputs, orders=orders, horizon_days=np.full(len(orders), 28.0), rhythm=RHYTHM)
    later, later_orders = customers(seed=1)
    return OrderCounts(components, fit_pool([(components.logs(later, horizon_days=28), later_orders)]))


def test_trees_find_what_the_rhythm_does_not_tell(fitted):
    inputs, orders = customers(seed=2)
    expected = fitted.expected(inputs, horizon_days=28)
    tea = inputs.features[:, 3] == 1
    plain = RHYTHM.expected_orders(purchasing_of(inputs)[0], horizon_days=28)
    assert plain[tea].mean() < 1.2 * plain[~tea].mean()
    assert expected[tea].mean() > 4 * expected[~tea].mean()
    assert expected.sum() == pytest.approx(orders.sum(), rel=0.06)
    assert fitted.pool.weights[0] < 0.1  # BG/NBD alone is no help here


def test_a_longer_horizon_holds_more_orders(fitted):
    inputs, _ = customers(seed=3)
    until = fitted.expected_until(inputs)
    totals = np.stack([until(days) for days in (1, 28, 90, 365.0)])
    assert (np.diff(totals, axis=0) > 0).all()
    np.testing.assert_array_equal(until(28), fitted.expected(inputs, horizon_days=28))


def test_customers_are_answered_one_by_one_as_together(fitted):
    inputs, _ = customers(n=5, seed=4)
    together = fitted.expected(inputs, horizon_days=28)
    alone = [fitted.expected(inputs.take(np.array([row])), horizon_days=28)[0] for row in range(5)]
    np.testing.assert_allclose(together, alone)


def test_counts_survive_being_saved(fitted):
    boosters = {name: Boosting.from_text(booster.to_text()) for name, booster in fitted.boosters().items()}
    inputs, _ = customers(n=50, seed=5)
    again = OrderCounts.from_dict(fitted.to_dict(), boosters=boosters)
    np.testing.assert_array_equal(again.expected(inputs, horizon_days=28), fitted.expected(inputs, horizon_days=28))


@given(st.integers(0, 10**6), st.lists(st.floats(0.2, 4), min_size=3, max_size=3))
def test_the_pool_is_an_average_whose_level_makes_the_total_right(seed, factors):
    random = np.random.default_rng(seed)
    truth = random.gamma(1.0, 1.0, 800)
    logs = np.log(truth[:, None] * np.array(factors) * random.uniform(0.8, 1.2, (800, 3)))
    orders = random.poisson(truth).astype(float)
    pool = fit_pool([(logs, orders)])
    assert sum(pool.weights) == pytest.approx(1.0)
    assert min(pool.weights) >= 0
    assert pool.expected(logs).sum() == pytest.approx(orders.sum(), rel=0.1)


def test_the_better_component_gets_the_weight_and_windows_count_the_same():
    random = np.random.default_rng(0)
    truth = random.gamma(1.0, 1.0, 3000)
    noise = np.exp(random.normal(0, 1.0, (3000, 2)))
    logs = np.log(np.column_stack([truth, truth[:, None] * noise]))
    orders = random.poisson(truth).astype(float)
    assert fit_pool([(logs, orders)]).weights[0] > 0.9
    # Twice as much in one window, half as much in the other: the level is neither.
    double, half = (np.tile(logs, (2, 1)), np.concatenate([2 * orders] * 2)), (logs, orders / 2)
    assert fit_pool([double, half]).level == pytest.approx(1.0, abs=0.05)
