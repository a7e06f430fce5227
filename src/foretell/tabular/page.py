"""The page of a tabular report: the pages of ``evaluate`` with the words of a table, and the classification report.

This module owns those words and that section. It refuses to compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from foretell.evaluate.view import page_view
from foretell.evaluate.words import count, label

__all__ = ["render_page"]

Document = Mapping[str, Any]

_SECTION: Final = """
<section id="classes" aria-labelledby="classes-title">
<h2 id="classes-title">Classification report</h2>
<p>Yes is answered from a chance of one half on. Every figure with its 95% interval over resampled rows.</p>
{% for model in models %}
<h3>{{ model.name }}{% if model.chosen %} (chosen){% endif %}</h3>
<div class="scroll"><table>
<thead><tr><th scope="col">Class</th><th scope="col" class="number">Precision</th>
<th scope="col" class="number">Recall</th>
<th scope="col" class="number">F1</th><th scope="col" class="number">Support</th></tr></thead>
<tbody>{% for row in model.rows %}<tr><th scope="row">{{ row.word }}</th>{% for cell in row.cells %}
<td class="number">{{ cell }}</td>{% endfor %}<td class="number">{{ row.support }}</td></tr>{% endfor %}</tbody>
</table></div>
<p class="small">Accuracy {{ model.accuracy }}</p>
{% endfor %}
</section>
"""
_FOOTER: Final = "<footer>"


def _source(name: str) -> str | None:
    if name == "classification":
        return _SECTION
    resource = files("foretell.evaluate").joinpath("page", name)
    return resource.read_text(encoding="utf-8") if resource.is_file() else None


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(document: Document) -> str:
    """The page of a tabular report: one file that opens without a network."""
    page = page_view(document)
    page |= {"summary": _summary(document, page["summary"]), "strip": _strip(document)}
    task = next(iter(document["tasks"].values()))
    models = [
        {
            "name": label(name),
            "chosen": name == task["chosen"],
            "rows": [
                {
                    "word": word,
                    "cells": [_cell(row[metric]) for metric in ("precision", "recall", "f1")],
                    "support": count(row["support"]),
                }
                for word, row in found["classes"].items()
            ],
            "accuracy": _cell(found["overall"]["accuracy"]),
        }
        for name, found in task["classification"].items()
    ]
    models.sort(key=lambda model: not model["chosen"])
    section = _environment().get_template("classification").render(models=models)
    template = _environment().get_template("report.html.j2")
    html = template.render(page=page, style=Markup(_source("style.css") or ""))
    return html.replace(_FOOTER, section + _FOOTER, 1)


def _summary(document: Document, lines: list[str]) -> list[str]:
    """What was read and split, then the verdicts of the general page."""
    table = document["table"]
    first = (
        f"From {count(table['train_rows'])} rows foretell learned {table['target']['name']} and was tested on "
        f"{count(table['test_rows'])} others, on which nothing was fitted, chosen, blended or calibrated. "
        f"{table['split']}"
    )
    return [first, *lines[1:]]


def _strip(document: Document) -> list[tuple[str, str]]:
    table, model = document["table"], document["model"]
    return [
        ("Rows", count(table["rows"])),
        ("Without a target", count(table["without_target"])),
        ("Columns used", count(len(table["columns"]))),
        ("Features kept", count(len(table["features"]))),
        ("Tested on", f"{count(table['test_rows'])} rows"),
        ("Answers", label(str(model["size"]))),
        ("Seed", str(model["seed"])),
    ]


def _cell(figure: Mapping[str, float] | None) -> str:
    return "\u2013" if figure is None else f"{figure['value']:.3f} ({figure['low']:.3f} \u2013 {figure['high']:.3f})"
