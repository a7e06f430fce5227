"""Every uplift learner and baseline by one contract, on a trial whose effects are planted."""

import numpy as np
import pytest

from foretell.core.errors import InsufficientDataError, SchemaError
from foretell.model.uplift import BASELINES, SIZES, UPLIFT_LEARNERS, Trial
from foretell.model.uplift.one_line_rule import rule_words
from foretell.model.uplift.propensity import estimated_propensity, known_shares
from foretell.model.uplift.scores import cross_fitted_levels, doubly_robust_scores, folds_of
from foretell.model.uplift.single_arm import mean_effects

ALL = {**UPLIFT_LEARNERS, **BASELINES}
N = 3000


@pytest.fixture(scope="module")
def planted():
    """Two arms: the first works only where x0 > 0 (+.4), the second harms everybody a little (-.05)."""
    random = np.random.default_rng(0)
    features = random.normal(size=(N, 3)).astype(np.float32)
    arm = random.choice(3, size=N, p=[0.4, 0.3, 0.3])
    true = np.stack([0.4 * (features[:, 0] > 0), np.full(N, -0.05)], axis=1)
    chance = 0.2 + 0.1 * (features[:, 1] > 0) + np.where(arm > 0, true[np.arange(N), np.maximum(arm - 1, 0)], 0.0)
    outcome = (random.random(N) < chance).astype(np.float64)
    trial = Trial(features, arm, outcome, known_shares(arm, n_arms=2))
    return trial, true


@pytest.mark.parametrize("name", ALL)
def test_a_learner_keeps_the_contract(planted, name):
    trial, _ = planted
    learner = ALL[name]
    model = learner.fit(trial, SIZES["stumps"], 0)
    effects = learner.effects(model, trial.features)
    assert model.learner == name
    assert model.n_arms == 2
    assert effects.shape == (N, 2)
    assert np.isfinite(effects).all()
    assert np.array_equal(effects, learner.effects(learner.fit(trial, SIZES["stumps"], 0), trial.features))
    assert np.array_equal(effects[:7], learner.effects(model, trial.features[:7]))


@pytest.mark.parametrize("name", [*UPLIFT_LEARNERS, "one_line_rule"])
def test_a_learner_finds_the_planted_effect(planted, name):
    trial, true = planted
    effects = ALL[name].effects(ALL[name].fit(trial, SIZES["small"], 0), trial.features)
    works = true[:, 0] > 0
    assert effects[works, 0].mean() == pytest.approx(0.4, abs=0.1)
    assert abs(effects[~works, 0].mean()) < 0.1
    assert effects[:, 1].mean() == pytest.approx(-0.05, abs=0.05)


def test_missing_features_are_no_obstacle(planted):
    trial, _ = planted
    holes = trial.features.copy()
    holes[::5, 0] = np.nan
    for learner in ALL.values():
        model = learner.fit(Trial(holes, trial.arm, trial.outcome, trial.propensity), SIZES["stumps"], 0)
        assert np.isfinite(learner.effects(model, holes)).all()


def test_amounts_are_learned_by_squares(planted):
    trial, true = planted
    money = Trial(trial.features, trial.arm, 10 * trial.outcome, trial.propensity)
    for name in UPLIFT_LEARNERS:
        effects = ALL[name].effects(ALL[name].fit(money, SIZES["small"], 0), trial.features)
        assert effects[true[:, 0] > 0, 0].mean() == pytest.approx(4.0, abs=1.0), name


def test_the_rule_is_said_as_somebody_would_write_it(planted):
    trial, _ = planted
    model = ALL["one_line_rule"].fit(trial, SIZES["small"], 0)
    words = rule_words(model, names=("age", "visits", "spend"), arm=1)
    assert words.startswith("age > ")
    assert abs(model.numbers["cut"][0]) < 0.4


def test_scores_are_unbiased_whatever_the_levels(planted):
    trial, true = planted
    for levels in (np.zeros((N, 3)), np.full((N, 3), 0.7)):
        scores = doubly_robust_scores(trial, levels=levels)
        effects = (scores[:, 1:] - scores[:, :1]).mean(axis=0)
        assert effects == pytest.approx(true.mean(axis=0), abs=0.06)
        assert effects == pytest.approx(mean_effects(trial), abs=1e-9)


def test_levels_of_a_person_never_saw_that_person(planted):
    trial, _ = planted
    fold = folds_of(trial, n_folds=2, seed=0)
    before = cross_fitted_levels(trial, fold=fold, size=SIZES["stumps"], seed=0)
    changed = trial.outcome.copy()
    changed[fold == 0] = 1 - changed[fold == 0]
    after = cross_fitted_levels(
        Trial(trial.features, trial.arm, changed, trial.propensity), fold=fold, size=SIZES["stumps"], seed=0
    )
    assert np.array_equal(before[fold == 0], after[fold == 0])
    assert not np.array_equal(before[fold == 1], after[fold == 1])


def test_adjustment_by_estimated_propensities_removes_a_planted_confounder():
    random = np.random.default_rng(1)
    features = random.normal(size=(6000, 2)).astype(np.float32)
    true = 1 / (1 + np.exp(-features[:, 0]))
    arm = (random.random(6000) < true).astype(np.int64)
    outcome = features[:, 0] + 0.5 * arm + random.normal(size=6000) * 0.1
    propensity = estimated_propensity(features, arm, n_arms=1, seed=0)
    assert np.abs(propensity[:, 1] - true).mean() < 0.06
    trial = Trial(features, arm, outcome, np.clip(propensity, 0.02, 0.98))
    naive = outcome[arm == 1].mean() - outcome[arm == 0].mean()
    scores = doubly_robust_scores(
        trial,
        levels=cross_fitted_levels(trial, fold=folds_of(trial, n_folds=2, seed=0), size=SIZES["small"], seed=0),
    )
    assert naive > 1.0
    assert (scores[:, 1] - scores[:, 0]).mean() == pytest.approx(0.5, abs=0.1)


def test_what_cannot_be_a_trial_is_refused():
    features, half = np.zeros((40, 1), np.float32), np.full((40, 2), 0.5)
    with pytest.raises(InsufficientDataError, match="Every arm"):
        Trial(features, np.zeros(40, np.int64), np.zeros(40), half)
    with pytest.raises(SchemaError, match="equally long"):
        Trial(features, np.arange(40) % 2, np.zeros(39), half)
    with pytest.raises(SchemaError, match="not above zero"):
        Trial(features, np.arange(40) % 2, np.zeros(40), half * [[0.0, 2.0]])
