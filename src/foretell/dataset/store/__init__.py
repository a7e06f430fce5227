"""The store: a clean log of any size on disk, sorted by user, mapped into memory rather than read into it.

This package owns the folder a prepared log is kept in, how it is built a part of the users at a time, and how a new
day is added without preparing the past again. It refuses to know features and models: it hands out an ``EventLog``
whose events are the store's own pages.
"""

from foretell.dataset.store.append import append_to_store
from foretell.dataset.store.build import build_store, refuse_full
from foretell.dataset.store.manifest import Manifest
from foretell.dataset.store.staging import Staging
from foretell.dataset.store.store import HistoryStore

__all__ = ["HistoryStore", "Manifest", "Staging", "append_to_store", "build_store", "refuse_full"]
