"""What a cleaning rule that compares rows is: its declaration, and the column that numbers the rows.

This module owns the type. It refuses rules (``repeat_rules``, ``time_rules``, ``unit_rules``, ``group_rules``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from foretell.prepare.rules import CleaningRules

__all__ = ["ROW", "GroupRule", "Rows", "crowded_rows"]

ROW: Final = "_row"
"""The name of the column that numbers the rows."""

Rows = nw.LazyFrame[Any]


Step = Callable[[Rows, CleaningRules, Rows], Rows]
"""From the surviving rows, the thresholds and what the step before found to what this one finds."""


@dataclass(frozen=True)
class GroupRule:
    """One rule on rows compared with others, in steps: each is taken only if the one before found something.

    Nearly all logs give no sign of trouble, and signs are cheaper to look for than rows.

    Attributes:
        reason: Why a row is removed, in plain words.
        needs: The columns the rule reads; a log without them has nothing to remove.
        steps: What is looked for in turn: suspicious rows, users or bounds; the last step gives the rows to remove, as
            their numbers in ``ROW``. The first is handed the rows themselves.
        crowding: Columns: of what the first step finds only rows count whose values in them stand in several rows.
        shifts: True if removing rows can make the rule fire on others, because it compares with a median or a share.
            Such rules are repeated until they remove nothing, so that cleaning twice equals cleaning once.
        repeats: True if the rule finds rows sent twice. Such rules come before refunds are netted, so that a refund
            sent twice does not count twice.
        compares: What the rows that are compared share: ``user_id`` or ``event_id``, so that a large log can be
            cleaned a part at a time; None if the rule has to see the whole log.
    """

    reason: str
    needs: Sequence[str]
    steps: tuple[Step, ...]
    crowding: tuple[str, ...] = ()
    shifts: bool = False
    repeats: bool = False
    compares: str | None = None

    def find(self, rows: Rows, rules: CleaningRules) -> Rows:
        """All steps as one plan: the numbers of the rows to remove."""
        first, *others = self.steps
        found = first(rows, rules, rows)
        found = crowded_rows(found, self.crowding) if self.crowding else found
        for step in others:
            found = step(rows, rules, found)
        return found.select(ROW)


def crowded_rows(rows: Rows, keys: Sequence[str]) -> Rows:
    """The rows whose keys, none of them null, stand in several rows."""
    counts = rows.group_by(*keys).agg(nw.len().alias("_n")).filter(nw.col("_n") > 1)
    return rows.join(counts.drop("_n"), on=list(keys), how="semi")
