"""The short table a run ends with: each task's headline against its best baseline, what follows, where to look.

This module owns that table. It refuses anything that is in neither report nor answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretell.evaluate import Report
from foretell.evaluate.checks import CHECKS
from foretell.evaluate.sentences import is_same_model
from foretell.run.findings import findings

__all__ = ["summary_rows", "summary_text"]

_WORDS = {"beats": "better", "ties": "about equal", "behind": "behind", None: "-"}


def summary_rows(report: Report, folder: Path) -> dict[str, Any]:
    """Headline, best baseline and verdict of each task, and the files to open."""
    rows = []
    for name, task in report.document["tasks"].items():
        headline, verdict = task["headline"], task["verdict"]
        mine = task["metrics"][headline]
        baseline = verdict["baseline"] if verdict else None
        rows.append(
            {
                "task": name,
                "metric": headline,
                **mine,
                "best_baseline": baseline,
                "baseline_value": task["baselines"][baseline][headline]["value"] if baseline else None,
                "verdict": verdict["outcome"] if verdict else None,
                "material": verdict.get("material", True) if verdict else None,
                "same_model": is_same_model(task),
                "checks_failed": [check["code"] for check in task["checks"] if check["status"] == "fail"],
            }
        )
    return {
        "tasks": rows,
        "findings": findings(folder, report.document["tasks"]),
        "left_out": dict(report.document.get("left_out", {})),
        "report": str(folder / "report.html"),
        "predictions": str(folder / "predictions"),
        "seconds": round(sum(report.document["seconds"].values()), 1),
        "peak_memory_mib": report.document["peak_memory_mib"],
    }


def _verdict(row: dict[str, Any]) -> str:
    """The verdict in words; a certain but tiny difference is called slight."""
    if row["same_model"]:
        return "the same model"
    slight = "slightly " if row["verdict"] in ("beats", "behind") and not row["material"] else ""
    return slight + _WORDS[row["verdict"]]


def summary_text(summary: dict[str, Any]) -> str:
    """The table as text."""
    lines = [f"{'task':<18} {'metric':<8} {'foretell':<24} {'best baseline':<28} verdict"]
    for row in summary["tasks"]:
        mine = f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"
        theirs = f"{row['baseline_value']:.4f} {row['best_baseline']}" if row["best_baseline"] else "-"
        named = ", ".join(f"{code} {CHECKS[code][0]}" if code in CHECKS else code for code in row["checks_failed"])
        failed = f" (checks failed: {named})" if named else ""
        lines.append(f"{row['task']:<18} {row['metric']:<8} {mine:<24} {theirs:<28} {_verdict(row)}{failed}")
    lines += [f"{name:<18} left out: {reason}" for name, reason in summary["left_out"].items()]
    if summary["findings"]:
        lines += ["", *(f"{name:<18} {sentence}" for name, sentence in summary["findings"].items())]
    lines += [
        "",
        f"Report:      {summary['report']} (open it in a browser)",
        f"Predictions: {summary['predictions']}",
        f"Took {summary['seconds']:.0f} s, at most {summary['peak_memory_mib']:,} MiB of memory.",
    ]
    return "\n".join(lines)
