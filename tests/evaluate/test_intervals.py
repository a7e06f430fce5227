"""Bootstrap intervals hold the value, respect clusters, repeat by seed and cover as often as they say."""

import numpy as np
import pytest

from foretell.evaluate import EvaluationError
from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Estimate, Resamples, bootstrap, paired_difference
from foretell.evaluate.probability import auc
from foretell.evaluate.resampled import MeanStatistic
from foretell.evaluate.resampled_probability import ProbabilityStatistic


def mean_interval(values, *, cluster=None, seed=0, replicates=200):
    units = clusters(cluster, n_rows=len(values))
    statistic = MeanStatistic({"mean": np.asarray(values, dtype=float)}, clusters=units)
    return bootstrap(statistic, resamples=Resamples(units.count, seed=seed, replicates=replicates)).interval("mean")


def test_the_interval_covers_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        interval = mean_interval(generator.exponential(size=80), seed=seed)
        covered += interval.low <= 1 <= interval.high
    assert 0.88 <= covered / 200 <= 0.98


def test_clusters_widen_the_interval():
    generator = np.random.default_rng(1)
    values = np.repeat(generator.normal(size=40), 25)
    alone, together = mean_interval(values), mean_interval(values, cluster=np.repeat(np.arange(40), 25))
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_resamples_draw_whole_clusters():
    counts = Resamples(7, replicates=50, seed=3).counts(0, stop=50)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.min() >= 0


def test_a_resample_counts_as_if_rows_were_repeated():
    generator = np.random.default_rng(2)
    n = 120
    label, score = generator.integers(0, 2, n).astype(float), generator.integers(0, 9, n) / 9
    units = clusters(generator.integers(0, 30, n), n_rows=n)
    statistic = ProbabilityStatistic(label, probability=score, weight=np.ones(n), clusters=units, threshold=0.5)
    resamples = Resamples(units.count, seed=4)
    estimate = bootstrap(statistic, resamples=resamples)
    for replicate in (0, 57, 199):
        drawn = resamples.counts(replicate, stop=replicate + 1)[0][units.codes].astype(int)
        rows = np.repeat(np.arange(n), drawn)
        expected = auc(label[rows], probability=score[rows])
        assert estimate.replicates[replicate, statistic.names.index("auc")] == pytest.approx(expected)


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(5).normal(size=50)
    assert mean_interval(values, seed=1) == mean_interval(values, seed=1)
    assert mean_interval(values, seed=1) != mean_interval(values, seed=2)


def test_chunks_do_not_change_the_draws(monkeypatch):
    whole = np.concatenate(list(Resamples(9, replicates=40).chunks(5)))
    monkeypatch.setattr("foretell.evaluate.intervals._CELLS_PER_CHUNK", 27)
    monkeypatch.setattr("foretell.evaluate.intervals._CELLS_KEPT", 0)
    pieces = list(Resamples(9, replicates=40).chunks(5))
    assert len(pieces) == 14
    assert np.array_equal(np.concatenate(pieces), whole)


def test_the_interval_holds_the_value_even_when_resamples_do_not():
    estimate = Estimate(("ece",), np.array([0.01]), np.linspace(0.02, 0.05, 200)[:, None])
    interval = estimate.interval("ece")
    assert interval.low == interval.value == 0.01
    assert interval.high > 0.04


def test_undefined_figures_have_no_interval():
    nothing = np.full((200, 1), np.nan)
    assert Estimate(("auc",), np.array([np.nan]), nothing).interval("auc") is None
    assert Estimate(("auc",), np.array([0.7]), nothing).interval("auc") is None
    some = nothing.copy()
    some[:100] = 0.6
    assert Estimate(("auc",), np.array([0.7]), some).interval("auc").low == 0.6


def test_a_paired_difference_is_narrower_than_the_intervals_suggest():
    generator = np.random.default_rng(6)
    hard = generator.normal(size=300)
    units = clusters(None, n_rows=300)
    resamples = Resamples(300, seed=7)
    mine, other = (
        bootstrap(MeanStatistic({"mean": hard + shift}, clusters=units), resamples=resamples)
        for shift in (0.05 + 0.01 * generator.normal(size=300), 0.0)
    )
    difference = paired_difference(mine, baseline=other)["mean"]
    width = mine.interval("mean").high - mine.interval("mean").low
    assert difference.high - difference.low < width / 10
    assert difference.low > 0


def test_only_the_same_resamples_can_be_paired():
    one = Estimate(("m",), np.array([0.0]), np.zeros((40, 1)))
    two = Estimate(("m",), np.array([0.0]), np.zeros((50, 1)))
    with pytest.raises(EvaluationError, match="same resamples"):
        paired_difference(one, baseline=two)
    with pytest.raises(EvaluationError, match="more resamples"):
        Resamples(5, replicates=3)


def test_metrics_of_one_side_only_are_not_compared():
    one = Estimate(("auc", "qini"), np.array([0.7, 0.1]), np.zeros((40, 2)))
    two = Estimate(("auc",), np.array([0.6]), np.zeros((40, 1)))
    assert list(paired_difference(one, baseline=two)) == ["auc"]
