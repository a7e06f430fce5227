"""scikit-learn's own checks, and the same answers from every kind of frame."""

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from foretell.tabular import TabularClassifier

FAST = ("logistic", "lightgbm")


# No check is expected to fail. One model stands for all four in the default set: the checks fit some eighty times.
@parametrize_with_checks([TabularClassifier(models=("logistic",))])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([TabularClassifier()])
def test_scikit_learn_accepts_it_with_all_models(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def table(visitors):
    return visitors.drop("made_purchase", "user"), visitors["made_purchase"].to_numpy()


def test_polars_and_pandas_give_the_same(table):
    pandas = pytest.importorskip("pandas")
    X, y = table
    one = TabularClassifier(models=FAST).fit(X, y)
    two = TabularClassifier(models=FAST).fit(pandas.DataFrame(X.to_dict(as_series=False)), y)
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), atol=1e-12)
    assert one.feature_names_in_.tolist() == X.columns
    assert one.classes_.tolist() == ["no", "yes"]


def test_all_models_learn_in_cross_validation():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 4))
    y = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * generator.normal(size=300) > 0
    assert cross_val_score(TabularClassifier(), X, y, cv=2, scoring="roc_auc").mean() > 0.8


def test_probabilities_follow_the_classes(table):
    X, y = table
    model = TabularClassifier(models=("logistic",)).fit(X, y)
    chance = model.predict_proba(X)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0)
    assert (model.predict(X) == np.where(chance[:, 1] >= 0.5, "yes", "no")).all()
    assert np.mean(model.predict(X) == y) > 0.7


def test_three_classes_are_refused_in_words():
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        TabularClassifier().fit(np.arange(30.0).reshape(-1, 1), np.tile([0, 1, 2], 10))


def test_missing_cells_are_fine():
    X = pl.DataFrame({"a": [1.0, None, 3.0, 9.0] * 30, "b": ["x", "y", None, "x"] * 30})
    y = np.tile([0, 0, 0, 1], 30)
    assert TabularClassifier(models=("logistic",)).fit(X, y).score(X, y) > 0.9
