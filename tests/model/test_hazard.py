"""The hazard of the next order against the same arithmetic done day by day."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foretell.model.hazard import (
    BIN_EDGES_DAYS,
    N_BINS,
    expected_days,
    hazard_loss,
    log_survival,
    probability_within,
)

LOGITS = arrays(np.float64, N_BINS, elements=st.floats(-6, 3))


def hazards(logits):
    return 1 / (1 + np.exp(-logits))


def survival(logits, days):
    """S(days), bin by bin, with a constant rate inside a bin."""
    alive = 1.0
    for low, high, hazard in zip(BIN_EDGES_DAYS[:-1], BIN_EDGES_DAYS[1:], hazards(logits), strict=True):
        last = high == BIN_EDGES_DAYS[-1]
        share = (days - low) / (high - low)
        if share <= 0:
            break
        alive *= (1 - hazard) ** (share if last else min(share, 1.0))
    return alive


@given(LOGITS, st.floats(0, 500))
def test_survival_is_the_product_of_the_bins(logits, days):
    found = np.exp(log_survival(logits[None], np.array([days])))[0]
    assert found == pytest.approx(survival(logits, days), rel=1e-9, abs=1e-12)


@given(LOGITS)
def test_survival_starts_at_one_and_falls(logits):
    days = np.linspace(0, 400, 300)
    curve = log_survival(np.tile(logits, (300, 1)), days)
    assert curve[0] == 0.0
    assert (np.diff(curve) <= 1e-12).all()


@given(LOGITS, st.floats(0, 200), st.floats(0.1, 120))
def test_probability_within_is_conditional(logits, elapsed, horizon):
    found = probability_within(logits[None], elapsed_days=np.array([elapsed]), horizon_days=horizon)[0]
    before, after = survival(logits, elapsed), survival(logits, elapsed + horizon)
    assert found == pytest.approx((before - after) / before, rel=1e-6, abs=1e-9)
    assert 0 <= found <= 1


@given(LOGITS, st.floats(0, 100))
def test_the_median_halves_the_survival(logits, elapsed):
    days = expected_days(logits[None], elapsed_days=np.array([elapsed]))[0]
    left = survival(logits, elapsed + days) / survival(logits, elapsed)
    assert left == pytest.approx(0.5, abs=1e-6) if days < 365.9 else left >= 0.5 - 1e-6


def naive_loss(logits, days, observed):
    total = 0.0
    for row, day, seen in zip(logits, days, observed, strict=True):
        for low, high, logit in zip(BIN_EDGES_DAYS[:-1], BIN_EDGES_DAYS[1:], row, strict=True):
            hazard, final = 1 / (1 + np.exp(-logit)), high == BIN_EDGES_DAYS[-1]
            if day > high and not final:
                total -= np.log(1 - hazard)
            elif seen:
                total -= np.log(hazard)
                break
            else:
                total -= np.log(1 - hazard) * min((day - low) / (high - low), 1.0)
                break
    return total / len(days)


def test_the_loss_is_the_likelihood_of_waiting_times():
    random = np.random.default_rng(4)
    logits = random.normal(-1, 1, size=(40, N_BINS))
    days = np.concatenate([random.uniform(0, 120, 36), [0.1, 0.25, 366, 900]])
    observed = random.integers(0, 2, 40).astype(float)
    found = hazard_loss(
        torch.from_numpy(logits).float(), torch.from_numpy(days).float(), torch.from_numpy(observed).float()
    )
    assert float(found) == pytest.approx(naive_loss(logits, days.astype(np.float32), observed), rel=1e-5)


@pytest.mark.parametrize("days", [0.1, 0.25, 10.5, 12.0, 300.0, 366.0])
def test_a_censored_wait_costs_the_survival_until_then(days):
    logits = torch.linspace(-2, 1, N_BINS)[None]
    found = hazard_loss(logits, torch.tensor([days]), torch.tensor([0.0]))
    assert float(found) == pytest.approx(-log_survival(logits.double().numpy(), np.array([days]))[0], rel=1e-4)


def test_a_censored_wait_says_only_that_nothing_came():
    """Watched for ten days and a half in vain: the bins behind are pushed down, those ahead not at all."""
    logits = torch.zeros(1, N_BINS, requires_grad=True)
    hazard_loss(logits, torch.tensor([10.5]), torch.tensor([0.0])).backward()
    begun = torch.from_numpy(BIN_EDGES_DAYS[:-1]) < 10.5
    assert (logits.grad[0][begun] > 0).all()
    assert (logits.grad[0][~begun] == 0).all()


def test_an_observed_wait_pulls_up_its_own_bin_only():
    logits = torch.zeros(1, N_BINS, requires_grad=True)
    hazard_loss(logits, torch.tensor([10.0]), torch.tensor([1.0])).backward()
    own = BIN_EDGES_DAYS[1:].tolist().index(10.0)
    assert logits.grad[0][own] < 0
    assert (logits.grad[0][:own] > 0).all()
    assert (logits.grad[0][own + 1 :] == 0).all()


def test_a_fitted_hazard_gives_back_a_censored_exponential():
    """Orders come at rate 1/20 a day, half of them unseen: P(within 28 days) = 1 - exp(-1.4), censoring or not."""
    random = np.random.default_rng(0)
    wait, watched = random.exponential(20, 6000), random.uniform(0, 60, 6000)
    days = torch.from_numpy(np.minimum(wait, watched)).float()
    observed = torch.from_numpy(wait <= watched).float()
    logits = torch.full((1, N_BINS), -2.0, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.1)
    for _ in range(200):
        loss = hazard_loss(logits.expand(6000, N_BINS), days, observed)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    fitted = logits.detach().double().numpy()
    for elapsed in (0.0, 15.0):
        found = probability_within(fitted, elapsed_days=np.array([elapsed]), horizon_days=28.0)[0]
        assert found == pytest.approx(1 - np.exp(-28 / 20), abs=0.04)
