"""Features as a user declares them, in TOML or Python: one declaration is one feature, or one by window and by value.

This module owns the user's form of a declaration and how it unfolds into ``Feature``s. It refuses to compute and to
check features against each other (``language``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from foretell.core import columns
from foretell.features.conditions import WEEKDAYS, Weekday
from foretell.features.definition import Feature, Hours, TimeZone, Where
from foretell.features.wording import made_words, span_of

__all__ = ["QUERY_TERMS", "Declaration", "Values", "slug", "unfold", "with_words"]

QUERY_TERMS: Final = "query_terms"
"""``each`` of this makes one feature a bucket of search words."""

_WEEKDAY: Final = "weekday"
_ACTION: Final = "action"

Values = Callable[[str, tuple[str, ...], int], Sequence[str]]
"""Gives a column's commonest values among rows of some actions, at most so many."""


def _tuple(value: object) -> object:
    return (value,) if isinstance(value, (str, int)) else value


class Declaration(BaseModel):
    """One table ``[features.NAME]``.

    Example:
        >>> spend = Declaration(aggregate="sum", actions="purchase", weekdays=["sat", "sun"], windows_days=[28, 91])
        >>> [feature.name for feature in unfold({"weekend_spend": spend}, values=lambda *_: [])]
        ['weekend_spend_28_days', 'weekend_spend_91_days']
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    aggregate: str
    """How the events become one number: count, sum, mean, trend, ... (docs/reference/features.md has all)."""

    actions: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()
    """Which events count, one action or several; empty means everything the customer did."""

    window_days: Annotated[int, Field(ge=1)] | None = None
    """How far back the window reaches; None is all time."""

    windows_days: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """One feature for each of these windows, whose names end in the window."""

    skip_days: Annotated[int, Field(ge=0)] = 0
    """How many days before the cutoff the window ends."""

    column: str | None = None
    """The column that is summed, averaged, counted distinct or spread over."""

    where: Where = Field(default_factory=dict)
    """Only events count whose columns (their own, or attributes of their item) have one of these values."""

    hours: Hours | None = None
    """Only events of these local hours count: ``[from, until)``, past midnight where the first is the later."""

    weekdays: tuple[Weekday, ...] = ()
    """Only events of these local days of the week count."""

    time_zone: TimeZone = "UTC"
    """The zone that hours, weekdays and days are of."""

    each: str | None = None
    """One feature for each value of this: an attribute of items (category, brand, ...), a column of events (store_id,
    ...), ``weekday``, ``action``, or ``query_terms`` (hashed words of searches)."""

    at_most: Annotated[int, Field(ge=1, le=4096)] = 8
    """How many values ``each`` takes, the commonest in training first; how many buckets ``query_terms`` has."""

    top: Annotated[int, Field(ge=1)] = 1
    """How many of the commonest values ``top_share`` takes together."""

    relative_to: Literal["log", "category", "category_2", "category_3"] = "category"
    """What ``price_level`` compares with."""

    of: tuple[str, ...] = ()
    """The two earlier features that a combination is of."""

    english: str = ""
    """The feature as a noun phrase, made from the declaration where absent. ``{value}``, ``{span}`` are filled in."""

    chinese: str = ""
    """The same in Chinese."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.windows_days and self.window_days is not None:
            raise ValueError("window_days is one window, windows_days are several: say one of the two")
        if len(set(self.windows_days)) < len(self.windows_days):
            raise ValueError("windows_days names a window twice")
        if self.each in self.where or (self.each == _WEEKDAY and self.weekdays):
            raise ValueError("each takes every value of what the declaration already fixes")
        if self.at_most != type(self).model_fields["at_most"].default and self.each is None:
            raise ValueError("at_most is how many values each takes, and each is not said")
        return self


def unfold(declarations: Mapping[str, Declaration], *, values: Values) -> tuple[Feature, ...]:
    """The features that declarations stand for, in their order; words only where the user gave them.

    Args:
        declarations: By name.
        values: The values that ``each`` takes.
    """
    return tuple(
        feature for name, declaration in declarations.items() for feature in _features(name, declaration, values)
    )


def with_words(features: Sequence[Feature], *, earlier: Sequence[Feature] = ()) -> tuple[Feature, ...]:
    """The same features, said in words where none were given.

    Args:
        features: Checked declarations.
        earlier: Features declared before, which combinations may be of.
    """
    known = {feature.name: feature for feature in earlier}
    found: list[Feature] = []
    for feature in features:
        english, chinese = made_words(feature, earlier=known)
        spoken = feature.model_copy(
            update={"english": feature.english or english, "chinese": feature.chinese or chinese}
        )
        known[spoken.name] = spoken
        found.append(spoken)
    return tuple(found)


def slug(name: str) -> str:
    """A name made of lower-case letters, digits and underscores.

    Example:
        >>> slug("Tea & Co."), slug("茶")
        ('tea_co', 'other')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "other"


def _features(name: str, declaration: Declaration, values: Values) -> Iterator[Feature]:
    said = {
        field: getattr(declaration, field)
        for field in declaration.model_fields_set
        if field not in ("windows_days", "each", "at_most", "english", "chinese")
    }
    for ending, value, fixed in _each(declaration, values):
        for days in declaration.windows_days or (declaration.window_days,):
            span, *spans = span_of(days, declaration.skip_days)
            parts = [name, ending, span if declaration.windows_days else ""]
            # A text with no place for what tells the unfolded apart gets it at its end.
            words = [
                _filled(text, value if declaration.each else "", when if declaration.windows_days else "")
                for text, when in zip((declaration.english, declaration.chinese), spans, strict=True)
            ]
            yield Feature.model_validate(
                {
                    **said,
                    **fixed,
                    "name": "_".join(part for part in parts if part),
                    "window_days": days,
                    "english": words[0],
                    "chinese": words[1],
                }
            )


def _filled(text: str, value: str, span: str) -> str:
    if not text:
        return ""
    for place, word in (("{value}", value), ("{span}", span)):
        text = text.replace(place, word) if place in text else f"{text} {word}" if word else text
    return text.strip()


def _each(declaration: Declaration, values: Values) -> Iterator[tuple[str, str, dict[str, object]]]:
    """For each value: how its name ends, how it is said, and which fields it fixes."""
    each, at_most = declaration.each, declaration.at_most
    if each is None:
        yield "", "", {}
    elif each == QUERY_TERMS:
        for bucket in range(at_most):
            yield f"group_{bucket + 1}", f"{bucket + 1}", {"query_bucket": bucket, "query_buckets": at_most}
    elif each == _WEEKDAY:
        for day in WEEKDAYS[:at_most]:
            yield day, day, {"weekdays": (day,)}
    elif each == _ACTION:
        for action in declaration.actions or values(columns.ACTION, (), at_most):
            yield slug(action), action, {"actions": (action,)}
    else:
        taken: set[str] = set()
        for value in values(each, declaration.actions, at_most):
            ending = slug(value)
            number = 2
            while ending in taken:
                ending = f"{slug(value)}_{number}"
                number += 1
            taken.add(ending)
            yield ending, value, {"where": {**declaration.where, each: (value,)}}
