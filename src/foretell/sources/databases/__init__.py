"""Databases: tables and queries on PostgreSQL, MySQL, MariaDB and SQLite, read and never written.

This room within ``sources`` owns connections, streaming and types. It refuses to know what columns mean.
"""

from __future__ import annotations

from foretell.sources.databases.table import DatabaseTable, is_database, open_database

__all__ = ["DatabaseTable", "is_database", "open_database"]
