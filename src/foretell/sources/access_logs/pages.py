"""From requests to events: which action an address means, on which item, by whom; and what is no event at all.

This module owns that reading and the count of what is left aside. It refuses to parse lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

import polars as pl

from foretell.core import columns
from foretell.sources.access_logs.config import METHOD as METHOD_FIRST
from foretell.sources.access_logs.config import AccessLogConfig, groups_of
from foretell.sources.access_logs.lines import AGENT, HOST, LOGIN, METHOD, MORE, STATUS, TARGET, WHEN
from foretell.sources.formats.printable import printable

__all__ = ["ASIDE", "Tally", "events_of"]

ASIDE: Final = "aside"
_OTHER_PAGE: Final = "other pages"
_STATIC: Final = (
    r"(?i)^[^?#]*\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp4|webm|mp3|txt|xml|"
    r"webmanifest|json|pdf|zip)(?:[?#]|$)|^/(?:static|assets|media|images|img|fonts|favicon)(?:/|\.)"
)
_ROBOT: Final = (
    r"(?i)bot\b|bot[/;_-]|crawl|spider|slurp|curl/|wget/|python-requests|python-urllib|scrapy|headlesschrome|"
    r"facebookexternalhit|preview|monitor|pingdom|uptime|lighthouse|go-http-client|java/|okhttp|libwww|httpclient"
)
_ASKING: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ADDRESS: Final = "address"
_MOST_SHOWN: Final = 5
_MOST_KEPT: Final = 1000


def events_of(fields: pl.DataFrame, config: AccessLogConfig) -> pl.DataFrame:
    """Each request as an event in canonical columns; ``ASIDE`` says why where it is none, and is null elsewhere."""
    matched = _matched(fields, config.known_pages)
    has_page = pl.col(columns.ACTION).is_not_null()
    is_robot = pl.col(AGENT).str.contains(_ROBOT).fill_null(False) if not config.robots else pl.lit(False)
    aside = (
        pl.when(pl.col(TARGET).is_null() | ~pl.col(METHOD).is_in(_ASKING))
        .then(pl.lit("other requests"))
        .when(pl.col(STATUS) >= 400)
        .then(pl.lit("requests that failed"))
        .when(is_robot)
        .then(pl.lit("requests of robots"))
        .when(~has_page & pl.col(TARGET).str.contains(_STATIC))
        .then(pl.lit("static files"))
        .when(~has_page)
        .then(pl.lit(_OTHER_PAGE))
        .alias(ASIDE)
    )
    user = _user(config, has_group=columns.USER_ID in matched.columns)
    frame = fields.hstack(matched).with_columns(aside, user.alias(columns.USER_ID), pl.col(WHEN).alias(columns.TIME))
    present = [name for name in columns.READABLE if name in frame.columns]
    return frame.select(*present, ASIDE, TARGET)


@dataclass
class Tally:
    """What was no event, counted over all pieces of a log.

    Attributes:
        requests: Requests seen.
        aside: How many of them were left aside, by reason.
        pages: How often each address was asked for that no pattern fits.
    """

    requests: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)

    def add(self, events: pl.DataFrame) -> None:
        """Count what ``events_of`` gave."""
        self.requests += events.height
        self.aside.update(dict(events[ASIDE].drop_nulls().value_counts().iter_rows()))
        others = events.filter(pl.col(ASIDE) == _OTHER_PAGE)[TARGET].str.extract(r"^([^?#]*)").str.slice(0, 60)
        self.pages.update(dict(others.drop_nulls().value_counts(sort=True).head(_MOST_KEPT).iter_rows()))

    def notes(self) -> tuple[str, ...]:
        """The counts in plain sentences; none where every request was an event."""
        if not self.aside:
            return ()
        told = ", ".join(f"{count:,} {what}" for what, count in self.aside.most_common())
        n_events = self.requests - self.aside.total()
        notes = [f"Of {self.requests:,} requests {n_events:,} are events; left aside: {told}."]
        if self.pages:
            most = ", ".join(f"{printable(page)} ({count:,})" for page, count in self.pages.most_common(_MOST_SHOWN))
            notes.append(f"Pages that no pattern fits, the most frequent first: {most}.")
        return tuple(notes)


def _matched(fields: pl.DataFrame, pages: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """The action and the named groups of the first pattern that fits each address.

    Shops ask for the same addresses again and again, so each one is looked at once.
    """
    asked = fields.select(METHOD, TARGET).unique().drop_nulls(TARGET)
    remaining = asked
    found: list[pl.DataFrame] = []
    for action, patterns in pages.items():
        for pattern in patterns:
            address = pl.col(TARGET)
            if METHOD_FIRST.match(pattern):
                address = pl.concat_str(METHOD, pl.lit(" "), TARGET)
            is_fit = remaining.select(address.str.contains(pattern)).to_series()
            hits = remaining.filter(is_fit)
            if hits.is_empty():
                continue
            cells = hits.select(METHOD, TARGET, pl.lit(action).alias(columns.ACTION), address.alias(_ADDRESS))
            if groups_of(pattern):
                groups = cells.select(pl.col(_ADDRESS).str.extract_groups(pattern).alias(_ADDRESS)).unnest(_ADDRESS)
                cells = cells.hstack(groups.select(groups_of(pattern)))
            found.append(cells.drop(_ADDRESS))
            remaining = remaining.filter(~is_fit)
    empty = asked.head(0).with_columns(pl.lit(None, dtype=pl.String).alias(columns.ACTION))
    known = pl.concat([empty, *found], how="diagonal")
    told = [name for name in known.columns if name not in (METHOD, TARGET, columns.ACTION)]
    known = known.with_columns(_decoded(known[name]) for name in told)
    joined = fields.select(METHOD, TARGET).join(known, on=[METHOD, TARGET], how="left", maintain_order="left")
    return joined.drop(METHOD, TARGET)


def _user(config: AccessLogConfig, *, has_group: bool) -> pl.Expr:
    """Who asked: a pattern's own group first, then the first way of telling visitors apart that the line has."""
    ways = [pl.col(columns.USER_ID)] if has_group else []
    for kind in config.user:
        if kind == "login":
            ways.append(pl.col(LOGIN))
        elif kind == "address":
            ways.append(pl.col(HOST))
        elif kind == "address+agent":
            ways.append(pl.concat_str(HOST, AGENT, separator=" ", ignore_nulls=True))
        else:
            source, name = kind.split(":", 1)
            place, before = (MORE, r'(?:^|[\s";])') if source == "cookie" else (TARGET, "[?&]")
            cell = pl.col(place).str.extract(rf'{before}{re.escape(name)}=([^;&#"\s]+)')
            ways.append(cell.map_batches(_decoded, return_dtype=pl.String))
    return pl.coalesce(ways)


def _decoded(cells: pl.Series) -> pl.Series:
    """Percent signs and plus signs resolved; each distinct value once."""
    distinct = cells.drop_nulls().unique()
    coded = distinct.filter(distinct.str.contains("[%+]"))
    known = {cell: unquote_plus(cell).replace("\x00", "") for cell in coded}
    return cells.replace(known) if known else cells
