"""Every coded check can pass and can object, and says so with figures."""

import copy
import re

import pytest

from foretell.evaluate import CHECKS
from foretell.evaluate.checks import run_checks


def statuses(task):
    return {check.code: check.status for check in run_checks(task)}


def changed(task, **changes):
    """A copy with some nested values replaced: ``a__b=1`` sets ``task["a"]["b"]``."""
    other = copy.deepcopy(task)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = other
        for parent in parents:
            place = place[parent]
        place[last] = value
    return other


def feature(association, measure="auc"):
    return [{"name": "order total", "association": association, "measure": measure, "importance": None}]


@pytest.mark.parametrize(
    ("name", "code", "status", "changes"),
    [
        ("purchase", "FT001", "pass", {}),
        ("purchase", "FT001", "warn", {"paired__lightgbm__auc__outcome": "ties"}),
        ("purchase", "FT001", "fail", {"paired__lightgbm__auc__outcome": "behind"}),
        ("purchase", "FT002", "pass", {"calibration": {"ece": 0.03, "by_chance": 0.0}}),
        ("purchase", "FT002", "warn", {"calibration": {"ece": 0.05, "by_chance": 0.04}}),
        ("purchase", "FT002", "fail", {"calibration": {"ece": 0.05, "by_chance": 0.01}}),
        ("purchase", "FT003", "pass", {"positives": 100, "n": 200}),
        ("purchase", "FT003", "warn", {"positives": 99, "n": 2000}),
        ("purchase", "FT003", "fail", {"positives": 1990, "n": 2000}),
        ("demand", "FT003", "fail", {"n": 10}),
        ("purchase", "FT004", "pass", {"metrics__auc": {"value": 0.7, "low": 0.68, "high": 0.72}}),
        ("purchase", "FT004", "warn", {"metrics__auc": {"value": 0.7, "low": 0.6, "high": 0.8}}),
        ("purchase", "FT004", "fail", {"metrics": {}}),
        ("demand", "FT004", "warn", {"metrics__wape": {"value": 0.2, "low": 0.1, "high": 0.3}}),
        ("purchase", "FT005", "pass", {"features": feature(0.9)}),
        ("purchase", "FT005", "fail", {"features": feature(0.99)}),
        ("purchase", "FT005", "fail", {"features": feature(0.01)}),
        ("purchase", "FT005", "fail", {"features": feature(0.49, "auc_distance")}),
        ("purchase", "FT005", "pass", {"features": feature(0.3, "auc_distance")}),
        ("purchase", "FT006", "pass", {"unknown_share": {"users": 0.1}}),
        ("purchase", "FT006", "warn", {"unknown_share": {"users": 0.1, "items": 0.4}}),
        ("purchase", "FT006", "fail", {"unknown_share": {"users": 0.6}}),
        ("promotion", "FT007", "pass", {"randomised": True}),
        ("promotion", "FT007", "warn", {}),
        ("purchase", "FT008", "pass", {"validation_rate": 0.1, "base_rate": 0.11}),
        ("purchase", "FT008", "warn", {"validation_rate": 0.1, "base_rate": 0.13}),
        ("purchase", "FT008", "fail", {"validation_rate": 0.1, "base_rate": 0.03}),
        ("purchase", "FT008", "fail", {"validation_rate": 0.0, "base_rate": 0.03}),
        ("demand", "FT009", "pass", {"metrics__coverage__value": 0.83}),
        ("demand", "FT009", "warn", {"metrics__coverage__value": 0.72}),
        ("demand", "FT009", "fail", {"metrics__coverage__value": 0.5}),
        ("demand", "FT010", "pass", {"metrics__bias__value": -0.04}),
        ("demand", "FT010", "warn", {"metrics__bias__value": -0.1}),
        ("demand", "FT010", "fail", {"metrics__bias__value": 0.3}),
        ("churn", "FT011", "pass", {}),
        ("churn", "FT011", "fail", {"metrics__normalised_entropy__value": 1.01}),
        ("churn", "FT011", "warn", {"paired__lightgbm__logloss__outcome": "behind"}),
        ("demand", "FT005", "pass", {"features": feature(-0.9, "spearman")}),
        ("demand", "FT005", "fail", {"features": feature(-0.99, "spearman")}),
        ("recommend", "FT012", "pass", {}),
        ("recommend", "FT012", "warn", {"metrics__popularity_share@10__value": 0.9}),
        ("churn", "FT013", "pass", {}),
        ("churn", "FT013", "warn", {"metrics__auc__value": 0.995}),
    ],
)
def test_each_check_judges(tasks, name, code, status, changes):
    found = {check.code: check for check in run_checks(changed(tasks[name], **changes))}
    assert found[code].status == status
    assert found[code].name == CHECKS[code][0]
    assert found[code].message.endswith(".")


