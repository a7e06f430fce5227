"""A report is shown as what it is: each kind keeps its own page and its own words."""

import pytest

from foretell.evaluate import Report, build_report
from foretell.run.reports import load_report, report_summary, report_text
from foretell.tabular.report import TabularReport
from foretell.uplift.report import UpliftReport


@pytest.mark.parametrize(("key", "kind"), [("uplift", UpliftReport), ("table", TabularReport), (None, Report)])
def test_the_kind_is_read_from_the_document(tmp_path, key, kind):
    document = build_report({}, model={}, data={}, windows={}, seconds={"train": 1.0}, peak_memory_mib=1).document
    (tmp_path / "report.json").write_text(Report(document | ({key: {}} if key else {})).json(), encoding="utf-8")
    found = load_report(tmp_path)
    assert type(found) is kind
    shown = report_summary(found, tmp_path, run=tmp_path)
    assert ("predictions" in shown) is (kind is Report)
    if kind is Report:
        assert "Predictions: " in report_text(shown)
