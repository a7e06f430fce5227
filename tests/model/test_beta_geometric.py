"""BG/NBD against the published CDNOW figures, against customers simulated from it, and its own laws."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import roots_jacobi

from foretell.core.errors import InsufficientDataError
from foretell.model.beta_geometric import BetaGeometric, Purchasing, fit_beta_geometric

CDNOW = BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426)  # weeks
SHOP = BetaGeometric(r=0.9, alpha=30.0, a=0.8, b=2.5)
CUSTOMER = st.tuples(st.integers(0, 60), st.floats(0, 1), st.floats(0.5, 900))
MODEL = st.builds(
    BetaGeometric, r=st.floats(0.05, 5), alpha=st.floats(0.5, 200), a=st.floats(0.05, 5), b=st.floats(0.2, 10)
)


def one(customer):
    repeats, share, age = customer
    return Purchasing.of([repeats], last_days=[age * share if repeats else 0.0], age_days=[age])


def simulated(model, *, n, age_days, horizon_days, seed=0):
    """Customers who do what the model says: their first numbers, and their orders afterwards."""
    random = np.random.default_rng(seed)
    rates, chances = random.gamma(model.r, 1 / model.alpha, n), random.beta(model.a, model.b, n)
    repeats, last, later = np.zeros(n), np.zeros(n), np.zeros(n)
    for row in range(n):
        time = 0.0
        while (time := time + random.exponential(1 / rates[row])) <= age_days + horizon_days:
            if time <= age_days:
                repeats[row], last[row] = repeats[row] + 1, time
            else:
                later[row] += 1
            if random.random() < chances[row]:
                break
    return Purchasing.of(repeats, last_days=last, age_days=np.full(n, age_days)), later


def test_the_published_parameters_of_cdnow_are_found():
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the CDNOW sample comes with the package lifetimes, which is not installed")
    table = pl.read_csv(Path(spec.origin).parent / "datasets" / "cdnow_customers_summary.csv")
    found = fit_beta_geometric(Purchasing.of(table["frequency"], last_days=table["recency"], age_days=table["T"]))
    assert [found.r, found.alpha, found.a, found.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=6e-4)


def test_the_published_conditional_expectation_is_found():
    # Fader, Hardie and Lee (2005): the customer with x = 2, t_x = 30.43, T = 38.86 is expected to buy 1.226 times.
    customer = Purchasing.of([2], last_days=[30.43], age_days=[38.86])
    assert CDNOW.expected_orders(customer, horizon_days=39)[0] == pytest.approx(1.226, abs=1e-3)


def test_simulated_customers_give_their_parameters_back_and_behave_as_expected():
    customers, later = simulated(SHOP, n=6000, age_days=200.0, horizon_days=60.0)
    found = fit_beta_geometric(customers)
    assert found.r == pytest.approx(SHOP.r, rel=0.15)
    assert found.r / found.alpha == pytest.approx(SHOP.r / SHOP.alpha, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(SHOP.a / (SHOP.a + SHOP.b), rel=0.1)
    assert SHOP.expected_orders(customers, horizon_days=60.0).mean() == pytest.approx(later.mean(), rel=0.06)
    assert SHOP.within(customers, horizon_days=60.0).mean() == pytest.approx((later > 0).mean(), rel=0.06)


@given(MODEL, CUSTOMER, st.floats(0.5, 700))
def test_expected_orders_equal_their_integral(model, customer, horizon):
    found = model.expected_orders(one(customer), horizon_days=horizon)[0]
    # E[orders] = P(alive) * E[(1 - (waited / (waited + p t))^(r + x)) / p] over p ~ Beta(a, b + x), by the quadrature
    # that has this density as its weight: it may have poles at both ends.
    repeats, age = one(customer).repeats[0], one(customer).age_days[0]
    nodes, weights = roots_jacobi(400, model.b + repeats - 1, model.a - 1)
    p = (1 + nodes) / 2
    each = -np.expm1(-(model.r + repeats) * np.log1p(p * horizon / (model.alpha + age))) / p
    total = float((weights * each).sum() / weights.sum())
    expected = model.alive(one(customer))[0] * total
    assert found == pytest.approx(expected, rel=0.02, abs=1e-9)


@given(MODEL, CUSTOMER, st.floats(0.5, 300), st.floats(1, 300))
def test_a_longer_horizon_never_holds_less(model, customer, horizon, more):
    customers = one(customer)
    orders = [float(model.expected_orders(customers, horizon_days=days)[0]) for days in (horizon, horizon + more)]
    chance = [float(model.within(customers, horizon_days=days)[0]) for days in (horizon, horizon + more)]
    alive = float(model.alive(customers)[0])
    assert 0 <= orders[0] <= orders[1] + 1e-9
    assert 0 <= chance[0] <= chance[1] <= alive <= 1
    # Nobody orders at least once more often than they order.
    assert chance[0] <= orders[0] + 1e-9


@given(MODEL, st.integers(1, 50), st.floats(1, 300), st.floats(0, 300))
def test_silence_speaks_for_having_left(model, repeats, last, silence):
    alive = model.alive(
        Purchasing.of([repeats] * 2, last_days=[last] * 2, age_days=[last + silence, last + silence + 10])
    )
    assert alive[1] <= alive[0] + 1e-12
    never = Purchasing.of([0], last_days=[0], age_days=[last + silence])
    assert model.alive(never)[0] == 1.0


def test_the_limit_at_a_of_one_is_smooth():
    customers = Purchasing.of([0, 3], last_days=[0, 50], age_days=[100, 90])
    around = [
        BetaGeometric(r=0.5, alpha=20.0, a=a, b=2.0).expected_orders(customers, horizon_days=90) for a in (0.9999, 1.0)
    ]
    assert around[0] == pytest.approx(around[1], rel=1e-3)


def test_parameters_survive_being_saved():
    assert BetaGeometric.from_dict(SHOP.to_dict()) == SHOP


@pytest.mark.parametrize("repeats", [[0] * 100, [2] * 10])
def test_too_little_is_refused(repeats):
    n = len(repeats)
    with pytest.raises(InsufficientDataError, match="came back"):
        fit_beta_geometric(Purchasing.of(repeats, last_days=np.minimum(repeats, 1) * 5.0, age_days=[50.0] * n))
