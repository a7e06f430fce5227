"""The head of yes-or-no questions: blended, calibrated, deterministic, with a threshold that means something."""

import numpy as np
import polars as pl
import pytest

from foretell.features.transform import Standardiser
from foretell.model.inputs import HeadInputs
from foretell.model.probability_head import COMPONENTS, _best_f1_threshold, fit_probability_head

NAMES = ("visits", "recency", "noise")


def sample(n, seed):
    """Half of the answer lies in a feature, half in the state."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(n, 3)).astype(np.float32)
    states = random.normal(size=(n, 4)).astype(np.float32)
    logits = 1.2 * features[:, 0] + 1.2 * states[:, 1] - 0.8
    label = (random.random(n) < 1 / (1 + np.exp(-logits))).astype(float)
    features[random.random((n, 3)) < 0.05] = np.nan
    return HeadInputs(features, NAMES, states), label, None


def standardise_by(inputs):
    standardiser = Standardiser.fit(pl.DataFrame(inputs.features, schema=list(NAMES)))
    return lambda features, names: standardiser.transform(pl.DataFrame(features, schema=list(names)))


@pytest.fixture(scope="module")
def parts():
    return sample(900, 1), sample(500, 2), sample(2000, 3)


@pytest.fixture(scope="module")
def head(parts):
    train, later, _ = parts
    return fit_probability_head(train, validation=later, standardise=standardise_by(train[0]), seed=0)


def test_every_component_is_there_and_weights_are_shares(head):
    assert set(head.alone) == set(COMPONENTS) == set(head.boosters) | set(head.networks)
    assert sum(head.weights.values()) == pytest.approx(1)
    assert min(head.weights.values()) >= 0


def test_the_state_is_used(head):
    assert head.weights["lightgbm_sequence"] + head.weights["sequence"] > 0.7


def test_the_blend_is_no_worse_than_its_parts_on_new_data(head, parts):
    inputs, label, _ = parts[2]

    def log_loss(probability):
        return -np.mean(np.log(np.where(label == 1, probability, 1 - probability)))

    alone = [log_loss(head.component_probability(inputs, name)) for name in COMPONENTS]
    assert log_loss(head.probability(inputs)) < min(alone) + 0.01


def test_probabilities_are_calibrated_on_new_data(head, parts):
    inputs, label, _ = parts[2]
    probability = head.probability(inputs)
    assert probability.mean() == pytest.approx(label.mean(), abs=0.04)
    for part in np.array_split(np.argsort(probability), 4):
        assert probability[part].mean() == pytest.approx(label[part].mean(), abs=0.07)


def test_rows_are_answered_one_by_one_as_all_together(head, parts):
    inputs = parts[2][0].take(np.arange(30))
    one_by_one = [head.probability(inputs.take(np.array([row])))[0] for row in range(30)]
    np.testing.assert_allclose(one_by_one, head.probability(inputs), atol=1e-6)


def test_the_same_seed_gives_the_same_head(head, parts):
    train, later, test = parts
    again = fit_probability_head(train, validation=later, standardise=standardise_by(train[0]), seed=0)
    assert again.to_dict() == head.to_dict()
    assert (again.probability(test[0]) == head.probability(test[0])).all()


def test_nothing_but_the_threshold_and_weights_looks_at_validation_order(parts):
    """Rows of the later window in another order decide the same."""
    train, later, test = parts
    order = np.random.default_rng(0).permutation(len(later[1]))
    shuffled = (later[0].take(order), later[1][order], None)
    pair = [
        fit_probability_head(train, validation=part, standardise=standardise_by(train[0]), seed=0, components=("lightgbm",))
        for part in (later, shuffled)
    ]
    assert pair[0].threshold == pytest.approx(pair[1].threshold)
    np.testing.assert_allclose(pair[0].probability(test[0]), pair[1].probability(test[0]), atol=1e-6)


def test_fewer_components_can_be_asked_for(parts):
    train, later, test = parts
    head = fit_probability_head(
        train, validation=later, standardise=standardise_by(train[0]), seed=0, components=("lightgbm",)
    )
    assert head.weights == {"lightgbm": 1.0}
    np.testing.assert_allclose(head.probability(test[0]), head.component_probability(test[0], "lightgbm"), atol=1e-9)


def naive_f1(probability, label, weight, threshold):
    called = probability >= threshold
    hits = (weight * label * called).sum()
    return 2 * hits / ((weight * called).sum() + (weight * label).sum())


@pytest.mark.parametrize("seed", range(8))
def test_the_threshold_is_the_best_of_all(seed):
    random = np.random.default_rng(seed)
    probability = random.integers(0, 6, 40) / 6  # many ties
    label = random.integers(0, 2, 40).astype(float)
    weight = random.uniform(0.1, 3, 40)
    threshold = _best_f1_threshold(probability, label, weight)
    best = max(naive_f1(probability, label, weight, cut) for cut in np.unique(probability))
    assert naive_f1(probability, label, weight, threshold) == pytest.approx(best)


def test_ties_are_called_alike():
    """Of four equal probabilities two are right; the threshold takes all four or none, never the lucky two."""
    probability = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    label = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert _best_f1_threshold(probability, label, None) == 0.5
    assert _best_f1_threshold(np.full(4, 0.3), label[:4], None) == 0.3
