"""The dialects foretell knows, and the choice among them.

This package owns the registry ``DIALECTS``: a new dialect is one module and one line here. It refuses to read
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from foretell.core.errors import UnknownNameError
from foretell.sources.dialects.canonical import CANONICAL
from foretell.sources.dialects.cdnow import CDNOW
from foretell.sources.dialects.dialect import Dialect
from foretell.sources.dialects.ga4 import GA4, GA4_FLAT
from foretell.sources.dialects.google_retail import GOOGLE_RETAIL
from foretell.sources.dialects.invoices import INVOICES
from foretell.sources.dialects.personalize import PERSONALIZE
from foretell.sources.dialects.rees46 import REES46
from foretell.sources.dialects.renamed import Renamed
from foretell.sources.dialects.retailrocket import RETAILROCKET
from foretell.sources.dialects.segment import SEGMENT
from foretell.sources.dialects.sequences import SEQUENCES
from foretell.sources.dialects.session_lists import SESSION_LISTS
from foretell.sources.dialects.snowplow import SNOWPLOW
from foretell.sources.dialects.taobao import TAOBAO
from foretell.sources.formats.parts import Parts
from foretell.sources.table import HeaderlessTable, Table

__all__ = ["DIALECTS", "choose_dialect"]

DIALECTS: Final[dict[str, Dialect]] = {
    known.name: known
    for known in (
        CANONICAL,
        GA4,
        GA4_FLAT,
        SEGMENT,
        PERSONALIZE,
        GOOGLE_RETAIL,
        SNOWPLOW,
        RETAILROCKET,
        REES46,
        TAOBAO,
        SEQUENCES,
        SESSION_LISTS,
        INVOICES,
        CDNOW,
    )
}
"""Every dialect by its name; of equally confident ones the first is taken."""

_SURE: Final = 0.9


def choose_dialect(
    table: Table, *, dialect: str | None, mapping: Mapping[str, str] | None
) -> tuple[Dialect, float, Table]:
    """The dialect to read ``table`` in, how certain that is, and the table as that dialect reads it.

    A named dialect wins; else the most confident one does. With a declared mapping only a dialect that is sure
    of itself takes the log from the canonical one, which then has only the mapping to go by. Where none
    recognises the columns the canonical dialect is returned with confidence 0, and says what is missing. A
    file without a header comes back with the names that its dialect gives to its columns.

    Raises:
        UnknownNameError: If the named dialect does not exist.
    """
    if dialect is not None:
        if dialect not in DIALECTS:
            raise UnknownNameError.among("dialect", dialect, DIALECTS)
        return DIALECTS[dialect], 1.0, _named(table, DIALECTS[dialect])
    names, sample = table.columns(), table.sample()
    scores = {name: known.recognise(names, sample) for name, known in DIALECTS.items()}
    # Part files without a header differ in their first lines, so only one of them shows the shape.
    first = _first_part(table)
    if first is not table:
        names, sample = first.columns(), first.sample()
        for name, known in DIALECTS.items():
            if known.headerless is not None and known.headerless(names, sample) is not None:
                scores[name] = max(scores[name], known.recognise(names, sample))
    best = max(scores, key=lambda name: scores[name])
    if mapping and (best == CANONICAL.name or scores[best] < _SURE):
        return CANONICAL, 1.0, table
    return DIALECTS[best], scores[best], _named(table, DIALECTS[best])


def _first_part(table: Table) -> Table:
    return table.tables[0] if isinstance(table, Parts) else table


def _named(table: Table, dialect: Dialect) -> Table:
    """The table with a header: its own, or the names its dialect gives where the first line is a row."""
    if dialect.headerless is None:
        return table
    first = _first_part(table)
    names = dialect.headerless(first.columns(), first.sample())
    if names is None:
        return table
    # In a file the first line is a row; in a table in memory the names are no row of it.
    return table.without_header(names) if isinstance(table, HeaderlessTable) else Renamed(table, names)
