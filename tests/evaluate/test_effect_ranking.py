"""AUTOC, normalised Qini and effects by tenth against slow counts, and against scikit-uplift and causalml."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.evaluate.effect_ranking import EffectStatistic, effects_by_share, perfect_score
from foretell.evaluate.inputs import clusters
from foretell.evaluate.intervals import Resamples, bootstrap
from foretell.evaluate.ordered_effects import OrderedEffects

SKLIFT_QINI, SKLIFT_QINI_REVERSED = 0.12452343069613542, -0.11841827510020222
"""What scikit-uplift 0.5.1's ``qini_auc_score`` gives for ``people``, and for the reverse order."""

CAUSALML_AUUC = 61.346183
"""What causalml 0.18.0's ``auuc_score(normalize=False)`` gives for ``untied``."""


def figures(outcome, treated, score, effect=None):
    effect = np.zeros(len(outcome)) if effect is None else effect
    rows = EffectStatistic(
        outcome, treated=treated, score=score, effect=effect, clusters=clusters(None, n_rows=len(outcome))
    )
    return dict(zip(rows.names, rows.evaluate(np.ones((1, len(outcome))))[0], strict=True))


@pytest.fixture
def people():
    random = np.random.default_rng(3)
    score = random.integers(0, 12, 400) / 12
    treated = (random.random(400) < 0.45).astype(float)
    outcome = (random.random(400) < 0.2 + 0.4 * score * treated).astype(float)
    effect = 0.4 * score + random.normal(size=400)
    return outcome, treated, score, effect


def slow_autoc(effect, score):
    """The integral over q by many small steps, each tied group replaced by its mean."""
    smooth = np.empty(len(effect))
    for value in np.unique(score):
        smooth[score == value] = effect[score == value].mean()
    smooth = np.repeat(smooth[np.argsort(-score, kind="stable")], 50)
    running = np.cumsum(smooth) / np.arange(1, len(smooth) + 1)
    return (running - effect.mean()).mean()


def test_autoc_equals_the_integral_taken_slowly(people):
    _, _, score, effect = people
    areas = OrderedEffects(effect, score=score).areas(np.ones((1, 400)))[0]
    assert areas[0] == pytest.approx(slow_autoc(effect, score), abs=2e-3)


def test_autoc_of_untied_scores_is_near_the_discrete_mean_of_its_definition():
    random = np.random.default_rng(0)
    score, effect = random.random(5000), random.normal(size=5000)
    effect = effect + score
    ordered = effect[np.argsort(-score)]
    discrete = (np.cumsum(ordered) / np.arange(1, 5001) - effect.mean()).mean()
    assert OrderedEffects(effect, score=score).areas(np.ones((1, 5000)))[0, 0] == pytest.approx(discrete, abs=1e-3)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2)), min_size=2, max_size=30), st.randoms())
def test_the_order_of_rows_decides_nothing_and_a_weight_is_a_repeat(rows, random):
    score, effect = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    areas = OrderedEffects(effect, score=score).areas(np.ones((1, len(rows))))[0]
    mixed = list(range(len(rows)))
    random.shuffle(mixed)
    assert OrderedEffects(effect[mixed], score=score[mixed]).areas(np.ones((1, len(rows))))[0] == pytest.approx(areas)
    twice = np.ones((1, len(rows)))
    twice[0, 0] = 2
    repeated = OrderedEffects(np.append(effect, effect[0]), score=np.append(score, score[0]))
    weighted = OrderedEffects(effect, score=score).areas(twice)[0]
    assert repeated.areas(np.ones((1, len(rows) + 1)))[0] == pytest.approx(weighted)


def test_one_score_for_all_has_no_area_at_all(people):
    outcome, treated, _, effect = people
    found = figures(outcome, treated, np.ones(400), effect)
    assert [found[name] for name in ("qini", "uplift_auc", "autoc", "gain_area")] == pytest.approx([0] * 4)


def test_the_perfect_ranking_has_a_normalised_qini_of_one(people):
    outcome, treated, score, _ = people
    perfect = perfect_score(outcome, treated=treated)
    assert figures(outcome, treated, perfect)["qini_normalised"] == pytest.approx(1.0)
    assert 0 < figures(outcome, treated, score)["qini_normalised"] < 1


def test_amounts_have_no_normalised_qini(people):
    outcome, treated, score, _ = people
    assert "qini_normalised" not in figures(outcome * 3.5, treated, score)


