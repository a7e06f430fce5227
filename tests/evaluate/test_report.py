"""The report: contract, strict JSON, both files whole or not there, the same again when loaded."""

import datetime
import json
import re

import numpy as np
import polars as pl
import pytest

from foretell.core.errors import RunError
from foretell.evaluate import EvaluationError, FeatureStrength, Report, build_report
from foretell.evaluate.plain import plain


def test_the_document_keeps_the_contract(report):
    document = report.document
    assert document["version"] == 1
    assert {"model", "data", "windows", "seconds", "peak_memory_mib", "tasks"} <= set(document)
    assert set(document["tasks"]) == {"purchase", "recommend", "ad", "promotion", "churn", "demand"}
    assert set(document["windows"]) == {"train", "validation", "test"}
    used = {metric for task in document["tasks"].values() for metric in task["metrics"]}
    assert used == set(document["definitions"])


def test_json_is_strict_and_repeatable(report, tasks):
    def refuse(word):
        pytest.fail(f"{word} is no JSON")

    text = report.json()
    assert json.loads(text, parse_constant=refuse) == report.document
    again = build_report(
        tasks,
        **{key: report.document[key] for key in ("model", "data", "windows", "seconds", "peak_memory_mib")},
    )
    assert again.document["tasks"] == report.document["tasks"]


def test_the_frame_has_a_row_per_figure(report):
    frame = report.frame()
    assert frame.columns == ["task", "model", "metric", "value", "low", "high"]
    mask = (pl.col("task") == "churn") & (pl.col("model") == "lightgbm") & (pl.col("metric") == "auc")
    row = frame.row(by_predicate=mask)
    figure = report.document["tasks"]["churn"]["baselines"]["lightgbm"]["auc"]
    assert row[3:] == (figure["value"], figure["low"], figure["high"])
    n_mine = sum(len(task["metrics"]) for task in report.document["tasks"].values())
    assert (frame["model"] == "foretell").sum() == n_mine
    assert frame["value"].null_count() == 0


def test_what_was_saved_is_loaded(report, tmp_path):
    path = report.save(tmp_path / "runs" / "demo")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["report.html", "report.json"]
    assert Report.load(path.parent).document == report.document
    assert Report.load(path).json() == report.json()
    assert (path.parent / "report.html").read_text(encoding="utf-8") == report.html()


def test_a_failed_write_leaves_the_old_report(report, tmp_path, monkeypatch):
    report.save(tmp_path)
    before = (tmp_path / "report.json").read_text(encoding="utf-8")
    monkeypatch.setattr("foretell.evaluate.report.os.fsync", _full_disk)
    with pytest.raises(OSError, match="No space"):
        Report({**report.document, "peak_memory_mib": 1}).save(tmp_path)
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["report.html", "report.json"]


def _full_disk(_):
    raise OSError(28, "No space left on device")


def test_missing_and_damaged_reports_are_named(tmp_path):
    with pytest.raises(RunError, match="no report here"):
        Report.load(tmp_path)
    (tmp_path / "report.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        Report.load(tmp_path)
    (tmp_path / "report.json").write_text("[]", encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        Report.load(tmp_path)
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EvaluationError, match="no complete report"):
        Report.load(tmp_path)


def test_incomplete_tasks_are_refused(report):
    task = {key: value for key, value in report.document["tasks"]["ad"].items() if key != "checks"}
    with pytest.raises(EvaluationError, match=re.escape("tasks.ad.checks")):
        Report({**report.document, "tasks": {"ad": task}})


def test_values_become_plain():
    given = {
        1: np.float32(0.1),
        "nan": float("nan"),
        "whole": np.int64(2**60),
        "yes": np.bool_(True),
        "array": np.array([[1.5, np.inf]]),
        "when": datetime.date(2017, 1, 2),
        "set": {"b", "a"},
        "feature": FeatureStrength("days", 0.123456789),
        "minus": -0.0,
    }
    found = plain(given)
    assert found["1"] == 0.1
    assert found["nan"] is None
    assert found["whole"] == 2**60
    assert found["yes"] is True
    assert found["array"] == [[1.5, None]]
    assert found["when"] == "2017-01-02"
    assert found["set"] == ["a", "b"]
    assert found["feature"]["association"] == 0.123457
    assert str(found["minus"]) == "0.0"
    with pytest.raises(EvaluationError, match="plain values"):
        plain({"model": object()})
