"""Boosted trees: the same every time, exact after saving as text, stopped by the later window."""

import numpy as np
import pytest
import torch

from foretell.model.boosting import Boosting, fit_boosting, leaves_for

BINARY = {"objective": "binary", "num_iterations": 60, "min_data_in_leaf": 5}


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    features = random.normal(size=(600, 4)).astype(np.float32)
    features[random.random((600, 4)) < 0.1] = np.nan
    label = (np.nan_to_num(features[:, 0]) + random.normal(0, 0.5, 600) > 0).astype(float)
    return features, label


@pytest.fixture(scope="module")
def fitted(data):
    features, label = data
    return fit_boosting(features[:400], label[:400], objective=BINARY, validation=(features[400:], label[400:], None))


def test_text_is_exact(fitted, data):
    again = Boosting.from_text(fitted.to_text())
    assert again.to_text() == fitted.to_text()
    for part in (data[0], data[0][:1], data[0][:300]):
        assert (again.raw(part) == fitted.raw(part)).all()
        assert (again.predict(part) == fitted.predict(part)).all()


def test_rows_are_answered_one_by_one_as_all_together(fitted, data):
    """One row is answered by one thread, many by two: not a bit may differ."""
    features = data[0]
    assert (
        np.concatenate([fitted.raw(features[row : row + 1]) for row in range(50)]) == fitted.raw(features)[:50]
    ).all()


def test_the_same_seed_gives_the_same_trees_and_another_seed_others(data):
    features, label = data
    texts = [fit_boosting(features, label, objective=BINARY, seed=seed).to_text() for seed in (3, 3, 4)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_one_thread_grows_the_trees_that_two_grow(data):
    features, label = data
    one, two = (fit_boosting(features, label, objective={**BINARY, "num_threads": n}) for n in (1, 2))
    assert (one.raw(features) == two.raw(features)).all()


def test_the_later_window_says_when_to_stop(data):
    features, label = data
    noise = np.random.default_rng(1).integers(0, 2, 200).astype(float)
    objective = BINARY | {"num_iterations": 300}
    stopped = fit_boosting(features[:400], label[:400], objective=objective, validation=(features[400:], noise, None))
    assert stopped.booster.num_trees() < 100
    assert fit_boosting(features[:400], label[:400], objective=objective).booster.num_trees() == 300


def test_contributions_add_up_to_the_raw_score(fitted, data):
    found = fitted.contributions(data[0][:20])
    assert found.shape == (20, 5)
    np.testing.assert_allclose(found.sum(1), fitted.raw(data[0][:20]), atol=1e-9)


def test_gains_point_at_the_feature_that_matters(fitted):
    gains = fitted.gains()
    assert gains.argmax() == 0
    assert gains[0] > 0.5 * gains.sum()


def test_weights_count(data):
    features, label = data
    first = np.arange(600) < 300
    weighted = fit_boosting(features, np.where(first, label, 1 - label), objective=BINARY, weight=first.astype(float))
    predicted = weighted.predict(features[first])
    assert ((predicted > 0.5) == label[first]).mean() > 0.75


def test_leaves_grow_with_the_rarer_answer():
    assert [leaves_for(n) for n in (0.0, 200.0, 400.0, 1240.0, 1e6)] == [5, 5, 10, 31, 31]


def test_torch_keeps_its_threads():
    """Both libraries share one OpenMP setting, and other threads mean other last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        features = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
        booster = fit_boosting(features, (features[:, 0] > 0).astype(float), objective={"objective": "binary"})
        booster.raw(features[:1])
        booster.predict(features[:1])
        booster.contributions(features[:1])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
