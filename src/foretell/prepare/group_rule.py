"""What a cleaning rule that compares rows is: its declaration, and the column that numbers the rows.

This module owns the type. It refuses rules (``repeat_rules``, ``time_rules``, ``unit_rules``, ``group_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from foretell.prepare.rules import CleaningRules

__all__ = ["ROW", "GroupRule", "Rows"]

ROW: Final = "_row"
"""The name of the column that numbers the rows."""

Rows = nw.LazyFrame[Any]


@dataclass(frozen=True)
class GroupRule:
    """One rule on rows compared with others.

    Attributes:
        reason: Why a row is removed, in plain words.
        needs: The columns the rule reads; a log without them has nothing to remove.
        find: From surviving rows and thresholds to a frame with the one column ``ROW``: the rows to remove.
        shifts: True if removing rows can make the rule fire on others, because it compares with a median or a share.
            Such rules are repeated until they remove nothing, so that cleaning twice equals cleaning once.
        repeats: True if the rule finds rows sent twice. Such rules come before refunds are netted, so that a refund
            sent twice does not count twice.
        compares: What the rows that are compared share: ``user_id`` or ``event_id``, so that a large log can be
            cleaned a part at a time; None if the rule has to see the whole log.
    """

    reason: str
    needs: Sequence[str]
    find: Callable[[Rows, CleaningRules], Rows]
    shifts: bool = False
    repeats: bool = False
    compares: str | None = None
