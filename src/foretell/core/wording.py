"""Sentences with counts in them: one row is, two rows are.

This module owns that agreement, so that whoever writes a note with a count can write it for many. It refuses to
translate.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["agreeing"]

_SINGULAR: Final = {
    "rows": "row", "lines": "line", "events": "event", "files": "file", "calls": "call", "impressions": "impression",
    "products": "product", "purchases": "purchase", "refunds": "refund", "values": "value", "amounts": "amount",
    "cells": "cell", "columns": "column", "customers": "customer", "users": "user", "requests": "request",
    "visitors": "visitor", "ids": "id", "days": "day", "pages": "page", "orders": "order", "sessions": "session",
}  # fmt: skip
_VERBS: Final = {
    "are": "is", "were": "was", "have": "has", "stay": "stays", "list": "lists", "lack": "lacks", "count": "counts",
    "end": "ends", "name": "names",
}  # fmt: skip
_ONE: Final = re.compile(
    rf"(?<![\w.,])1 ((?:[a-z]+ )?)({'|'.join(_SINGULAR)})\b"
    rf"(?:((?: (?:of|from|with|without|before) [^.,;:]*?)?)( (?:{'|'.join(_VERBS)})\b))?"
)


def agreeing(sentence: str) -> str:
    """The sentence with ``1 rows were`` as ``1 row was``; every other count as it is.

    Example:
        >>> agreeing("1 rows were converted."), agreeing("1 lines are not UTF-8"), agreeing("21 rows were kept.")
        ('1 row was converted.', '1 line is not UTF-8', '21 rows were kept.')
    """
    return _ONE.sub(_in_one, sentence)


def _in_one(match: re.Match[str]) -> str:
    adjective, noun, between, verb = match[1], match[2], match[3] or "", match[4]
    return f"1 {adjective}{_SINGULAR[noun]}{agreeing(between)}{'' if verb is None else ' ' + _VERBS[verb.strip()]}"
