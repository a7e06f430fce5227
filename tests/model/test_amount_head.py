"""How much: a mean whose total is right, ranges that hold what they promise for small and large customers alike."""

import json

import numpy as np
import pytest

from foretell.model.amount_head import AmountHead, fit_amount_head, tweedie_deviance
from foretell.model.boosting import Boosting
from foretell.model.inputs import HeadInputs

LEVELS = (0.1, 0.5, 0.9)


def customers(n, seed):
    """Customers of very different size: many spend nothing, the rest an amount around what their size says."""
    random = np.random.default_rng(seed)
    size = random.uniform(0, 6, n)
    noise = random.normal(size=(n, 3))
    wants = random.random(n) < 0.35 + 0.1 * size
    amount = np.where(wants, random.gamma(1 + size, np.exp(size / 2), n), 0.0)
    features = np.column_stack([size, noise]).astype(np.float32)
    states = random.normal(size=(n, 2)).astype(np.float32)
    return HeadInputs(features, ("size", "a", "b", "c"), states), amount


@pytest.fixture(scope="module")
def head():
    return fit_amount_head(customers(6000, 0), validation=customers(3000, 1), levels=LEVELS, seed=0)


def test_the_total_is_right_and_the_mean_says_who(head):
    inputs, amount = customers(3000, 2)
    mean, _ = head.answers(inputs)
    assert mean.sum() == pytest.approx(amount.sum(), rel=0.05)
    assert tweedie_deviance(amount, mean) < 0.8 * tweedie_deviance(amount, np.full(len(amount), amount.mean()))


@pytest.mark.parametrize("part", ["small", "large"])
def test_ranges_hold_what_they_promise_for_small_and_large_customers(head, part):
    inputs, amount = customers(6000, 3)
    rows = np.flatnonzero((inputs.features[:, 0] < 2) if part == "small" else (inputs.features[:, 0] > 4))
    _, quantiles = head.answers(inputs.take(rows))
    for n, level in enumerate(LEVELS):
        below, at_most = (amount[rows] < quantiles[:, n]).mean(), (amount[rows] <= quantiles[:, n]).mean()
        assert below - 0.05 <= level <= at_most + 0.05


def test_quantiles_rise_and_are_never_negative(head):
    _, quantiles = head.answers(customers(500, 4)[0])
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles >= 0).all()


def test_it_is_rebuilt_from_text_and_json(head):
    boosters = {name: Boosting.from_text(one.to_text()) for name, one in head.boosters().items()}
    again = AmountHead.from_dict(json.loads(json.dumps(head.to_dict())), boosters=boosters)
    inputs, _ = customers(100, 5)
    for one, other in zip(head.answers(inputs), again.answers(inputs), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(head.plain_answers(inputs)[0], again.plain_answers(inputs)[0])


def test_deviance_is_least_at_the_mean_of_what_happened():
    amount = np.array([0.0, 0.0, 3.0, 9.0])
    losses = {mean: tweedie_deviance(amount, np.full(4, mean)) for mean in (1.0, 2.0, 3.0, 4.0, 6.0)}
    assert min(losses, key=lambda mean: losses[mean]) == 3.0
