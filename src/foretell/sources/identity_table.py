"""The declared table of who is who: anonymous ids and the logins behind them.

This module owns reading it, from memory or from a file. It refuses to decide which rows it applies to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError, SchemaError
from foretell.sources.formats.files import open_file
from foretell.sources.frames import FrameTable, is_frame
from foretell.sources.names import infer_mapping, shown
from foretell.sources.times import parse_times
from foretell.sources.words import identifiers

__all__ = ["read_identities"]


def read_identities(source: object, *, has_anonymous_ids: bool) -> pl.DataFrame | None:
    """The table as ``anonymous_id, user_id`` and, where it has one, ``time``; None where none is declared.

    Args:
        source: A table in memory, a path, or a mapping from anonymous id to login.
        has_anonymous_ids: False if the log has none, so that the table would have no effect.

    Raises:
        ConfigError: If the table would have no effect.
        SchemaError: If it lacks one of the two columns.

    Example:
        >>> read_identities({"d1": "ann"}, has_anonymous_ids=True).rows()
        [('d1', 'ann')]
    """
    if source is None:
        return None
    if not has_anonymous_ids:
        raise ConfigError(
            "Identities are declared, but the log has no anonymous ids to look up in them.",
            received=type(source).__name__ if not isinstance(source, str) else source,
            remedy="Map anonymous_id to the column of device or visitor ids, or leave the identities out.",
        )
    if isinstance(source, Mapping):
        source = pl.DataFrame(
            {columns.ANONYMOUS_ID: list(source), columns.USER_ID: list(source.values())}, strict=False
        )
    table = FrameTable.open(source) if is_frame(source) else open_file(Path(str(source)))
    names = infer_mapping(table.columns())
    missing = [name for name in (columns.ANONYMOUS_ID, columns.USER_ID) if name not in names]
    if missing:
        raise SchemaError(
            f"The table of identities lacks {' and '.join(missing)}.",
            received=f"{table.where} with {shown(table.columns())}",
            remedy="Give it the columns anonymous_id and user_id, and time where a login was not known from the start.",
        )
    frame = table.read(list(dict.fromkeys(names.values()))).frame
    made = [identifiers(frame[names[name]])[0].alias(name) for name in (columns.ANONYMOUS_ID, columns.USER_ID)]
    if columns.TIME in names:
        made.append(parse_times(frame[names[columns.TIME]]).values.alias(columns.TIME))
    return pl.DataFrame(made)