def test_scikit_uplifts_qini_was_reproduced_to_the_last_digit(people):
    outcome, treated, score, _ = people
    assert figures(outcome, treated, score)["qini_normalised"] == pytest.approx(SKLIFT_QINI, abs=1e-12)
    assert figures(outcome, treated, -score)["qini_normalised"] == pytest.approx(SKLIFT_QINI_REVERSED, abs=1e-12)


def test_scikit_uplift_agrees_where_it_is_installed(people):
    metrics = pytest.importorskip("sklift.metrics")
    outcome, treated, score, _ = people
    theirs = metrics.qini_auc_score(outcome, score, treated)
    assert figures(outcome, treated, score)["qini_normalised"] == pytest.approx(theirs, abs=1e-12)


def test_causalmls_auuc_was_reproduced_where_definitions_agree():
    """The number is causalml's ``auuc_score(normalize=False)`` of untied scores, in cumulative responses.

    It is the mean over people of the cumulative gain, ours the area under the same curve per head: they agree up to the
    half step at the ends.
    """
    outcome, treated, score = untied()
    areas = figures(outcome, treated, score)
    n = len(outcome)
    rate = outcome[treated == 1].mean() - outcome[treated == 0].mean()
    area = areas["uplift_auc"] + rate / 2  # ours stands above the random line
    assert area == pytest.approx(CAUSALML_AUUC / n, abs=2 / n)


def untied():
    random = np.random.default_rng(8)
    score = random.permutation(600) / 600
    treated = (random.random(600) < 0.5).astype(float)
    outcome = (random.random(600) < 0.2 + 0.4 * score * treated).astype(float)
    return outcome, treated, score


def test_the_interval_of_a_planted_ranking_holds_its_value(people):
    outcome, treated, score, effect = people
    rows = EffectStatistic(outcome, treated=treated, score=score, effect=effect, clusters=clusters(None, n_rows=400))
    estimate = bootstrap(rows, resamples=Resamples(400, replicates=60, seed=1))
    for name in rows.names:
        interval = estimate.interval(name)
        assert interval.low <= interval.value <= interval.high
        assert interval.low < interval.high


def test_effects_by_tenth_are_means_of_their_people(people):
    _, _, _, effect = people
    score = np.random.default_rng(5).random(400)
    table = effects_by_share(score, effect=effect, bins=4)
    best = np.argsort(-score)[:100]
    assert table["observed"][0] == pytest.approx(effect[best].mean())
    assert table["predicted"][0] == pytest.approx(score[best].mean())
    assert table["high"][0] - table["observed"][0] == pytest.approx(1.959964 * effect[best].std(ddof=1) / 10)
    assert sum(table["share"]) == pytest.approx(1)


def test_people_of_another_arm_count_for_the_effect_and_not_for_qini(people):
    """Doubly robust scores hold for everybody; Qini compares those treated with this arm and control alone."""
    outcome, treated, score, effect = people
    others = np.random.default_rng(9).random(400) < 0.3
    units = clusters(None, n_rows=400)
    rows = EffectStatistic(outcome, treated=treated, score=score, effect=effect, clusters=units, compared=~others)
    found = dict(zip(rows.names, rows.evaluate(np.ones((1, 400)))[0], strict=True))
    without = figures(outcome[~others], treated[~others], score[~others])
    assert found["qini"] == pytest.approx(without["qini"])
    assert found["qini_normalised"] == pytest.approx(without["qini_normalised"])
    assert found["autoc"] == pytest.approx(figures(outcome, treated, score, effect)["autoc"])


@pytest.mark.parametrize(
    ("email", "theirs"), [("Womens E-Mail", 0.06401550847534095), ("Mens E-Mail", 0.012887832659139767)]
)
def test_on_hillstrom_the_rule_womens_has_scikit_uplifts_qini(shared_data, email, theirs):
    """The figures are scikit-uplift 0.5.1's ``qini_auc_score`` of the rule ``womens == 1`` on visits."""
    frame = pl.read_csv(shared_data / "hillstrom" / "hillstrom.csv")
    frame = frame.filter(pl.col("treatment").is_in([email, "No E-Mail"]))
    visit, womens = (frame[name].to_numpy().astype(float) for name in ("visit", "womens"))
    treated = (frame["treatment"] == email).to_numpy().astype(float)
    assert figures(visit, treated, womens)["qini_normalised"] == pytest.approx(theirs, abs=1e-12)
