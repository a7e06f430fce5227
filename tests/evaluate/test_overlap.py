"""Overlap: what chance made passes, what people chose is seen, what cannot be compared fails."""

import numpy as np
import pytest

from foretell.evaluate.overlap import imbalance, overlap, overlapping

N = 4000


def drawn(strength, seed=0):
    random = np.random.default_rng(seed)
    need = random.normal(size=N)
    chance = 1 / (1 + np.exp(-strength * need))
    arm = (random.random(N) < chance).astype(np.int64)
    return need, arm, np.stack([1 - chance, chance], axis=1)


def test_chance_passes_and_looks_like_chance():
    _, arm, _ = drawn(0.0)
    found = overlap(arm, propensity=np.full((N, 2), 0.5))[0]
    assert (found.status, found.outside, found.auc) == ("pass", 0.0, 0.5)
    assert not found.chance_is_doubtful


def test_unequal_odds_alone_are_no_lack_of_overlap():
    random = np.random.default_rng(0)
    arm = (random.random(N) < 0.03).astype(np.int64)
    found = overlap(arm, propensity=np.tile([0.97, 0.03], (N, 1)))[0]
    assert (found.status, found.outside) == ("pass", 0.0)


@pytest.mark.parametrize(("strength", "status"), [(0.5, "pass"), (1.4, "warn"), (6.0, "fail")])
def test_the_more_people_chose_the_less_can_be_compared(strength, status):
    _, arm, propensity = drawn(strength)
    found = overlap(arm, propensity=propensity)[0]
    assert found.status == status
    assert found.chance_is_doubtful
    assert overlapping(arm, propensity=propensity).mean() == pytest.approx(1 - found.outside)


def test_weighting_by_the_propensity_takes_imbalance_away():
    need, arm, propensity = drawn(0.7)
    raw = imbalance(need[:, None], arm=arm, number=1, names=["need"])
    weighted = imbalance(need[:, None], arm=arm, number=1, names=["need"], propensity=propensity)
    assert raw["need"] > 0.4
    assert abs(weighted["need"]) < 0.1


def test_missing_and_constant_features_are_no_obstacle():
    table = np.array([[np.nan, 1.0], [np.nan, 1], [3, 1], [4, 1]])
    assert imbalance(table, arm=np.array([0, 0, 1, 1]), number=1, names=["a", "b"]) == {"b": 0.0}
