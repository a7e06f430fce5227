"""Sources: a shop's log in any shape becomes an ``EventLog``.

This room owns files, folders, tables in memory and the dialects they are written in. It refuses to clean
(``prepare``) and to remember anything: reading twice gives the same log twice.
"""

from __future__ import annotations

from foretell.sources.dialects import DIALECTS
from foretell.sources.pieces import Pieces, open_pieces
from foretell.sources.read import SOURCES, read_events, recognise
from foretell.sources.recognition import Recognition

__all__ = ["DIALECTS", "SOURCES", "Pieces", "Recognition", "open_pieces", "read_events", "recognise"]
