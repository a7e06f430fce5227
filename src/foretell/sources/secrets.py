"""Passwords stay where the user put them: not in messages, not in logs, not in what a run writes down.

This module owns the taking out of secrets from URLs, and their coming from the environment. It refuses to keep any.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from foretell.core.errors import ConfigError

__all__ = ["expanded", "hidden", "redacted"]

_USER_PASSWORD: Final = re.compile(r"([A-Za-z][\w+.-]*://[^\s:/@]*):((?:(?!://)\S)*)@")
_QUERY_SECRET: Final = re.compile(
    r"(?i)([?&;](?:[\w.-]*(?:password|passwd|pwd|secret|token|signature|credential|key)[\w.-]*|sig)=)[^&;#\s'\"]*"
)
_SECRET_NAME: Final = re.compile(r"(?i)password|passwd|secret|token|credential|key$")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z_0-9]*)\}")
_HIDDEN: Final = "***"


def redacted(text: str) -> str:
    """``text`` with the passwords of every URL in it hidden; names of environment variables stay.

    Example:
        >>> redacted("cannot reach postgresql://shop:s3cret@db/shop?sslpassword=x")
        'cannot reach postgresql://shop:***@db/shop?sslpassword=***'
        >>> redacted("mysql://shop:${SHOP_PASSWORD}@db/shop")
        'mysql://shop:${SHOP_PASSWORD}@db/shop'
    """
    text = _USER_PASSWORD.sub(lambda found: f"{found[1]}:{_shown(found[2])}@", text)
    return _QUERY_SECRET.sub(rf"\g<1>{_HIDDEN}", text)


def hidden(value: object) -> object:
    """A setting for a message or a file: passwords in URLs, and values whose names say that they are secret, hidden.

    Example:
        >>> hidden({"endpoint_url": "http://store", "secret": "x", "key": "${STORE_KEY}"})
        {'endpoint_url': 'http://store', 'secret': '***', 'key': '${STORE_KEY}'}
    """
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {name: _hidden_if(str(name), inner) for name, inner in value.items()}
    return [hidden(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _hidden_if(name: str, value: object) -> object:
    if not _SECRET_NAME.search(name) or isinstance(value, (Mapping, bool, type(None))):
        return hidden(value)
    return _shown(str(value))


def expanded(url: str) -> str:
    """``url`` with ``${NAME}`` replaced by the environment's value, so that no secret need stand in a config.

    Raises:
        ConfigError: If the environment has no such variable.

    Example:
        >>> expanded("sqlite:///shop.db")
        'sqlite:///shop.db'
    """
    missing = [name for name in _VARIABLE.findall(url) if name not in os.environ]
    if missing:
        raise ConfigError(
            f"The environment has no variable {missing[0]}.",
            received=redacted(url),
            remedy=f"Set it, for example with: export {missing[0]}=...",
        )
    return _VARIABLE.sub(lambda found: os.environ[found[1]], url)


def _shown(password: str) -> str:
    return password if _VARIABLE.fullmatch(password) else _HIDDEN
