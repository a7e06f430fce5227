"""Each model as kept answers as it was trained, row by row, and learns what was planted."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from foretell.core.errors import ConfigError
from foretell.evaluate.probability import auc
from foretell.tabular.forest import _FURTHEST, fit_forest
from foretell.tabular.models import MODELS, fit_models
from foretell.tabular.network import HIDDEN, fit_network
from foretell.tabular.recognise import recognise_columns


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(600, 5)).astype(np.float32)
    label = (inputs[:, 0] * inputs[:, 1] + inputs[:, 2] + generator.normal(size=600) > 0).astype(np.float64)
    return inputs, label


def test_the_forest_as_arrays_is_scikit_learns(rows):
    inputs, label = rows
    forest = fit_forest(inputs, label, n_trees=20, seed=3)
    theirs = RandomForestClassifier(20, min_samples_leaf=4, max_features=0.3, random_state=3).fit(inputs, label)
    share = 1 / (1 + np.exp(-forest.raw(inputs)))
    expected = (theirs.predict_proba(inputs)[:, 1] + _FURTHEST / 2) / (1 + _FURTHEST)
    np.testing.assert_allclose(share, expected, atol=1e-12)


def test_the_network_is_that_of_the_article(rows):
    inputs, label = rows
    network = fit_network(inputs, label, epochs=2)
    assert [weight.shape for weight, _ in network.layers] == [(64, 5), (32, 64), (1, 32)]
    assert HIDDEN == (64, 32)
    values = torch.tensor(inputs)
    for weight, bias in network.layers[:-1]:
        values = torch.relu(values @ torch.tensor(weight).T + torch.tensor(bias))
    weight, bias = network.layers[-1]
    theirs = (values @ torch.tensor(weight).T + torch.tensor(bias)).squeeze(-1)
    np.testing.assert_allclose(network.raw(inputs), theirs.numpy(), atol=1e-4)


def test_the_network_stops_early_and_keeps_the_best(rows):
    inputs, label = rows
    noise = np.random.default_rng(1).integers(0, 2, 600).astype(float)
    stopped = fit_network(inputs, label, validation=(inputs, noise))
    assert stopped.epochs < 10
    learned = fit_network(inputs, label, validation=(inputs, label))
    assert auc(label, probability=learned.raw(inputs)) > 0.8


def test_training_leaves_the_callers_random_numbers_alone(rows):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit_network(*rows, epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_an_unknown_model_is_refused(visitors):
    frame = visitors.drop("made_purchase")
    with pytest.raises(ConfigError, match="no such model"):
        fit_models(frame, np.tile([0.0, 1.0], 600), recognition=recognise_columns(frame), names=("oracle",))


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_learns_what_was_planted_and_rows_do_not_mix(trained, visitors, name):
    _, predictor, report = trained
    figure = report.document["tasks"]["made_purchase"]["classification"][name]["overall"]["auc"]
    assert figure["value"] > 0.75, name
    together = predictor.probabilities(visitors.head(50), model=name)
    alone = np.concatenate([predictor.probabilities(visitors[row], model=name) for row in range(50)])
    np.testing.assert_allclose(alone, together, atol=1e-12)
