"""The head of yes-or-no questions: blended, calibrated, deterministic."""

import numpy as np
import polars as pl
import pytest

from foretell.features.transform import Standardiser
from foretell.model.inputs import HeadInputs
from foretell.model.probability_head import COMPONENTS, fit_probability_head

NAMES = ("visits", "recency", "noise")


def sample(n, seed):
    """Inputs and label: half of the answer lies in a feature, half in the state."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(n, 3)).astype(np.float32)
    states = random.normal(size=(n, 4)).astype(np.float32)
    logits = 1.2 * features[:, 0] + 1.2 * states[:, 1] - 0.8
    label = (random.random(n) < 1 / (1 + np.exp(-logits))).astype(float)
    features[random.random((n, 3)) < 0.05] = np.nan
    return HeadInputs(features, NAMES, states), label


def standardise_by(inputs):
    standardiser = Standardiser.fit(pl.DataFrame(inputs.features, schema=list(NAMES)))
    return lambda features, names: standardiser.transform(pl.DataFrame(features, schema=list(names)))


@pytest.fixture(scope="module")
def parts():
    return sample(900, 1), sample(500, 2), sample(2000, 3)


def fit(parts, *, later=None, weight=None, **settings):
    train = parts[0]
    later = (*(later or parts[1]), weight)
    return fit_probability_head(train, validation=later, standardise=standardise_by(train[0]), seed=0, **settings)


@pytest.fixture(scope="module")
def head(parts):
    return fit(parts)


def test_every_component_is_there_and_weights_are_shares(head):
    assert set(head.alone) == set(COMPONENTS) == set(head.boosters) | set(head.networks)
    assert sum(head.weights.values()) == pytest.approx(1)
    assert min(head.weights.values()) >= 0


def test_the_state_is_used(head):
    assert head.weights["lightgbm_sequence"] + head.weights["sequence"] > 0.7


def test_the_blend_is_no_worse_than_its_parts_on_new_data(head, parts):
    inputs, label = parts[2]

    def log_loss(probability):
        return -np.mean(np.log(np.where(label == 1, probability, 1 - probability)))

    alone = [log_loss(answer) for answer in head.answers(inputs, alone=COMPONENTS).alone.values()]
    assert log_loss(head.probability(inputs)) < min(alone) + 0.02


def test_probabilities_are_calibrated_on_new_data(head, parts):
    inputs, label = parts[2]
    probability = head.probability(inputs)
    assert probability.mean() == pytest.approx(label.mean(), abs=0.04)
    for part in np.array_split(np.argsort(probability), 4):
        assert probability[part].mean() == pytest.approx(label[part].mean(), abs=0.07)


def test_rows_are_answered_one_by_one_as_all_together(head, parts):
    inputs = parts[2][0].take(np.arange(30))
    one_by_one = [head.probability(inputs.take(np.array([row])))[0] for row in range(30)]
    np.testing.assert_allclose(one_by_one, head.probability(inputs), atol=1e-6)


def test_the_same_seed_gives_the_same_head(head, parts):
    again = fit(parts)
    assert again.to_dict() == head.to_dict()
    assert (again.probability(parts[2][0]) == head.probability(parts[2][0])).all()


def test_the_order_of_validation_rows_decides_nothing(parts):
    later, test = parts[1], parts[2]
    order = np.random.default_rng(0).permutation(len(later[1]))
    shuffled = (later[0].take(order), later[1][order])
    pair = [fit(parts, later=part, components=("lightgbm",)).probability(test[0]) for part in (later, shuffled)]
    np.testing.assert_allclose(pair[0], pair[1], atol=1e-6)


def test_weights_of_the_later_window_put_sampled_rates_right(parts):
    """Every positive kept, of the negatives a third: with weights the probabilities are those of the whole."""
    inputs, label = parts[1]
    kept = (label == 1) | (np.arange(len(label)) % 3 == 0)
    thinned = (inputs.take(np.flatnonzero(kept)), label[kept])
    weight = np.where(label[kept] == 1, 1.0, (label == 0).sum() / (label[kept] == 0).sum())
    test, truth = parts[2]
    rates = {
        name: fit(parts, later=thinned, weight=given, components=("lightgbm",)).probability(test).mean()
        for name, given in (("weighted", weight), ("plain", None))
    }
    assert rates["weighted"] == pytest.approx(truth.mean(), abs=0.05)
    assert rates["plain"] > truth.mean() + 0.15


def test_before_calibration_it_is_the_blend_alone(head, parts):
    inputs = parts[2][0]
    logits = np.log(head.probability(inputs) / (1 - head.probability(inputs)))
    plain = head.answers(inputs).uncalibrated
    recovered = head.calibration.slope * np.log(plain / (1 - plain)) + head.calibration.offset
    np.testing.assert_allclose(recovered, logits, atol=1e-6)


def test_fewer_components_can_be_asked_for(parts):
    head, test = fit(parts, components=("lightgbm",)), parts[2]
    assert head.weights == {"lightgbm": 1.0}
    found = head.answers(test[0], alone=("lightgbm",))
    np.testing.assert_allclose(found.probability, found.alone["lightgbm"], atol=1e-9)
