"""What the pages of a web shop mean: the settings behind reading an access log.

This module owns the settings and their defaults. It refuses to read.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from foretell.core import columns

__all__ = ["DEFAULT_PAGES", "DEFAULT_USER", "METHOD", "AccessLogConfig", "groups_of"]

METHOD: Final = re.compile(r"^\^?(GET|POST|PUT|PATCH|DELETE|HEAD) ")
"""A pattern that starts so is held against the method and the address, every other one against the address."""

_ID: Final = r"(?P<item_id>[^/?&#]+)"
DEFAULT_PAGES: Final[dict[str, tuple[str, ...]]] = {
    columns.PURCHASE: (
        r"^/(?:checkout|order|orders)/(?:success|complete|completed|thank-you|thankyou|confirmation|received)"
        r"(?:/(?P<order_id>[^/?&#]+))?/?(?:\?|$)",
        r"^/(?:thank-you|thankyou|order-received|order-confirmation)(?:/(?P<order_id>[^/?&#]+))?/?(?:\?|$)",
        r"^/checkout/order-received/(?P<order_id>[^/?&#]+)",
    ),
    columns.UNCART: (rf"^/(?:cart|basket)/(?:remove|delete)/{_ID}",),
    columns.CART: (
        rf"^/(?:cart|basket)/add/{_ID}",
        r"^/(?:cart|basket)(?:/add)?/?\?(?:.*&)?(?:add|product|item|sku|id|product_id|add-to-cart)=(?P<item_id>[^&#]+)",
        r"[?&]add-to-cart=(?P<item_id>[^&#]+)",
        r"^POST /(?:cart|basket)(?:/add)?/?(?:\.js)?(?:\?|$)",
    ),
    columns.SEARCH: (
        r"^/(?:search|catalogsearch/result)/?(?:\?|\?.*&)(?:q|query|s|search|keywords?)=(?P<query>[^&#]*)",
    ),
    columns.VIEW: (rf"^/(?:products?|p|items?|dp|shop/product|collections/[^/?#]+/products)/{_ID}",),
}
"""Pages as common shop software addresses them: action to patterns, the first one that fits wins."""

DEFAULT_USER: Final = ("login", "address+agent")
_PLAIN_USERS: Final = ("login", "address+agent", "address")
_NAMED_USER: Final = re.compile(r"^(cookie|parameter):[^\s;=&]+$")
_GROUPS: Final = tuple(name for name in columns.CANONICAL if name not in (columns.TIME, columns.ACTION))


class AccessLogConfig(BaseModel):
    """What the pages of a web shop mean.

    Example:
        >>> AccessLogConfig(pages={"view": "^/wine/(?P<item_id>[0-9]+)"}).pages["view"]
        ('^/wine/(?P<item_id>[0-9]+)',)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """For each action the pattern, or patterns, of the addresses that mean it; named groups give the columns
    (``item_id``, ``query``, ``order_id``, ``user_id``, ``session_id``, ``price``, ...). Asked in the order they are
    written; the first one that fits wins. A pattern that starts with a method (``^POST /cart``) asks for it too.
    Empty takes the addresses of common shop software."""

    user: tuple[str, ...] = DEFAULT_USER
    """Who a visitor is, the first that the line has: ``login`` (the authenticated user), ``cookie:NAME`` and
    ``parameter:NAME`` (of the address), ``address`` (IP), ``address+agent`` (IP and browser together)."""

    robots: bool = False
    """True keeps requests of robots that call themselves so."""

    @field_validator("pages", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {action: (given,) if isinstance(given, str) else given for action, given in value.items()}

    @field_validator("user", mode="before")
    @classmethod
    def _one_or_many_users(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("pages")
    @classmethod
    def _can_be_searched(cls, pages: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for action, patterns in pages.items():
            if not action.strip() or not patterns:
                raise ValueError(f"the action {action!r} needs a name and at least one pattern")
            for pattern in patterns:
                try:
                    groups = groups_of(pattern)
                except pl.exceptions.PolarsError as error:
                    lines = str(error).splitlines()
                    reason = next((line[7:] for line in lines if line.startswith("error: ")), lines[0])
                    raise ValueError(f"the pattern {pattern!r} cannot be searched for ({reason})") from None
                strange = [name for name in groups if name not in _GROUPS]
                if strange:
                    known = ", ".join(_GROUPS)
                    raise ValueError(f"the pattern {pattern!r} names a group {strange[0]!r}, which is none of {known}")
        return pages

    @field_validator("user")
    @classmethod
    def _is_known(cls, user: tuple[str, ...]) -> tuple[str, ...]:
        for kind in user:
            if kind not in _PLAIN_USERS and not _NAMED_USER.match(kind):
                known = ", ".join((*_PLAIN_USERS, "cookie:NAME", "parameter:NAME"))
                raise ValueError(f"{kind!r} is no way to tell visitors apart; use some of {known}")
        if not user:
            raise ValueError("visitors cannot be told apart by nothing")
        return user

    @property
    def known_pages(self) -> dict[str, tuple[str, ...]]:
        """The declared pages, else the common ones."""
        return self.pages or DEFAULT_PAGES


def groups_of(pattern: str) -> list[str]:
    """The names of a pattern's groups.

    Raises:
        polars.exceptions.PolarsError: If the pattern is none.

    Example:
        >>> groups_of("^/p/(?P<item_id>[0-9]+)")
        ['item_id']
    """
    empty = pl.Series([""]).str.contains(pattern)
    del empty  # asked only so that a broken pattern is told here
    return re.findall(r"\(\?P?<([A-Za-z_][A-Za-z_0-9]*)>", pattern)
