"""A log on its way to being clean, in parts that fit into memory, and what the rules have claimed of each.

This module owns the walk of the cleaning rules over parts. It refuses the rules themselves (``prepare``), to divide a
log (``parting``), and what becomes of clean rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl

from foretell.core import columns
from foretell.prepare.group_rule import ROW, GroupRule
from foretell.prepare.group_rules import COMPARING, GROUP_RULES, REPEATING
from foretell.prepare.netting import LEFT, NETTED, NETTING_RULES, net_refunds
from foretell.prepare.plan import RULE
from foretell.prepare.row_rules import claiming_rule
from foretell.prepare.rules import CleaningRules

__all__ = ["CLAIMS", "Staging", "collected", "silent"]

CLAIMS: Final = pl.Schema({ROW: pl.Int64(), RULE: pl.String()})

Progress = Callable[[str], None]


def collected(plan: pl.LazyFrame) -> pl.DataFrame:
    """The result of a plan, computed in batches where it allows that."""
    return plan.collect(engine="streaming")


def silent(_: str) -> None:
    """Progress that nobody hears."""


@dataclass
class Staging:
    """Rows in parts, each user whole in one of them.

    Attributes:
        parts: One plan a part: canonical columns and the number of each row in ``ROW``, all with the same columns.
        folder: Where a part goes that is computed anew; None keeps it in memory.
        claims: For each part the numbers of the claimed rows, and their rule.
        before: For each part the rows that netting refunds changed, as they were; None where nothing was netted.
        known_event_ids: Number and event id of rows elsewhere that count as seen before.

    Example:
        >>> rows = pl.DataFrame({ROW: [0, 1], "user_id": ["a", None], "time": [10**15] * 2, "action": ["view"] * 2})
        >>> staging = Staging([rows.lazy()])
        >>> staging.clean(CleaningRules())
        >>> staging.removed()
        {'missing_user': 1}
    """

    parts: list[pl.LazyFrame]
    folder: Path | None = None
    claims: list[pl.DataFrame] = field(default_factory=list)
    before: list[pl.DataFrame] | None = None
    known_event_ids: pl.LazyFrame | None = None

    def __post_init__(self) -> None:
        self.claims = self.claims or [pl.DataFrame(schema=CLAIMS) for _ in self.parts]

    @property
    def columns(self) -> list[str]:
        """The names of the rows' columns."""
        return self.parts[0].collect_schema().names()

    def clean(self, rules: CleaningRules, *, progress: Progress = silent) -> None:
        """Let every rule claim its rows, in the order in which ``prepare.plan`` does.

        Args:
            rules: The thresholds.
            progress: Called with the name of each step once it is done.
        """
        self.claim_by_row(rules)
        progress("single rows")
        self.repeats(rules, progress=progress)
        self.compare(rules, progress=progress)

    def claim_by_row(self, rules: CleaningRules) -> None:
        """All row rules in one pass."""
        verdict = claiming_rule(self.columns, rules)
        for part in range(len(self.parts)):
            judged = nw.from_native(self.rows(part)).select(ROW, verdict.alias(RULE))
            self._claim(part, collected(judged.filter(~nw.col(RULE).is_null()).to_native()))

    def repeats(self, rules: CleaningRules, *, progress: Progress = silent) -> None:
        """The rules for rows sent twice, then refunds netted where that is asked for, with its rules."""
        for name in REPEATING:
            self.claim(name, rules)
            progress(name)
        if rules.refunds == "net" and columns.ITEM_ID in self.columns:
            self._net()
            for name in NETTING_RULES:
                self.claim(name, rules)

    def compare(self, rules: CleaningRules, *, names: Sequence[str] = COMPARING, progress: Progress = silent) -> None:
        """The rules that come after, those that shift until they claim nothing."""
        while names:
            fired = False
            for name in names:
                fired |= self.claim(name, rules)
                progress(name)
            names = [name for name in names if GROUP_RULES[name].shifts] if fired else ()

    def claim(self, name: str, rules: CleaningRules) -> bool:
        """Let one rule that compares rows claim its rows; True if there were any."""
        rule = GROUP_RULES[name]
        if not set(rule.needs) <= set(self.columns):
            return False
        fired = False
        for rows, parts in self._scopes(rule):
            found = collected(rule.find(nw.from_native(rows), rules).to_native())
            if found.is_empty():
                continue
            fired = True
            claimed = found.select(pl.col(ROW).cast(pl.Int64), pl.lit(name).alias(RULE))
            for part in parts:
                mine = claimed
                if len(parts) > 1 or self.known_event_ids is not None:
                    mine = collected(self.rows(part).select(ROW).join(claimed.lazy(), on=ROW))
                self._claim(part, mine)
        return fired

    def _scopes(self, rule: GroupRule) -> Iterator[tuple[pl.LazyFrame, Sequence[int]]]:
        """The rows a rule has to see together, and the parts they lie in."""
        every = range(len(self.parts))
        if rule.compares == columns.EVENT_ID and self.known_event_ids is not None:
            seen = [self.rows(part).select(ROW, columns.EVENT_ID) for part in every]
            yield pl.concat([*seen, self.known_event_ids], how="vertical_relaxed"), every
            return
        if rule.compares == columns.USER_ID or len(self.parts) == 1:
            for part in every:
                yield self.rows(part), (part,)
            return
        everyone = pl.concat([self.rows(part) for part in every], how="vertical")
        if rule.compares is None:
            yield everyone, every
            return
        for share in every:
            yield everyone.filter(pl.col(rule.compares).hash(0) % len(self.parts) == share), every

    def rows(self, part: int) -> pl.LazyFrame:
        """The rows of a part that no rule has claimed."""
        claimed = self.claims[part]
        if claimed.is_empty():
            return self.parts[part]
        return self.parts[part].join(claimed.lazy().select(ROW), on=ROW, how="anti")

    def claimed(self, part: int) -> pl.DataFrame:
        """The rows of a part that rules have claimed, each with its rule, in the order of their numbers."""
        rows = self.parts[part].join(self.claims[part].lazy(), on=ROW)
        return collected(rows.drop(LEFT, NETTED, strict=False) if self.before is not None else rows).sort(ROW)

    def removed(self) -> dict[str, int]:
        """How many rows each rule has claimed."""
        counts = pl.concat(self.claims).group_by(RULE).len().sort(RULE)
        return {str(rule): int(count) for rule, count in counts.iter_rows()}

    def _claim(self, part: int, found: pl.DataFrame) -> None:
        if found.height:
            claimed = found.select(pl.col(ROW).cast(pl.Int64), RULE)
            self.claims[part] = pl.concat([self.claims[part], claimed])

    def _net(self) -> None:
        """Take refunds off the purchases they give back, keeping what those rows were."""
        netted = [
            collected(net_refunds(nw.from_native(self.rows(part))).to_native()) for part in range(len(self.parts))
        ]
        touched = [rows.filter(pl.col(LEFT).is_not_null()).select(ROW) for rows in netted]
        if not any(rows.height for rows in touched):
            return
        self.before = [
            collected(plan.join(rows.lazy(), on=ROW, how="semi"))
            for plan, rows in zip(self.parts, touched, strict=True)
        ]
        for part, rows in enumerate(netted):
            set_aside = self.parts[part].join(self.claims[part].lazy(), on=ROW, how="semi")
            whole = pl.concat([rows, collected(set_aside)], how="diagonal")
            self.parts[part] = self._kept(whole.select(netted[0].columns), f"netted-{part:04d}")

    def _kept(self, rows: pl.DataFrame, name: str) -> pl.LazyFrame:
        if self.folder is None:
            return rows.lazy()
        path = self.folder / f"{name}.arrow"
        rows.write_ipc(path, compression="uncompressed")
        return pl.scan_ipc(path)
