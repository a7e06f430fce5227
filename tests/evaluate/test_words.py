"""Figures, dates and sentences as people read them."""

import pytest

from foretell.evaluate import EvaluationError, words
from foretell.evaluate.definitions import METRICS, definition, improvement, is_material
from foretell.evaluate.sentences import summary, takeaways, verdict_words


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("auc", 0.8, "0.800"),
        ("ece", 1e-17, "0.000"),
        ("ece", 0.0042, "0.0042"),
        ("pinball", 31.26, "31.3"),
        ("pinball", 3.126, "3.126"),
        ("bias", -0.031, "\u22123.1%"),
        ("auc", None, "\u2013"),
        ("auc", float("nan"), "\u2013"),
    ],
)
def test_figures_have_digits_that_suit_them(metric, value, shown):
    assert words.figure(metric, value=value) == shown


def test_differences_carry_their_sign():
    assert words.signed("auc", value=0.003, like=0.02) == "+0.003"
    assert words.signed("auc", value=-0.0002, like=0.02) == "0.000"
    assert words.signed("auc", value=-0.0002, like=0.005) == "\u22120.0002"
    assert words.signed("wape", value=-0.229) == "\u221222.9"


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        (["2017-11-06", "2017-12-31"], "6 Nov \u2013 31 Dec 2017"),
        (["2016-11-06T00:00:00+00:00", "2017-01-31"], "6 Nov 2016 \u2013 31 Jan 2017"),
        (["soon", "later"], "soon \u2013 later"),
        ([], "\u2013"),
        (None, "\u2013"),
    ],
)
def test_windows(window, shown):
    assert words.span(window) == shown


def test_every_metric_has_words():
    for name, metric in METRICS.items():
        assert metric.label
        assert metric.meaning.endswith(".")
        assert metric.formula.endswith(".")
        assert metric.better in ("higher", "lower", "zero", "none"), name
    assert definition("coverage@10").better == "none"
    assert definition("coverage@10").label == "Catalogue coverage@10"
    assert definition("coverage").label == "Range coverage"
    assert improvement("bias", difference=0.3) == 0
    with pytest.raises(EvaluationError, match="no such metric"):
        definition("accurracy")


def test_the_summary_counts_verdicts(report):
    text = " ".join(summary(report.document))
    assert "1.46 million events of 2,469 customers" in text
    assert "It clearly beats the strongest baseline on purchase, recommendation, ad response and demand." in text
    assert "promotion" in text.split("within the margin")[0].split("On ")[1]


def test_losses_are_said_plainly(report):
    task = report.document["tasks"]["demand"]
    lost = {**task, "verdict": {**task["verdict"], "outcome": "behind", "material": True}}
    document = {**report.document, "tasks": {"demand": lost}}
    assert "On demand it is behind: use the baseline there." in summary(document)
    assert "does better (WAPE" in takeaways(lost)[-1]


@pytest.mark.parametrize(
    ("outcome", "material", "expected"),
    [
        ("beats", True, "Clearly better"),
        ("beats", False, "Slightly better"),
        ("ties", True, "No clear difference"),
        ("behind", False, "Slightly behind"),
        ("behind", True, "Behind"),
    ],
)
def test_certain_is_not_the_same_as_large(tasks, outcome, material, expected):
    verdict = {**tasks["churn"]["verdict"], "outcome": outcome, "material": material}
    task = {**tasks["churn"], "verdict": verdict}
    assert verdict_words(task) == expected
    assert "LightGBM" in takeaways(task)[-1]
    assert ("too little to matter" in takeaways(task)[-1]) == (not material and outcome != "ties")


def test_a_percent_of_the_baseline_is_material():
    assert is_material("auc", difference=0.006, reference=0.9)
    assert not is_material("auc", difference=-0.004, reference=0.9)
    assert is_material("wape", difference=-0.005, reference=0.4)
    assert not is_material("ndcg@10", difference=0.0006, reference=0.36)


def test_takeaways_speak_of_what_was_found(tasks):
    assert "% of all buyers" in takeaways(tasks["purchase"])[0]
    assert "found an item they then wanted" in takeaways(tasks["recommend"])[0]
    assert "80% range held" in takeaways(tasks["demand"])[1]
