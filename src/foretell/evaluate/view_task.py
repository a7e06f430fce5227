"""One task's section of the page: its dictionary turned into what the template prints.

This module owns the choice of charts and tables and the formatting of their cells. It refuses to compute
figures; the template refuses to choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foretell.evaluate import marks
from foretell.evaluate.definitions import definition
from foretell.evaluate.gate_words import gate_lines
from foretell.evaluate.sentences import takeaways
from foretell.evaluate.view_figures import figures
from foretell.evaluate.view_overview import overview_row
from foretell.evaluate.view_tables import features_table, metrics_table, selection_lines, slices_table
from foretell.evaluate.view_uplift import is_uplift, uplift_part
from foretell.evaluate.words import MISSING, count, date, label, percent

__all__ = ["task_section"]

Document = Mapping[str, Any]


def task_section(name: str, *, task: Document, gates: list[Document], anchor: str) -> dict[str, Any]:
    """Everything the template prints of one task.

    Args:
        name: The task's name.
        task: Its dictionary.
        gates: Its data gates.
        anchor: Where its section is.

    Returns:
        Texts, tables and pictures for the template.
    """
    return {
        **overview_row(name, task=task, gates=gates, anchor=anchor),
        "takeaways": takeaways(task),
        "facts": _facts(task),
        "bias_of": task.get("bias_of", ""),
        "notes": task.get("notes", []),
        "figures": figures(task),
        "table": metrics_table(task),
        "undefined": [(definition(metric).label, why) for metric, why in task.get("undefined", {}).items()],
        "slices": slices_table(task.get("slices", [])),
        "features": features_table(task.get("features", [])),
        "selection": selection_lines(task.get("selection")),
        "blend": _blend(task.get("blend", {})),
        "check_rows": task["checks"],
        "gates": gate_lines(gates, kind=task["kind"]),
        "examples": _examples(task.get("examples_of_answers", [])),
        "do_not_use_for": task.get("do_not_use_for", []),
        "variants": [
            {
                "name": label(variant),
                "notes": part.get("notes", []),
                "table": metrics_table(part),
                "takeaways": takeaways(part),
            }
            for variant, part in task.get("variants", {}).items()
            if not is_uplift(part)
        ],
        "uplift": uplift_part(task),
    }


def _facts(task: Document) -> list[tuple[str, str]]:
    facts = [("Tested on", f"{count(task['n'])} {task.get('unit', 'rows')}")]
    if task.get("answer") == "probability":
        facts.append(("Of these positive", count(task["positives"])))
        if task.get("base_rate") is not None:
            facts.append(("Base rate", percent(task["base_rate"])))
    elif task.get("answer") == "ranking":
        facts.append(("Wanted items", count(task["positives"])))
        facts.append(("Catalogue", f"{count(task.get('catalogue'))} items"))
    elif task.get("answer") == "quantiles":
        facts.append(("With any volume", count(task["positives"])))
    if task.get("horizon_days") is not None:
        facts.append(("Horizon", f"{task['horizon_days']:g} days"))
    if task.get("threshold") is not None:
        facts.append(("Answers yes from", percent(task["threshold"])))
    if task.get("bias_of"):
        facts.append(("Totals and bias", f"of {task['bias_of']} forecasts"))
    facts += [
        (f"{label(kind)} not in training", percent(share)) for kind, share in task.get("unknown_share", {}).items()
    ]
    return facts


def _blend(weights: Mapping[str, float]) -> dict[str, Any] | None:
    parts = dict(weights)
    total = sum(weight for weight in parts.values() if weight > 0)
    if not parts or total <= 0:
        return None
    return {
        "svg": marks.blend(parts),
        "parts": [(label(name), percent(weight / total, digits=0)) for name, weight in parts.items()],
    }


def _examples(rows: list[Document]) -> dict[str, Any] | None:
    if not rows:
        return None
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return {
        "columns": [label(column) for column in columns],
        "rows": [[_example(column, row.get(column)) for column in columns] for row in rows],
        "tight": [all(len(_example(column, row.get(column))) <= 16 for row in rows) for column in columns],
        "numeric": [
            not column.endswith("_id") and all(isinstance(row.get(column), (int, float, type(None))) for row in rows)
            for column in columns
        ],
    }


def _example(column: str, value: object) -> str:
    if column.endswith("_id"):
        return MISSING if value is None else str(value)
    if column in ("cutoff", "start", "end") and isinstance(value, str):
        return date(value)
    if column == "label" and value in (0, 1):
        return _cell(bool(value))
    if column == "probability" and isinstance(value, (int, float)):
        return percent(value)
    return _cell(value)


def _cell(value: object) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        whole = float(value).is_integer()
        return count(value) if whole else f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(entry) for entry in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_cell(entry)}" for key, entry in value.items())
    return str(value)
