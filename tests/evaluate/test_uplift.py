"""Qini and uplift against a slow count, with ties, weights and planted effects."""

import numpy as np
import pytest

from foretell.evaluate import EvaluationError, Treatment
from foretell.evaluate.uplift import qini, qini_curve, uplift_auc, uplift_curve


def slow_curves(label, treated, score):
    """Both curves by counting at every distinct score."""
    shares, gains, uplifts = [0.0], [0.0], [0.0]
    n = len(label)
    for cut in sorted(set(score), reverse=True):
        chosen = score >= cut
        n_treated, n_control = (chosen & (treated == 1)).sum(), (chosen & (treated == 0)).sum()
        yes_treated, yes_control = label[chosen & (treated == 1)].sum(), label[chosen & (treated == 0)].sum()
        expected = yes_control * n_treated / n_control if n_control else 0.0
        shares.append(chosen.sum() / n)
        gains.append((yes_treated - expected) / n)
        both = n_treated and n_control
        uplifts.append((yes_treated / n_treated - yes_control / n_control) * shares[-1] if both else 0.0)
    return shares, gains, uplifts


@pytest.fixture
def people():
    generator = np.random.default_rng(0)
    score = generator.integers(0, 9, 300) / 9
    treated = (generator.random(300) < 0.4).astype(float)
    label = (generator.random(300) < 0.2 + 0.5 * score * treated).astype(float)
    return label, Treatment(treated=treated, score=score, randomised=True)


def test_curves_equal_a_slow_count(people):
    label, treatment = people
    shares, gains, uplifts = slow_curves(label, treatment.treated, treatment.score)
    curve = qini_curve(label, treatment=treatment)
    assert curve.share == pytest.approx(shares)
    assert curve.gain == pytest.approx(gains)
    assert uplift_curve(label, treatment=treatment).gain == pytest.approx(uplifts)
    above = np.array(gains) - gains[-1] * np.array(shares)
    assert qini(label, treatment=treatment) == pytest.approx(np.trapezoid(above, shares))


def test_a_weight_is_a_repeat(people):
    label, treatment = people
    rows = np.concatenate([np.arange(300), np.arange(50)])
    weight = np.ones(300)
    weight[:50] = 2
    repeated = Treatment(treated=treatment.treated[rows], score=treatment.score[rows], randomised=True)
    for area in (qini, uplift_auc):
        weighted = area(label, treatment=treatment, weight=weight)
        assert weighted == pytest.approx(area(label[rows], treatment=repeated))


def test_a_planted_effect_is_found_and_its_reverse_is_negative(people):
    label, treatment = people
    backwards = Treatment(treated=treatment.treated, score=-treatment.score, randomised=True)
    assert qini(label, treatment=treatment) > 0.01
    assert qini(label, treatment=backwards) < -0.01
    assert uplift_auc(label, treatment=treatment) > 0.01


def test_one_score_for_all_is_random():
    flat = Treatment(treated=[1, 0, 1, 0], score=[0.5] * 4, randomised=True)
    assert qini([1, 0, 0, 1], treatment=flat) == 0


def test_both_groups_are_needed():
    with pytest.raises(EvaluationError, match="treated and untreated"):
        qini([1, 0], treatment=Treatment(treated=[1, 1], score=[0.1, 0.2], randomised=True))
    with pytest.raises(EvaluationError, match="treated and untreated"):
        qini([1, 0], treatment=Treatment(treated=[2, 0], score=[0.1, 0.2], randomised=True))
