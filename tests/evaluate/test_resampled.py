"""The fast forms of the metrics agree with the plain functions, however often a cluster counts."""

import numpy as np
import pytest

from foretell.evaluate import Treatment, probability, quantiles, ranking, uplift
from foretell.evaluate.inputs import clusters
from foretell.evaluate.resampled import CombinedStatistic, MeanStatistic
from foretell.evaluate.resampled_amounts import CoverageStatistic, QuantileStatistic
from foretell.evaluate.resampled_probability import ProbabilityStatistic, UpliftStatistic

N = 240


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def units(generator):
    return clusters(generator.integers(0, 50, N), n_rows=N)


@pytest.fixture
def counts(generator, units):
    """Every cluster once, then two other weightings."""
    drawn = generator.integers(0, 4, (2, units.count)).astype(float)
    return np.vstack([np.ones(units.count), drawn])


def test_probabilities(generator, units, counts):
    label, score = generator.integers(0, 2, N).astype(float), generator.integers(1, 12, N) / 13
    weight = generator.choice([0.5, 1.0, 2.0], N)
    statistic = ProbabilityStatistic(label, probability=score, weight=weight, clusters=units, threshold=0.4)
    values = statistic.evaluate(counts)
    for row, drawn in zip(values, counts, strict=True):
        total = weight * drawn[units.codes]
        for name, value in zip(statistic.names, row, strict=True):
            if name == "ece" and drawn.max() > 1:
                continue  # resamples keep the bins of the rows as they are
            extra = {"threshold": 0.4} if name in ("accuracy", "precision", "recall", "f1") else {}
            expected = getattr(probability, name)(label, probability=score, weight=total, **extra)
            assert value == pytest.approx(expected), name


def test_plain_scores_get_rank_metrics_only(generator, units):
    label, score = generator.integers(0, 2, N).astype(float), 100 * generator.random(N)
    statistic = ProbabilityStatistic(label, probability=score, weight=np.ones(N), clusters=units, threshold=0.5)
    assert statistic.names == ("auc", "average_precision")
    assert statistic.evaluate(np.ones((1, units.count))).shape == (1, 2)


def test_nothing_drawn_is_undefined(generator, units):
    label = generator.integers(0, 2, N).astype(float)
    statistic = ProbabilityStatistic(
        label, probability=np.full(N, 0.5), weight=np.ones(N), clusters=units, threshold=0.5
    )
    values = dict(zip(statistic.names, statistic.evaluate(np.zeros((1, units.count)))[0], strict=True))
    assert values.pop("precision") == 0
    assert all(np.isnan(value) for value in values.values())


def test_amounts(generator, units, counts):
    levels = np.array([0.1, 0.5, 0.9])
    actual = generator.poisson(4, N).astype(float)
    table = np.sort(generator.gamma(2, 2, (N, 3)), axis=1)
    mean = table.mean(axis=1)
    statistic = QuantileStatistic(actual, quantiles=table, levels=levels, points=(table[:, 1], mean), clusters=units)
    for row, drawn in zip(statistic.evaluate(counts), counts, strict=True):
        rows = np.repeat(np.arange(N), drawn[units.codes].astype(int))
        values = dict(zip(statistic.names, row, strict=True))
        here, chosen = actual[rows], table[rows]
        assert values["wape"] == pytest.approx(quantiles.wape(here, point=chosen[:, 1]))
        assert values["mae"] == pytest.approx(quantiles.mae(here, point=chosen[:, 1]))
        assert values["bias"] == pytest.approx(quantiles.bias(here, point=mean[rows]))
        assert values["wql"] == pytest.approx(quantiles.wql(here, quantiles=chosen, levels=levels))
        assert values["pinball"] == pytest.approx(quantiles.pinball(here, quantiles=chosen, levels=levels))
        inside = quantiles.coverage(here, low=chosen[:, 0], high=chosen[:, 2])
        assert values["coverage"] == pytest.approx(inside)


def test_coverage_counts_lists_that_were_drawn(generator, units, counts):
    lists = generator.integers(-1, 60, (N, 3))
    statistic = CoverageStatistic(lists, n_items=80, clusters=units, name="coverage@3")
    for value, drawn in zip(statistic.evaluate(counts)[:, 0], counts, strict=True):
        shown = lists[drawn[units.codes] > 0]
        assert value == pytest.approx(ranking.coverage(shown, n_items=80, k=3))
    nothing = CoverageStatistic(np.full((N, 1), -1), n_items=80, clusters=units, name="coverage@1")
    assert nothing.evaluate(counts).tolist() == [[0.0]] * 3


def test_uplift_areas(generator, units, counts):
    label, treated = (generator.integers(0, 2, N).astype(float) for _ in range(2))
    score = generator.integers(0, 15, N) / 15
    weight = generator.choice([1.0, 2.0], N)
    rows = uplift.OrderedUplift(label, treated=treated, score=score)
    values = UpliftStatistic(rows, weight=weight, clusters=units).evaluate(counts)
    treatment = Treatment(treated=treated, score=score, randomised=True)
    for row, drawn in zip(values, counts, strict=True):
        total = weight * drawn[units.codes]
        assert row[0] == pytest.approx(uplift.qini(label, treatment=treatment, weight=total))
        assert row[1] == pytest.approx(uplift.uplift_auc(label, treatment=treatment, weight=total))


def test_parts_stand_side_by_side(units, counts):
    parts = [MeanStatistic({name: np.full(N, value)}, clusters=units) for name, value in (("a", 1), ("b", 2))]
    both = CombinedStatistic(*parts)
    assert both.names == ("a", "b")
    assert both.evaluate(counts).tolist() == [[1.0, 2.0]] * 3
