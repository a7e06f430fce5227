"""Binary metrics against scikit-learn, against their formulas, and under the laws they must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from foretell.evaluate import EvaluationError
from foretell.evaluate import probability as metrics
from foretell.evaluate.calibration import chance_ece, equal_mass_bins
from foretell.evaluate.inputs import clusters


@st.composite
def cases(draw, both=True):
    """Labels of both classes, scores with many ties, and weights, some of them zero."""
    n = draw(st.integers(3, 40))
    label = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), dtype=float)
    if both:
        label[0], label[1] = 0, 1
    score = np.array(draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))) / 8
    weight = np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=n, max_size=n)))
    weight[:2] = 1
    return label, score, weight


@given(cases())
def test_rank_metrics_equal_scikit_learn(case):
    label, score, weight = case
    expected = reference.roc_auc_score(label, score, sample_weight=weight)
    assert metrics.auc(label, probability=score, weight=weight) == pytest.approx(expected)
    expected = reference.average_precision_score(label, score, sample_weight=weight)
    assert metrics.average_precision(label, probability=score, weight=weight) == pytest.approx(expected)


@given(cases())
def test_probability_losses_equal_scikit_learn(case):
    label, score, weight = case
    expected = reference.log_loss(label, score, sample_weight=weight, labels=[0, 1])
    assert metrics.logloss(label, probability=score, weight=weight) == pytest.approx(expected, rel=1e-6)
    expected = reference.brier_score_loss(label, score, sample_weight=weight)
    assert metrics.brier(label, probability=score, weight=weight) == pytest.approx(expected)


@given(cases(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_decisions_equal_scikit_learn(case, threshold):
    label, score, weight = case
    yes = score >= threshold
    found = metrics.decisions(label, probability=score, weight=weight, threshold=threshold)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(label, yes, sample_weight=weight))
    for name in ("precision", "recall", "f1"):
        expected = getattr(reference, f"{name}_score")(label, yes, sample_weight=weight, zero_division=0)
        assert found[name] == pytest.approx(expected)
        assert getattr(metrics, name)(label, probability=score, weight=weight, threshold=threshold) == pytest.approx(
            expected
        )


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case, random):
    label, score, weight = case
    order = list(range(len(label)))
    random.shuffle(order)
    for name in ("auc", "average_precision", "logloss", "brier", "ece", "normalised_entropy", "f1"):
        metric = getattr(metrics, name)
        here = metric(label, probability=score, weight=weight)
        there = metric(label[order], probability=score[order], weight=weight[order])
        assert here == pytest.approx(there), name


@given(cases())
def test_a_weight_of_two_is_the_row_twice(case):
    label, score, _ = case
    twice = np.concatenate([np.arange(len(label)), [0, 1]])
    weight = np.ones(len(label))
    weight[:2] = 2
    for name in ("auc", "average_precision", "logloss", "brier", "ece", "normalised_entropy", "accuracy"):
        metric = getattr(metrics, name)
        weighted = metric(label, probability=score, weight=weight)
        assert weighted == pytest.approx(metric(label[twice], probability=score[twice])), name


def test_auc_needs_only_the_order():
    label, score = [0, 1, 0, 1, 1], np.array([0.1, 0.3, 0.35, 0.6, 0.9])
    assert metrics.auc(label, probability=score) == metrics.auc(label, probability=np.exp(7 * score) - 40)


def test_ece_is_the_mean_gap_over_equally_heavy_bins():
    generator = np.random.default_rng(0)
    probability = np.sort(generator.random(150))
    label = (generator.random(150) < probability**2).astype(float)
    gaps = [
        abs(probability[start : start + 10].mean() - label[start : start + 10].mean()) for start in range(0, 150, 10)
    ]
    assert metrics.ece(label, probability=probability) == pytest.approx(np.mean(gaps))


def test_tied_probabilities_share_a_bin():
    probability = np.array([0.2] * 7 + [0.5] * 3)
    bins = equal_mass_bins(probability, weight=np.ones(10), bins=5)
    assert len(set(bins[:7])) == 1
    assert len(set(bins[7:])) == 1
    assert metrics.ece([1] * 5 + [0] * 5, probability=np.full(10, 0.5)) == 0


@pytest.mark.parametrize("n", [400, 60_000])
def test_chance_explains_the_error_of_a_perfect_model(n):
    generator = np.random.default_rng(1)
    probability = generator.beta(2, 5, n)
    labels = [(generator.random(n) < probability).astype(float) for _ in range(20)]
    found = [metrics.ece(label, probability=probability) for label in labels]
    assert chance_ece(labels[0], probability=probability) == pytest.approx(np.mean(found), rel=0.2)


def test_repeated_rows_of_a_user_make_chance_larger():
    generator = np.random.default_rng(3)
    probability = generator.beta(2, 5, 500)
    label = (generator.random(500) < probability).astype(float)
    user = np.repeat(np.arange(500), 4)
    units = clusters(user, n_rows=2000)
    repeated = chance_ece(label[user], probability=probability[user], units=units)
    assert repeated == pytest.approx(chance_ece(label, probability=probability))
    assert repeated > 1.8 * chance_ece(label[user], probability=probability[user])


def test_rows_that_stand_for_many_are_counted_for_what_they_are():
    # All positives are kept and one negative in ten: chance is that of the few positives.
    generator = np.random.default_rng(4)
    probability = generator.beta(1, 60, 40_000)
    label = (generator.random(40_000) < probability).astype(float)
    kept = (label == 1) | (generator.random(40_000) < 0.1)
    weight = np.where(label == 1, 1.0, 10.0)[kept]
    whole = chance_ece(label, probability=probability)
    assert chance_ece(label[kept], probability=probability[kept], weight=weight) == pytest.approx(whole, rel=0.15)


def test_normalised_entropy_of_the_base_rate_is_one():
    label = np.array([1, 0, 0, 0])
    assert metrics.normalised_entropy(label, probability=np.full(4, 0.25)) == pytest.approx(1)
    assert metrics.normalised_entropy(label, probability=[0.7, 0.1, 0.1, 0.1]) < 1


def test_the_best_threshold_is_the_best():
    generator = np.random.default_rng(2)
    score = generator.random(200).round(2)
    label = (generator.random(200) < score).astype(float)
    best = metrics.best_f1_threshold(label, probability=score)
    every = [metrics.f1(label, probability=score, threshold=cut) for cut in np.unique(score)]
    assert metrics.f1(label, probability=score, threshold=best) == pytest.approx(max(every))


def test_one_class_is_undefined_and_not_invented():
    assert np.isnan(metrics.auc([1, 1], probability=[0.1, 0.2]))
    assert np.isnan(metrics.average_precision([0, 0], probability=[0.1, 0.2]))
    assert np.isnan(metrics.normalised_entropy([0, 0], probability=[0.1, 0.2]))
    assert np.isnan(metrics.recall([0, 0], probability=[0.1, 0.2]))
    assert np.isnan(metrics.logloss([], probability=[]))


@pytest.mark.parametrize(
    ("label", "probability", "weight", "word"),
    [
        ([0, 2], [0.1, 0.2], None, "0 or 1"),
        ([0, 1], [0.1], None, "another number of rows"),
        ([0, 1], [0.1, np.nan], None, "not finite"),
        ([0, 1], [0.1, 0.2], [1, -1], "non-negative"),
        ([0, 1], [0.1, 0.2], [0, 0], "non-negative"),
        ([0, 1], [0.1, 1.2], None, "needs probabilities"),
        ([[0, 1]], [0.1, 0.2], None, "one-dimensional"),
    ],
)
def test_wrong_input_is_named(label, probability, weight, word):
    with pytest.raises(EvaluationError, match=word) as caught:
        metrics.brier(label, probability=probability, weight=weight)
    assert caught.value.received is not None
    assert caught.value.remedy is not None
