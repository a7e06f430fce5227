"""Time as foretell keeps it: int64 microseconds UTC inside, aware datetimes outside.

This module owns the conversion and the units. It refuses naive datetimes, which hide a time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from foretell.core.errors import InputError

__all__ = ["DAY", "HOUR", "SECOND", "from_microseconds", "parse_time", "to_microseconds"]

SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime.

    Raises:
        InputError: If ``moment`` has no time zone.

    Example:
        >>> to_microseconds(datetime(1970, 1, 2, tzinfo=UTC)) == DAY
        True
    """
    if moment.tzinfo is None:
        raise InputError(
            "A time without a time zone is ambiguous.",
            received=moment.isoformat(),
            remedy="Give a zone, for example 2017-12-04T05:00:00+00:00.",
        )
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def from_microseconds(microseconds: int) -> datetime:
    """The aware UTC datetime of a count of microseconds since 1970.

    Example:
        >>> from_microseconds(DAY).isoformat()
        '1970-01-02T00:00:00+00:00'
    """
    seconds, rest = divmod(int(microseconds), SECOND)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest)


def parse_time(text: str) -> int:
    """Microseconds of an ISO 8601 text; a text without a zone is read as UTC.

    Raises:
        InputError: If the text is no ISO 8601 time.

    Example:
        >>> parse_time("1970-01-02") == DAY
        True
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "This is not a time.", received=repr(text), remedy="Write ISO 8601, for example 2017-12-04T05:00:00Z."
        ) from None
    return to_microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
