"""The worth of policies against slow counts and planted truth, and budgets with ties at their edge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.evaluate import EvaluationError
from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Resamples, bootstrap, paired_difference
from foretell.evaluate.policy import PolicyStatistic, TrialScores, best_within_budget

N = 20_000


@pytest.fixture(scope="module")
def trial():
    """Arm 1 adds .3 for the first half of the people, arm 2 adds .1 for all; costs .05 and .02, worth 2."""
    random = np.random.default_rng(0)
    arm = random.choice(3, size=N, p=[0.5, 0.25, 0.25])
    first = np.arange(N) < N / 2
    level = np.stack([np.full(N, 0.2), 0.2 + 0.3 * first, np.full(N, 0.3)], axis=1)
    outcome = (random.random(N) < level[np.arange(N), arm]).astype(float)
    propensity = np.tile([0.5, 0.25, 0.25], (N, 1))
    received = arm[:, None] == np.arange(3)
    score = level + received * (outcome[:, None] - level) / propensity
    return TrialScores(arm, outcome, propensity, score, 2.0, np.array([0.0, 0.05, 0.02])), first


def figures(policy, facts):
    rows = PolicyStatistic(policy, trial=facts, clusters=clusters(None, n_rows=N))
    return dict(zip(rows.names, rows.evaluate(np.ones((1, N)))[0], strict=True))


def everybody(arm):
    return np.tile(np.eye(3)[arm], (N, 1))


def test_planted_values_are_found_by_both_estimates(trial):
    facts, first = trial
    best = np.where(first[:, None], np.eye(3)[1], np.eye(3)[2])
    for policy, value, cost in ((everybody(0), 0.2, 0.0), (everybody(2), 0.3, 0.02), (best, 0.4, 0.035)):
        found = figures(policy, facts)
        assert found["policy_value"] == pytest.approx(value, abs=0.01)
        assert found["policy_value_ipw"] == pytest.approx(value, abs=0.015)
        assert found["policy_net"] == pytest.approx(2 * found["policy_gain"] - cost, abs=1e-9)
        assert found["policy_treated"] == pytest.approx(1 - policy[:, 0].mean())


def test_inverse_weighting_equals_the_mean_of_those_who_happened_to_follow_it(trial):
    facts, _ = trial
    assert figures(everybody(1), facts)["policy_value_ipw"] == pytest.approx(facts.outcome[facts.arm == 1].mean())


def test_paired_intervals_tell_a_better_policy_from_a_worse_one(trial):
    facts, first = trial
    units, resamples = clusters(None, n_rows=N), Resamples(N, replicates=60, seed=1)
    best = np.where(first[:, None], np.eye(3)[1], np.eye(3)[2])
    mine, other = (
        bootstrap(PolicyStatistic(policy, trial=facts, clusters=units), resamples=resamples)
        for policy in (best, everybody(2))
    )
    gap = paired_difference(mine, baseline=other)["policy_value"]
    assert gap.low > 0.05
    assert gap.high < 0.15


@given(
    st.lists(st.tuples(st.integers(-2, 3), st.integers(-2, 3)), min_size=1, max_size=30),
    st.floats(0, 1),
    st.randoms(),
)
def test_a_budget_is_kept_and_nobody_is_treated_at_a_loss(net, share, random):
    net = np.array(net, dtype=float)
    policy = best_within_budget(net, share=share)
    assert policy.min() >= 0
    assert policy.sum(axis=1) == pytest.approx(1)
    treated = 1 - policy[:, 0]
    wanted = (net.max(axis=1) > 0).sum()
    assert treated.sum() == pytest.approx(min(share * len(net), wanted))
    assert (treated[net.max(axis=1) <= 0] == 0).all()
    mixed = list(range(len(net)))
    random.shuffle(mixed)
    assert best_within_budget(net[mixed], share=share) == pytest.approx(policy[mixed])


def test_a_rules_order_may_stand_in_for_the_expected_gain():
    policy = best_within_budget(np.ones((4, 1)), share=0.5, rank=np.array([0.0, 1, 1, 0]))
    assert policy[:, 1].tolist() == [0, 1, 1, 0]


def test_what_is_no_policy_or_no_budget_is_refused(trial):
    facts, _ = trial
    with pytest.raises(EvaluationError, match="probability for each arm"):
        figures(np.full((N, 3), 0.5), facts)
    with pytest.raises(EvaluationError, match="share of the people"):
        best_within_budget(np.ones((2, 1)), share=20)
