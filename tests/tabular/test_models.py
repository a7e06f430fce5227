"""Each model as kept answers as it was trained, row by row, and learns what was planted."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from foretell.core.errors import ConfigError
from foretell.evaluate.probability import auc
from foretell.model.activations import ACTIVATIONS
from foretell.model.plain_losses import LOSSES
from foretell.tabular import network as of_network
from foretell.tabular.forest import _FURTHEST, fit_forest
from foretell.tabular.models import MODELS, fit_models
from foretell.tabular.network import HIDDEN, Network, NetworkConfig, fit_network, network_config
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


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_network_answers_with_the_activation_it_was_trained_with(rows, activation):
    inputs, label = rows
    network = fit_network(inputs, label, epochs=2, config=NetworkConfig(activation=activation))
    values = torch.tensor(inputs, dtype=torch.float64)
    for number, (weight, bias) in enumerate(network.layers):
        values = values @ torch.tensor(weight).double().T + torch.tensor(bias).double()
        values = ACTIVATIONS[activation](values) if number < 2 else values
    np.testing.assert_allclose(network.raw(inputs), values.squeeze(-1).numpy(), atol=1e-9)
    alone = np.concatenate([network.raw(inputs[row : row + 1]) for row in range(9)])
    assert (alone == network.raw(inputs[:9])).all()
    again = Network.from_tensors(network.tensors(), epochs=2, activation=activation)
    assert (again.raw(inputs) == network.raw(inputs)).all()


@pytest.fixture(scope="module")
def as_it_comes(rows):
    inputs, label = rows
    return fit_network(inputs, label, validation=(inputs, label))


SETTINGS = [{"activation": name} for name in ACTIVATIONS]
SETTINGS += [{"loss": name} for name in LOSSES]
SETTINGS += [{"optimiser": name} for name in ("adam", "adamw", "muon", "sgd", "gd")]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_choice_learns_and_only_the_logistic_loss_changes_nothing(rows, as_it_comes, settings):
    inputs, label = rows
    network = fit_network(inputs, label, validation=(inputs, label), config=NetworkConfig(**settings))
    assert auc(label, probability=network.raw(inputs)) > 0.72
    furthest = float(np.abs(network.raw(inputs) - as_it_comes.raw(inputs)).max())
    assert (furthest < 1e-3) == (
        settings in ({"activation": "relu"}, {"optimiser": "adam"})
        or (settings.keys() == {"loss"} and settings["loss"] != "mse")
    )


def adam(weight, slope, state, step):
    state["m"] = 0.9 * state.get("m", 0) + 0.1 * slope
    state["v"] = 0.999 * state.get("v", 0) + 0.001 * slope**2
    return weight - 0.01 * (state["m"] / (1 - 0.9**step)) / ((state["v"] / (1 - 0.999**step)).sqrt() + 1e-8)


def momentum(weight, slope, state, _):
    state["m"] = 0.9 * state.get("m", 0) + slope
    return weight - 0.01 * state["m"]


STEPS = {
    "gd": lambda weight, slope, *_: weight - 0.01 * (slope + 1e-4 * weight),
    "sgd": lambda weight, slope, state, step: momentum(weight, slope + 1e-4 * weight, state, step),
    "adam": lambda weight, slope, state, step: adam(weight, slope + 1e-4 * weight, state, step),
    "adamw": lambda weight, slope, state, step: adam(weight * (1 - 0.01 * 0.01), slope, state, step),
}


@pytest.mark.parametrize("name", STEPS)
def test_an_optimiser_steps_by_its_formula(name):
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    (optimiser,) = of_network._optimisers(layer, NetworkConfig(optimiser=name, learning_rate=0.01))
    expected, state = layer.weight.detach().clone(), {}
    for step in range(1, 4):
        slope = torch.randn(2, 3)
        layer.weight.grad = slope.clone()
        optimiser.step()
        expected = STEPS[name](expected, slope, state, step)
    torch.testing.assert_close(layer.weight.detach(), expected)


def test_gradient_descent_reads_all_rows_at_each_step():
    steps = of_network._steps(7, 2, "gd")
    assert all(rows.tolist() == list(range(7)) for rows in steps)
    assert sorted(torch.cat(of_network._steps(7, 2, "sgd")).tolist()) == list(range(7))


def test_a_choice_there_is_none_of_is_refused():
    with pytest.raises(ConfigError, match="activation"):
        network_config(activation="softmax", loss=None)
    assert network_config(activation=None) == NetworkConfig()


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
