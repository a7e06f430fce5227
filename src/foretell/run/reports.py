"""The report of whatever a folder holds: a run, a table with one row per user, or a campaign.

This module owns finding out which it is, so that each keeps its own page and its own summary. It refuses to compute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretell.evaluate import Report
from foretell.run.summary import summary_rows, summary_text
from foretell.tabular.report import TabularReport
from foretell.tabular.run import result_text as table_text
from foretell.uplift.report import UpliftReport
from foretell.uplift.words import result_text as campaign_text

__all__ = ["load_report", "report_summary", "report_text"]


def load_report(folder: Path) -> Report:
    """Read a report as what it is.

    Raises:
        RunError: If there is none, or it cannot be read.
    """
    found = Report.load(folder)
    if "uplift" in found.document:
        return UpliftReport(found.document)
    return TabularReport(found.document) if "table" in found.document else found


def report_summary(found: Report, place: Path, *, run: Path) -> dict[str, Any]:
    """What is printed of a report whose page lies in ``place``; the predictions stay with the run."""
    if isinstance(found, UpliftReport | TabularReport):
        return found.document | {"folder": str(run)}
    return summary_rows(found, place) | {"predictions": str(run / "predictions")}


def report_text(shown: dict[str, Any]) -> str:
    """``report_summary`` as text."""
    if "uplift" in shown:
        return campaign_text(shown, folder=shown["folder"])
    return table_text(shown, folder=Path(shown["folder"])) if "table" in shown else summary_text(shown)
