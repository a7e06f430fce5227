"""The dialects foretell knows, and the choice among them.

This module owns the registry ``DIALECTS``: a new dialect is one module and one line here. It refuses to read
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from foretell.core.errors import UnknownNameError
from foretell.sources.canonical import CANONICAL
from foretell.sources.dialect import Dialect
from foretell.sources.invoices import INVOICES
from foretell.sources.table import Table

__all__ = ["DIALECTS", "choose_dialect"]

DIALECTS: Final[dict[str, Dialect]] = {
    CANONICAL.name: CANONICAL,
    INVOICES.name: INVOICES,
}


def choose_dialect(table: Table, *, dialect: str | None, mapping: Mapping[str, str] | None) -> tuple[Dialect, float]:
    """The dialect to read ``table`` in, and how certain that is.

    A named dialect wins; a declared mapping without one means the canonical dialect; else the most confident
    one does. Where none recognises the columns the canonical dialect is returned with confidence 0, and says
    what is missing.

    Raises:
        UnknownNameError: If the named dialect does not exist.
    """
    if dialect is not None:
        if dialect not in DIALECTS:
            raise UnknownNameError.among("dialect", dialect, DIALECTS)
        return DIALECTS[dialect], 1.0
    if mapping:
        return CANONICAL, 1.0
    names, sample = table.columns(), table.sample()
    scores = {name: known.recognise(names, sample) for name, known in DIALECTS.items()}
    best = max(scores, key=lambda name: scores[name])
    return DIALECTS[best], scores[best]
