"""The declaration of a feature: which events, which window, which aggregate, and how to say it to a person.

This module owns the words of one declaration. It refuses to compute (``aggregates``), so that the same
declarations can be compiled to another engine, to check declarations against each other (``language``), and to
choose which features a shop needs (``defaults``, ``declaration``).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from foretell.core import columns
from foretell.features.conditions import WEEKDAYS, Condition, Weekday

__all__ = ["SHOP_ACTIONS", "Feature", "Hours", "Language", "TimeZone", "Where"]

Language = Literal["en", "zh"]

SHOP_ACTIONS: Final = (*columns.PASSIVE_ACTIONS, columns.COUPON_SENT)
"""What the shop does to a customer: never counted as the customer's own activity."""


def _each_a_tuple(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {name: (body,) if isinstance(body, str) else body for name, body in value.items()}


def _known_zone(name: str) -> str:
    try:
        pl.Series([0], dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ValueError(f"there is no time zone {name!r}; write one such as Asia/Shanghai") from error
    return name


def _not_empty(hours: tuple[int, int]) -> tuple[int, int]:
    if hours[0] == hours[1]:
        raise ValueError("hours are [from, until), of which the two must differ")
    return hours


Where = Annotated[
    dict[str, Annotated[tuple[str, ...], Field(min_length=1)]],
    BeforeValidator(_each_a_tuple),
]
"""Column -> the values it may have; a single text is one value."""

TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""The name of a time zone in the IANA data base."""

Hours = Annotated[
    tuple[Annotated[int, Field(ge=0, le=23)], Annotated[int, Field(ge=0, le=24)]], AfterValidator(_not_empty)
]
"""From this hour until before that one; past midnight where the first is the later."""


class Feature(BaseModel):
    """One number about a customer at a cutoff.

    The window is ``(cutoff - (window_days + skip_days), cutoff - skip_days]``; without ``window_days`` it
    reaches back to the beginning.

    Example:
        >>> feature = Feature(
        ...     name="purchase_count_28_days", aggregate="count", actions=("purchase",), window_days=28,
        ...     english="purchases in the last 28 days", chinese="最近28天购买次数",
        ... )
        >>> feature.words(), feature.words("zh"), feature.sentence(3.0)
        ('purchases in the last 28 days', '最近28天购买次数', 'purchases in the last 28 days: 3')
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """How the feature is called in frames, reports and saved models; units end the name."""

    aggregate: str
    """How the events become one number: a key of ``AGGREGATES`` or, for combinations, of ``COMBINATIONS``."""

    actions: tuple[str, ...] = ()
    """Which events count; empty means everything the customer did (``SHOP_ACTIONS`` left out)."""

    window_days: Annotated[int, Field(ge=1)] | None = None
    """How far back the window reaches; None is all time."""

    skip_days: Annotated[int, Field(ge=0)] = 0
    """How many days before the cutoff the window ends."""

    column: str | None = None
    """The column that is summed, averaged or counted distinct."""

    category: str | None = None
    """Only events on items of this top-level category count; short for ``where = {category = ...}``."""

    where: Where = Field(default_factory=dict)
    """Only events count whose columns (their own, or attributes of their item) have one of these values."""

    hours: Hours | None = None
    """Only events of these local hours count."""

    weekdays: tuple[Weekday, ...] = ()
    """Only events of these local days of the week count; empty means all."""

    time_zone: TimeZone = "UTC"
    """The zone that hours, weekdays and days are of."""

    query_bucket: Annotated[int, Field(ge=0)] | None = None
    """Only searches count that have a word hashed into this bucket ..."""

    query_buckets: Annotated[int, Field(ge=1, le=4096)] | None = None
    """... of this many."""

    top: Annotated[int, Field(ge=1)] = 1
    """How many of the commonest values ``top_share`` takes together."""

    relative_to: Literal["log", "category", "category_2", "category_3"] = "category"
    """What ``price_level`` compares with: the mean price of the item's category, or of the whole log."""

    of: tuple[str, ...] = ()
    """The earlier features that this one combines, where the aggregate combines features."""

    english: str = ""
    """The feature as a noun phrase, for reasons shown to people."""

    chinese: str = ""
    """The same in Chinese."""

    @cached_property
    def condition(self) -> Condition | None:
        """What must hold of an event beyond its action; None where nothing must."""
        where = dict(self.where) if self.category is None else {**self.where, columns.CATEGORY: (self.category,)}
        bucket = None if self.query_bucket is None else (self.query_bucket, self.query_buckets or 1)
        if not (where or self.hours or self.weekdays or bucket):
            return None
        days = tuple(sorted(WEEKDAYS.index(day) for day in set(self.weekdays)))
        zone = self.time_zone if self.hours or days else "UTC"
        return Condition(tuple(sorted(where.items())), self.hours, days, zone, bucket)

    def words(self, language: Language = "en") -> str:
        """The feature as a noun phrase in ``language``; its name where no phrase was given."""
        return (self.chinese if language == "zh" else self.english) or self.name

    def sentence(self, value: float | None, *, language: Language = "en") -> str:
        """The feature with its value: whole numbers without decimals, others with three digits."""
        missing = "无" if language == "zh" else "none"
        shown = (
            missing if value is None or value != value else f"{value:.0f}" if value == int(value) else f"{value:.3g}"
        )
        return f"{self.words(language)}{'：' if language == 'zh' else ': '}{shown}"  # noqa: RUF001
