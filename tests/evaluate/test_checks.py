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