def message(task, code, **changes):
    return next(check.message for check in run_checks(changed(task, **changes)) if check.code == code)


def test_chances_are_compared_with_baselines_that_know_something(tasks):
    """Always answering the base rate is well calibrated and useless: it is no yardstick."""
    words = message(tasks["purchase"], "FT002")
    assert "For comparison: LightGBM" in words
    assert "majority" not in words


def test_totals_and_ranges_are_compared_with_the_baselines(tasks):
    for code in ("FT009", "FT010"):
        assert "For comparison: moving average" in message(tasks["demand"], code)
    assert "The total of the mean forecasts" in message(tasks["demand"], "FT010")
    assert "and popularity 100.0%." in message(tasks["recommend"], "FT012")


@pytest.mark.parametrize(
    ("name", "code", "changes", "said"),
    [
        ("purchase", "FT002", {"calibration": {"ece": 0.0303, "by_chance": 0.02}}, "3.03%"),
        ("purchase", "FT002", {"calibration": {"ece": 0.0303, "by_chance": 0.02}}, "The limit is 3%."),
        ("purchase", "FT006", {"unknown_share": {"items": 0.2004}}, "20.04% of items. The limit is 20%."),
        ("purchase", "FT006", {"unknown_share": {"items": 0.6}}, "The limit is 50%."),
        ("purchase", "FT008", {"validation_rate": 0.1, "base_rate": 0.13}, "The limit is a change by 20%."),
        ("demand", "FT009", {"metrics__coverage__value": 0.72}, "The limit is 5 percentage points either way."),
        ("demand", "FT010", {"metrics__bias__value": -0.0502}, "5.02% below what happened"),
        ("demand", "FT010", {"metrics__bias__value": 0.3}, "The limit is 15%."),
        ("purchase", "FT004", {"metrics__auc": {"value": 0.7, "low": 0.6, "high": 0.8}}, "firm up to 25%"),
    ],
)
def test_what_does_not_pass_names_its_limit(tasks, name, code, changes, said):
    assert said in message(tasks[name], code, **changes)


def test_one_baseline_is_not_all_baselines(tasks):
    paired = {"lightgbm": tasks["purchase"]["paired"]["lightgbm"]}
    assert "Better than the one baseline, LightGBM, on AUC" in message(tasks["purchase"], "FT001", paired=paired)
    assert "percentage points or more" in message(tasks["demand"], "FT001")


def test_codes_are_regular_and_all_are_reachable(tasks):
    assert all(re.fullmatch(r"FT\d{3}", code) for code in CHECKS)
    seen = {code for task in tasks.values() for code in statuses(task)}
    assert seen == set(CHECKS)


def test_checks_that_do_not_apply_say_nothing(tasks):
    bare = changed(tasks["purchase"], features=[], unknown_share={}, validation_rate=None, paired={})
    assert {"FT001", "FT005", "FT006", "FT007", "FT008", "FT009", "FT012"}.isdisjoint(statuses(bare))
    assert "FT002" not in statuses(tasks["recommend"])


def test_the_checks_stand_in_the_task(tasks):
    for task in tasks.values():
        assert task["checks"] == [vars(check) for check in run_checks(task)]
