"""The page as a whole: the report's document turned into what the template prints.

This module owns the head, the overview, data quality, time and definitions. Task sections come from
``view_task``. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foretell.evaluate import marks
from foretell.evaluate.sentences import summary
from foretell.evaluate.view_overview import overview_row
from foretell.evaluate.view_task import task_section
from foretell.evaluate.words import (
    MISSING,
    count,
    duration,
    joined,
    label,
    percent,
    short_count,
    span,
    task_inline,
    task_label,
)

__all__ = ["page_view"]

Document = Mapping[str, Any]
_ALWAYS: Final = (
    "Deciding about one person alone: the figures hold for groups, not for a single case",
    "Another shop, another market or a time far from the test window, without testing again there",
)


def page_view(document: Document) -> dict[str, Any]:
    """Everything the template prints.

    Args:
        document: The report's document, plain values only.

    Returns:
        Texts, tables and pictures.
    """
    gates = document.get("gates") or []
    anchors = {name: f"task-{place}" for place, name in enumerate(document["tasks"], start=1)}
    sections = [
        task_section(name, task=task, gates=_gates_of(gates, name), anchor=anchors[name])
        for name, task in document["tasks"].items()
    ]
    rows = [
        overview_row(name, task=task, gates=_gates_of(gates, name), anchor=anchors[name])
        for name, task in document["tasks"].items()
    ]
    return {
        "title": document.get("title") or "Evaluation report",
        "summary": summary(document),
        "strip": _strip(document),
        "windows": [
            {"name": label(name), "key": name, "span": span(ends)} for name, ends in document["windows"].items()
        ],
        "timeline": marks.timeline(document["windows"]),
        "overview": rows,
        "left_out": [(task_label(name), reason) for name, reason in (document.get("left_out") or {}).items()],
        "sections": sections,
        "quality": _quality(document),
        "stages": _stages(document["seconds"]),
        "memory": f"{count(document['peak_memory_mib'])} MiB",
        "definitions": list(document.get("definitions", {}).values()),
        "command": document.get("command") or "",
        "environment": _environment(document),
        "do_not_use_for": _do_not_use_for(document),
        "version": document["version"],
    }


def _gates_of(gates: list[Document], name: str) -> list[Document]:
    return [gate for gate in gates if gate.get("task") == name]


def _strip(document: Document) -> list[tuple[str, str]]:
    data, model = document["data"], document["model"]
    return [
        ("Events", short_count(data.get("events"))),
        ("Customers", short_count(data.get("users"))),
        ("Items", short_count(data.get("items"))),
        ("Tested on", span(document["windows"].get("test"))),
        ("Model", f"{_model_name(model)}, {short_count(model.get('parameters'))} parameters"),
        ("Seed", str(model.get("seed", MISSING))),
        ("Device", str(model.get("device", MISSING))),
    ]


def _model_name(model: Document) -> str:
    return " ".join(str(part) for part in (model.get("size", MISSING), model.get("backbone")) if part)


def _environment(document: Document) -> list[tuple[str, str]]:
    reason = document["model"].get("backbone_reason")
    chosen = [("Backbone", f"{document['model']['backbone']}: {reason}")] if reason else []
    return chosen + [(label(name), str(value)) for name, value in (document.get("environment") or {}).items()]


def _quality(document: Document) -> dict[str, Any] | None:
    quality, removed = document.get("quality") or {}, document["data"].get("removed") or {}
    if not quality and not removed:
        return None
    total = sum(removed.values())
    kept = quality.get("rows_out", document["data"].get("events"))
    apart = quality.get("kept_apart", 0)
    received = quality.get("rows_in", kept + apart + total if kept is not None else None)
    most = max(removed.values(), default=0) or 1
    meaning = quality.get("meaning", {})
    return {
        "received": count(received),
        "removed": count(total),
        "removed_share": percent(total / received, digits=2) if received else "",
        "kept": count(kept),
        "apart": count(apart) if apart else "",
        "noted": list(quality.get("noted", ())),
        "rules": [
            {
                "name": label(rule),
                "meaning": meaning.get(rule, ""),
                "count": count(number),
                "mark": marks.meter(number / most, class_="rival"),
            }
            for rule, number in sorted(removed.items(), key=lambda entry: (-entry[1], entry[0]))
            if number
        ],
        # A page of zeros hides the rows that count; what was looked for is still said.
        "idle": joined([label(rule).lower() for rule, number in sorted(removed.items()) if not number]),
        "quarantine": quality.get("quarantine", ""),
    }


def _stages(seconds: Mapping[str, float | None]) -> dict[str, Any]:
    known = {stage: value for stage, value in seconds.items() if value is not None}
    longest = max(known.values(), default=0.0) or 1.0
    return {
        "total": duration(sum(known.values())),
        "rows": [(label(stage), duration(value), marks.meter(value / longest)) for stage, value in known.items()],
    }


def _do_not_use_for(document: Document) -> list[str]:
    found = list(document.get("do_not_use_for") or [])
    for name, task in document["tasks"].items():
        named = task_inline(name)
        named = named[:1].upper() + named[1:]
        variants = task.get("variants", {}).values()
        cautions = [line for part in (task, *variants) for line in part.get("do_not_use_for", [])]
        found += [f"{named}: {line}" for line in cautions]
        treated = [check for part in variants for check in part.get("checks", []) if check["code"] == "FT007"]
        for check in [*task["checks"], *treated]:
            if check["status"] == "fail":
                found.append(f"{named}: {_CAUTIONS.get(check['code'], 'check ' + check['code'] + ' failed.')}")
            elif check["code"] == "FT007" and check["status"] == "warn":
                found.append(f"{named}: reading the gap between treated and untreated people as its effect")
    return list(dict.fromkeys(found + list(_ALWAYS)))


_CAUTIONS: Final = {
    "FT001": "any use where the better baseline is at hand.",
    "FT002": "anything that multiplies its chances with money; use them to rank only.",
    "FT003": "any decision; the test window holds too few cases to know how good it is.",
    "FT004": "any decision; its quality could not be measured.",
    "FT005": "any decision before the suspicious feature is understood.",
    "FT006": "newcomers, which the training window hardly held.",
    "FT008": "planning totals; the outcome's rate has moved a lot since validation.",
    "FT009": "safety stock by its ranges; they hold less or more than they say.",
    "FT010": "planning totals without correcting the bias.",
    "FT011": "anything that needs chances; the base rate does as well.",
}
