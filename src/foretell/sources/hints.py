"""What a user says about a log where recognition needs help.

This module owns that one value. It refuses to act on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from foretell.core.errors import ConfigError
from foretell.sources.times import check_zone

__all__ = ["STITCHES", "Hints", "Stitch"]

Stitch = Literal["as_known", "whole", "never"]
STITCHES: Final[tuple[Stitch, ...]] = ("as_known", "whole", "never")


@dataclass(frozen=True)
class Hints:
    """How a log is to be read, as far as the user says.

    Attributes:
        dialect: One of ``DIALECTS``; None recognises it.
        mapping: From canonical column to the shop's.
        zone: The time zone of moments that name none; None takes UTC.
        identities: A table from ``anonymous_id`` to ``user_id`` (and ``time``, since when that was known).
        stitch: Which rows without a login a known login takes over: ``as_known`` those after it became known,
            ``whole`` the earlier ones too, ``never`` none.

    Raises:
        ConfigError: If ``stitch`` is none of these.
        UnknownNameError: If there is no such time zone.
    """

    dialect: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    identities: object | None = None
    stitch: Stitch = "as_known"

    def __post_init__(self) -> None:
        check_zone(self.zone)
        if self.stitch not in STITCHES:
            raise ConfigError(
                "There is no such way to join anonymous and login ids.",
                received=repr(self.stitch),
                remedy=f"Use one of {', '.join(STITCHES)}.",
            )
