"""The choice of learner: the mean unless another is clearly better, effects on their own scale, none from nothing."""

import numpy as np
import pytest

from foretell.model.uplift import UPLIFT_LEARNERS, Trial
from foretell.uplift.choose import choose_and_fit

N = 2000


def trial_of(strength, seed=0):
    random = np.random.default_rng(seed)
    features = random.normal(size=(N, 2)).astype(np.float32)
    arm = np.arange(N) % 2
    effect = strength * (features[:, 0] > 0)
    outcome = (random.random(N) < 0.3 + arm * effect).astype(float)
    return Trial(features, arm, outcome, np.full((N, 2), 0.5)), effect


@pytest.fixture(scope="module")
def planted():
    trial, effect = trial_of(0.4)
    return trial, effect, choose_and_fit(trial, sizes=("stumps",))


def test_effects_are_on_the_scale_of_the_outcome(planted):
    trial, effect, fitted = planted
    found = fitted.effects(trial.features)[:, 0]
    assert found[effect > 0].mean() == pytest.approx(0.4, abs=0.08)
    assert found[effect == 0].mean() == pytest.approx(0.0, abs=0.08)


def test_every_candidate_is_scored_and_kept_until_only_the_chosen_is_wanted(planted):
    trial, _, fitted = planted
    assert {"mean", "mean_and_response", *UPLIFT_LEARNERS} == set(fitted.scores) == set(fitted.calibrations)
    assert fitted.scores["mean"]["standard_error"] == 0
    gap = fitted.scores[fitted.chosen]["gain_area"] - fitted.scores["mean"]["gain_area"]
    assert fitted.chosen == "mean" or gap > fitted.scores[fitted.chosen]["standard_error"]
    less = fitted.only_chosen()
    assert set(less.calibrations) == {fitted.chosen}
    assert np.array_equal(less.effects(trial.features), fitted.effects(trial.features))


def test_where_nobody_differs_nearly_the_same_is_said_of_everybody():
    trial, _ = trial_of(0.0)
    found = choose_and_fit(trial, sizes=("stumps",)).effects(trial.features)
    assert found.std() < 0.05


def test_the_rows_of_a_person_stay_together():
    trial, _ = trial_of(0.4)
    person = np.arange(N) // 4
    one = choose_and_fit(trial, learners=("t_learner",), sizes=("stumps",), cluster=person)
    two = choose_and_fit(trial, learners=("t_learner",), sizes=("stumps",))
    assert one.scores["mean"]["gain_area"] != two.scores["mean"]["gain_area"]
