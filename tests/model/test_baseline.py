"""The plain models everything is held against."""

import json

import numpy as np
import pytest

from foretell.model.baseline import Baseline, fit_baseline
from foretell.model.inputs import HeadInputs


def inputs_of(*columns, names):
    features = np.stack(columns, axis=1).astype(np.float32)
    return HeadInputs(features, names, np.zeros((len(features), 0), np.float32))


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    recency = random.exponential(20, 4000)
    recency[:400] = np.nan
    chance = np.where(np.isnan(recency), 0.05, 1 / (1 + np.exp(np.log1p(np.nan_to_num(recency)) - 2)))
    return inputs_of(recency, random.random(4000), names=("recency", "other")), (random.random(4000) < chance).astype(
        float
    )


def test_without_features_it_is_the_base_rate(data):
    inputs, label = data
    found = fit_baseline(inputs, label, names=()).probability(inputs)
    np.testing.assert_allclose(found, label.mean())


def test_the_base_rate_is_weighted(data):
    inputs, label = data
    found = fit_baseline(inputs, label, names=(), weight=np.where(label == 1, 2.0, 1.0)).probability(inputs)
    assert found[0] == pytest.approx(2 * label.sum() / (2 * label.sum() + (1 - label).sum()))


def test_a_feature_is_used_and_its_absence_means_something(data):
    inputs, label = data
    probability = fit_baseline(inputs, label, names=("recency",)).probability(inputs)
    recency = inputs.features[:, 0]
    assert probability[np.isnan(recency)].mean() == pytest.approx(0.05, abs=0.03)
    order = np.argsort(recency[400:])
    assert (np.diff(probability[400:][order]) <= 1e-12).all()


def test_features_the_inputs_lack_are_left_out(data):
    inputs, label = data
    assert fit_baseline(inputs, label, names=("nothing",)).names == ()
    assert fit_baseline(inputs, label, names=("nothing", "recency")).names == ("recency",)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_one_answer_only_is_no_certainty(data, answer):
    inputs, label = data
    found = fit_baseline(inputs, np.full_like(label, answer), names=()).probability(inputs)
    assert 0 < found[0] < 1


def test_saved_as_json_it_answers_the_same(data):
    inputs, label = data
    fitted = fit_baseline(inputs, label, names=("recency", "other"))
    again = Baseline.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert (again.probability(inputs) == fitted.probability(inputs)).all()
