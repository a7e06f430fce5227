"""What a user declares about files that do not say it themselves.

This module owns that one value and its refusal where it would have no effect. It refuses to guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from foretell.core.errors import ConfigError
from foretell.sources.access_logs.config import AccessLogConfig

__all__ = ["NOTHING", "Declared"]


@dataclass(frozen=True)
class Declared:
    """How files are laid out, as far as the user says.

    Attributes:
        columns: The names of the columns of delimited files without a line of names.
        separator: What stands between the cells of delimited files.
        access_log: What the pages of a web shop mean; given, files are read as access logs.
    """

    columns: tuple[str, ...] | None = None
    separator: str | None = None
    access_log: AccessLogConfig | None = None

    @property
    def is_delimited(self) -> bool:
        """True if only delimited text can be meant."""
        return self.columns is not None or self.separator is not None

    def refuse_for(self, what: str, *, delimited: bool = False, access_log: bool = False) -> None:
        """Refuse declarations that would have no effect.

        Args:
            what: What is being read, for the message.
            delimited: True if columns and separator have an effect there.
            access_log: True if the meaning of pages has.

        Raises:
            ConfigError: If one was declared that has none.

        Example:
            >>> Declared().refuse_for("a Parquet file")
        """
        given = {
            "columns": None if delimited else self.columns,
            "separator": None if delimited else self.separator,
            "access_log": None if access_log else self.access_log,
        }
        for name, value in given.items():
            if value is not None:
                raise ConfigError(
                    f"{name} has no effect on {what}.",
                    received=f"{name}={value!r}",
                    remedy="Leave it out: columns and separator are for delimited text, access_log for access logs.",
                )


NOTHING = Declared()
"""Nothing is declared: the files speak for themselves."""
