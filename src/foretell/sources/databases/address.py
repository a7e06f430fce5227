"""Where a database is: its URL taken apart, and shown without its password.

This module owns URLs of databases. It refuses to connect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from foretell.core.errors import ConfigError
from foretell.sources.secrets import expanded, redacted

__all__ = ["Address"]


@dataclass(frozen=True)
class Address:
    """A database's URL, taken apart.

    Attributes:
        scheme: What stands before ``://``, without the ``+driver`` that some libraries want.
        shown: The URL as it may stand in a message.
        host: The machine; None for a file.
        port: None takes the database's own.
        database: Its name, or the path of its file.
        options: What stands behind the question mark.
    """

    scheme: str
    shown: str
    host: str | None
    port: int | None
    database: str
    options: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str | None, str | None] = field(default=(None, None), repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart; ``${NAME}`` in it comes from the environment.

        Raises:
            ConfigError: If it is no URL, or names a variable that is not set.

        Example:
            >>> Address.parse("postgresql://shop:secret@db:5433/orders").shown
            'postgresql://shop:***@db:5433/orders'
        """
        shown = redacted(url)
        try:
            parts = urlsplit(expanded(url))
            port = parts.port
        except ValueError:
            raise ConfigError(
                "This is no URL of a database.",
                received=shown,
                remedy="Write scheme://user:password@host:port/database; characters such as / # ? @ in a password "
                "are written %2F %23 %3F %40.",
            ) from None
        scheme = parts.scheme.lower().split("+")[0]
        login = tuple(None if part is None else unquote(part) for part in (parts.username, parts.password))
        host = None if parts.hostname is None else unquote(parts.hostname)
        path = unquote(parts.path.removeprefix("/"))
        return cls(scheme, shown, host, port, path, dict(parse_qsl(parts.query)), (login[0], login[1]))

    def hide(self, message: object) -> str:
        """A library's message about this database, with the password taken out."""
        text = redacted(" ".join(str(message).split()))
        password = self.login[1]
        return text.replace(password, "***") if password else text
