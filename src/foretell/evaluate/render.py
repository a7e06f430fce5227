"""The page's HTML: templates and style from the package, one file out.

This module owns loading them and the switches that keep the page safe: everything is escaped, nothing
undefined is printed, and nothing is fetched. It refuses to choose what is shown (``view``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from foretell.evaluate.view import page_view

__all__ = ["render"]

_PACKAGE: Final = "foretell.evaluate"


def _source(name: str) -> str | None:
    resource = files(_PACKAGE).joinpath("page", name)
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


def render(document: Mapping[str, Any]) -> str:
    """The page of a report.

    Args:
        document: The report's document, plain values only.

    Returns:
        A complete HTML file that opens without a network.
    """
    style = Markup(_source("style.css") or "")
    template = _environment().get_template("report.html.j2")
    return template.render(page=page_view(document), style=style)
