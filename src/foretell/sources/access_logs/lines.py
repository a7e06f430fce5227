"""Lines of access logs, taken apart.

This module owns the common and combined formats as Apache and nginx write them, with a virtual host before and
further fields behind. It refuses to know what an address means.

References:
    Apache HTTP Server 2.4, mod_log_config, https://httpd.apache.org/docs/2.4/mod/mod_log_config.html (formats
    ``common``, ``combined``, ``vhost_combined``); nginx, ngx_http_log_module, format ``combined``.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

__all__ = [
    "AGENT",
    "HOST",
    "LOGIN",
    "METHOD",
    "MORE",
    "STATUS",
    "TARGET",
    "WHEN",
    "looks_like_access_log",
    "take_apart",
]

HOST: Final = "host"
LOGIN: Final = "login"
WHEN: Final = "when"
METHOD: Final = "method"
TARGET: Final = "target"
STATUS: Final = "status"
AGENT: Final = "agent"
MORE: Final = "more"

_LINE: Final = (
    rf"^(?:\S+:\d+ )?(?P<{HOST}>\S+) \S+ (?P<{LOGIN}>.+?) \[(?P<{WHEN}>[^\]]+)\] "
    rf'"(?P<request>(?:[^"\\]|\\.)*)" (?P<{STATUS}>\d{{3}}) (?:\d+|-)'
    rf'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<{AGENT}>(?:[^"\\]|\\.)*)")?(?P<{MORE}>(?: .*)?)$'
)
_REQUEST: Final = rf"^(?P<{METHOD}>[A-Z]+) (?P<{TARGET}>\S.*?)(?: HTTP/[0-9.]+)?$"
_TIME: Final = "%d/%b/%Y:%H:%M:%S %z"
_ANY: Final = re.compile(_LINE)
_LOOKED_AT: Final = 20


def looks_like_access_log(start: bytes) -> bool:
    r"""True if most of the first whole lines are in the common or combined format.

    Example:
        >>> looks_like_access_log(b'10.0.0.1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 5\n')
        True
        >>> looks_like_access_log(b"user_id,time,action\n")
        False
    """
    lines = [line for line in start.splitlines()[:_LOOKED_AT] if line.strip()]
    if len(lines) > 1:
        lines = lines[: max(1, len(lines) - (not start.endswith(b"\n")))]
    fitting = sum(1 for line in lines if _ANY.match(line[:10_000].decode(errors="replace").rstrip("\r")))
    return fitting * 2 > len(lines)


def take_apart(lines: pl.Series) -> pl.DataFrame:
    """The fields of each line; all of them null where the line is in neither format.

    Returns:
        A frame as high as ``lines``: host, login, when (microseconds UTC), method, target, status, agent, more.
    """
    frame = lines.to_frame("line").select(pl.col("line").str.extract_groups(_LINE)).unnest("line")
    request = pl.col("request").str.extract_groups(_REQUEST)
    fields = frame.with_columns(
        pl.col(WHEN).str.to_datetime(_TIME, time_unit="us", time_zone="UTC", strict=False),
        pl.col(STATUS).cast(pl.Int16, strict=False),
        request.struct.field(METHOD),
        request.struct.field(TARGET),
    )
    fields = fields.with_columns(
        _known(LOGIN),
        _known(AGENT),
        # A proxy's line holds the whole URL; what the shop declared are paths.
        pl.col(TARGET).str.replace(r"^https?://[^/?#]+", "").str.replace(r"^$", "/"),
    )
    is_sound = pl.col(HOST).is_not_null() & pl.col(WHEN).is_not_null()
    names = (HOST, LOGIN, WHEN, METHOD, TARGET, STATUS, AGENT, MORE)
    return fields.select(pl.when(is_sound).then(pl.col(name)).alias(name) for name in names)


def _known(name: str) -> pl.Expr:
    """The field, null where the server wrote a dash for nothing."""
    return pl.when(pl.col(name).is_in(["-", '""', ""])).then(None).otherwise(pl.col(name)).alias(name)
