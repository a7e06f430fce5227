"""The declaration of a feature: which events, which window, which aggregate, and how to say it to a person.

This module owns the words and the checks of a declaration. It refuses to compute (``aggregates``), so that
the same declarations can be compiled to another engine, and to choose which features a shop needs
(``defaults``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from foretell.core import columns
from foretell.core.errors import ConfigError

__all__ = ["SHOP_ACTIONS", "Feature", "Language", "check_definitions"]

Language = Literal["en", "zh"]

SHOP_ACTIONS: Final = (*columns.PASSIVE_ACTIONS, columns.COUPON_SENT)
"""What the shop does to a customer: never counted as the customer's own activity."""


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
    """How the events become one number: a key of ``foretell.features.aggregates.AGGREGATES``."""

    actions: tuple[str, ...] = ()
    """Which events count; empty means everything the customer did (``SHOP_ACTIONS`` left out)."""

    window_days: Annotated[int, Field(ge=1)] | None = None
    """How far back the window reaches; None is all time."""

    skip_days: Annotated[int, Field(ge=0)] = 0
    """How many days before the cutoff the window ends."""

    column: str | None = None
    """The column that is summed, averaged or counted distinct."""

    category: str | None = None
    """Only events on items of this top-level category count, where the aggregate asks for one."""

    of: tuple[str, ...] = ()
    """The earlier features that this one combines, where the aggregate combines features."""

    english: str = ""
    """The feature as a noun phrase, for reasons shown to people."""

    chinese: str = ""
    """The same in Chinese."""

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


def check_definitions(definitions: Iterable[Feature], *, known_aggregates: Iterable[str]) -> tuple[Feature, ...]:
    """The definitions, if their names are distinct, their aggregates exist and ``of`` names earlier features.

    Raises:
        ConfigError: If one of these does not hold.
    """
    known, seen, checked = set(known_aggregates), set[str](), tuple(definitions)
    for feature in checked:
        if feature.name in seen:
            raise ConfigError("Two features have the same name.", received=feature.name, remedy="Rename one of them.")
        if feature.aggregate not in known:
            raise ConfigError(
                f"The feature {feature.name!r} asks for an unknown aggregate.",
                received=feature.aggregate,
                remedy=f"Use one of {', '.join(sorted(known))}.",
            )
        absent = [name for name in feature.of if name not in seen]
        if absent:
            raise ConfigError(
                f"The feature {feature.name!r} combines a feature that is not declared before it.",
                received=", ".join(absent),
                remedy="Declare the parts first.",
            )
        seen.add(feature.name)
    return checked
