"""Dates and sentences as people read them."""

import pytest

from foretell.evaluate import EvaluationError, words
from foretell.evaluate.definitions import METRICS, definition, improvement, is_material
from foretell.evaluate.render import render
from foretell.evaluate.sentences import summary, takeaways, verdict_words


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
    assert "% of households at least one of the first 10 items" in takeaways(tasks["recommend"])[0]
    assert "80% range held what happened in" in takeaways(tasks["demand"])[1]


def with_checks(report, *statuses):
    checks = [{"code": "FT001", "status": status} for status in statuses]
    return {**report.document, "tasks": {"churn": {**report.document["tasks"]["churn"], "checks": checks}}}


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["pass"], "The one check passed."),
        (["pass", "pass"], "All 2 checks passed."),
        (["warn"], "Of 1 check, 1 deserves a look."),
        (["pass", "warn", "warn"], "Of 3 checks, 2 deserve a look."),
        (["fail", "warn", "pass"], "Of 3 checks, 1 failed and 1 deserves a look."),
        (["fail", "fail"], "Of 2 checks, 2 failed."),
    ],
)
def test_checks_are_counted_in_good_english(report, statuses, said):
    text = summary(with_checks(report, *statuses))
    assert text[-1] == said
    assert "learned to answer 1 question and" in text[0]


def compared(task, mine, other):
    """A task whose headline reads so for the model and its strongest baseline."""
    name, baseline = task["headline"], task["verdict"]["baseline"]
    verdict = {**task["verdict"], "value": mine - other, "low": mine - other, "high": mine - other}
    metrics = {**task["metrics"], name: {**task["metrics"][name], "value": mine}}
    theirs = {**task["baselines"][baseline], name: {**task["baselines"][baseline][name], "value": other}}
    return {**task, "verdict": verdict, "metrics": metrics, "baselines": {**task["baselines"], baseline: theirs}}


@pytest.mark.parametrize(
    ("mine", "other", "said"),
    [
        (0.8777, 0.8431, "0.878 against 0.843"),
        (0.36131, 0.36087, "0.3613 against 0.3609"),
        (0.970376, 0.970384, "0.970376 against 0.970384"),
    ],
)
def test_compared_figures_look_as_different_as_they_are(tasks, mine, other, said):
    assert said in takeaways(compared(tasks["churn"], mine, other))[-1]


def test_equal_models_are_said_to_be_equal(tasks):
    line = takeaways(compared(tasks["demand"], 0.38998, 0.38998))[-1]
    assert "does exactly as well (WAPE 39.0% for both)" in line


def test_lightgbm_alone_is_said_to_be_the_same_model(report, tasks):
    task = {**tasks["demand"], "baselines": {"lightgbm_features": tasks["demand"]["metrics"]}}
    task["verdict"] = {**tasks["demand"]["verdict"], "baseline": "lightgbm_features"}
    task = compared(task, 0.38998, 0.38998)
    assert verdict_words(task) == "The same model"
    assert takeaways(task)[-1] == "It is the same model as the strongest baseline, LightGBM alone (WAPE 39.0%)."
    document = {**report.document, "tasks": {"demand": task}}
    assert "On demand it is the same model as the strongest baseline." in summary(document)


def test_a_task_named_after_its_kind_is_said_in_english(report):
    document = {**report.document, "tasks": {"purchase_produce": report.document["tasks"]["purchase"]}}
    assert "on purchase (produce)." in " ".join(summary(document))
    assert "Purchase: produce" in render(document)
