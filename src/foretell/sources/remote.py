"""Remote paths: object stores and web servers, through fsspec.

This module owns fetching files from ``s3://``, ``https://`` and the like into a temporary folder, which is gone once
the log was read. It refuses to parse, and to keep anything between two readings.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import polars as pl

from foretell.core.errors import InputError, MissingExtraError, SourceError
from foretell.sources.formats.declared import NOTHING, Declared
from foretell.sources.formats.files import open_file
from foretell.sources.formats.folders import Opened, open_folder
from foretell.sources.formats.parts import open_parts
from foretell.sources.formats.printable import printable
from foretell.sources.secrets import expanded, redacted
from foretell.sources.table import HeaderlessTable, Rows, Table, notes_of, scan_of

__all__ = ["SCHEMES", "is_remote", "open_remote"]

SCHEMES: Final = ("s3", "s3a", "http", "https", "gs", "gcs", "az", "abfs", "abfss")
"""Schemes of remote paths."""
_WEB: Final = ("http", "https")
_EXTRA: Final = "remote"
_PACKAGES: Final = {"s3": "s3fs", "s3a": "s3fs", "http": "aiohttp", "https": "aiohttp"}
_OTHERS: Final = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
T = TypeVar("T")


def is_remote(source: object) -> bool:
    """True for a path that lies on another machine.

    Example:
        >>> is_remote("s3://shop/events.parquet"), is_remote("events.parquet")
        (True, False)
    """
    return isinstance(source, str) and "://" in source and source.split("://")[0].lower() in SCHEMES


def open_remote(url: str, *, declared: Declared = NOTHING, storage: Mapping[str, Any] | None = None) -> Opened:
    """The log at a remote path: a file, a folder, or a pattern such as ``s3://shop/2026-*/part-*.csv.gz``.

    Args:
        url: The path; ``${NAME}`` in it comes from the environment.
        declared: What the user says about the layout of files.
        storage: Options of the store, as fsspec names them; ``${NAME}`` in text comes from the environment.

    Raises:
        SourceError: If there is nothing, it cannot be reached, or what was fetched cannot be read.
        MissingExtraError: If the library for it is not installed.
    """
    shown = redacted(url)
    place = _Place(Path(tempfile.mkdtemp(prefix="foretell-")), shown)
    folder = place.folder
    with _told(url, shown):
        files = _fetch(expanded(url), folder, {name: _expanded(value) for name, value in (storage or {}).items()})
    if len(files) == 1 and not _is_glob(url):
        opened = place.guard(lambda: Opened(open_file(files[0], declared=declared)))
    elif _is_glob(url):
        opened = place.guard(lambda: Opened(open_parts(files, place=shown, declared=declared)))
    else:
        opened = place.guard(lambda: open_folder(folder, declared=declared))
    return replace(
        opened,
        events=_Fetched(opened.events, place),
        side_tables={name: _Fetched(table, place) for name, table in opened.side_tables.items()},
        others={name: _Fetched(table, place) for name, table in opened.others.items()},
    )


class _Place:
    """A temporary folder, there as long as somebody holds this, and the address its files came from."""

    def __init__(self, folder: Path, shown: str) -> None:
        self.folder = folder
        self.shown = shown
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def guard(self, work: Callable[[], T]) -> T:
        """``work()``; an error names the address rather than the temporary folder."""
        try:
            return work()
        except InputError as error:
            received = None if error.received is None else self.name(str(error.received))
            raise type(error)(error.problem, received=received, remedy=error.remedy) from error

    def name(self, text: str) -> str:
        """``text`` with the temporary folder by its address."""
        root = self.shown.split("*")[0].rstrip("/")
        only = re.escape(str(self.folder)) + r"/\S+" if urlsplit(self.shown).path.count(".") else None
        if only and "*" not in self.shown:
            text = re.sub(only, root, text)
        return text.replace(str(self.folder), root)


@dataclass(frozen=True)
class _Fetched:
    """A table among fetched files, which stay as long as the table does: whoever scans it has to keep it."""

    table: Table
    place: _Place

    @property
    def where(self) -> str:
        return self.place.name(self.table.where)

    def columns(self) -> list[str]:
        return self.place.guard(self.table.columns)

    def sample(self) -> pl.DataFrame:
        return self.place.guard(self.table.sample)

    def read(self, columns: Sequence[str]) -> Rows:
        return self.place.guard(lambda: self.table.read(columns))

    def notes(self) -> tuple[str, ...]:
        return notes_of(self.table)

    def scan(self) -> pl.LazyFrame | None:
        return scan_of(self.table)

    def without_header(self, columns: Sequence[str]) -> Table:
        if not isinstance(self.table, HeaderlessTable):
            return self
        return replace(self, table=self.table.without_header(columns))


def _fetch(url: str, folder: Path, storage: Mapping[str, Any]) -> list[Path]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError("fsspec", extra=_EXTRA) from None
    # What lies there is asked anew each time: a listing kept from an earlier reading would miss new files.
    store, path = url_to_fs(url, **{"skip_instance_cache": True, "use_listings_cache": False, **storage})
    if _is_glob(url):
        found = sorted(name for name in store.glob(path) if store.isfile(name))
        root = path.split("*")[0].rpartition("/")[0]
    elif urlsplit(url).scheme.lower() in _WEB or store.isfile(path):
        found, root = [path], path.rpartition("/")[0]
    else:
        found, root = sorted(store.find(path)), path
    if not found:
        raise FileNotFoundError(path)
    fetched = []
    for name in found:
        target = folder / _local_name(name, root)
        target.parent.mkdir(parents=True, exist_ok=True)
        store.get_file(name, str(target))
        _check_size(store, name, target)
        fetched.append(target)
    return fetched


def _check_size(store: Any, name: str, target: Path) -> None:  # noqa: ANN401 - a file system of fsspec
    """A file that came shorter than the store says is no file: nothing may be lost on the way."""
    if store.protocol in _WEB or _WEB[0] in store.protocol:
        return  # a web server's length may be that of compressed content; the client checks what it received
    size = store.info(name).get("size")
    if size is not None and size != target.stat().st_size:
        raise OSError(f"{target.stat().st_size:,} of {size:,} bytes arrived")


def _local_name(name: str, root: str) -> PurePosixPath:
    plain = unquote(urlsplit(name).path) if "://" in name else name
    base = unquote(urlsplit(root).path) if "://" in root else root
    relative = plain.removeprefix(base).lstrip("/") or PurePosixPath(plain).name or "index"
    parts = [part for part in PurePosixPath(relative).parts if part not in ("..", "/", ".")]
    return PurePosixPath(*parts) if parts else PurePosixPath("index")


def _is_glob(url: str) -> bool:
    """A pattern; a question mark is the beginning of a web address's query and no pattern."""
    return "*" in url or (urlsplit(url).scheme.lower() not in _WEB and bool(re.search(r"[?\[]", url)))


def _expanded(value: object) -> object:
    if isinstance(value, str):
        return expanded(value)
    return {name: _expanded(inner) for name, inner in value.items()} if isinstance(value, Mapping) else value


@contextmanager
def _told(url: str, shown: str) -> Iterator[None]:
    """Whatever a store's library raises, told as what is wrong with the path."""
    scheme = url.split("://")[0].lower()
    try:
        yield
    except (InputError, MissingExtraError):
        raise
    except FileNotFoundError:
        raise SourceError(
            "There is nothing at this address.", received=shown, remedy="Check the path, and its spelling in the store."
        ) from None
    except PermissionError as error:
        raise SourceError(
            "The store refuses access.",
            received=f"{shown}: {_said(error)}",
            remedy="Check the credentials, in the environment or in [data.storage].",
        ) from None
    except ImportError:
        if scheme in _PACKAGES:
            raise MissingExtraError(_PACKAGES[scheme], extra=_EXTRA) from None
        package = _OTHERS[scheme]
        raise SourceError(
            f"Paths of {scheme}:// need the package {package!r}.", received=shown, remedy=f"pip install {package}"
        ) from None
    except Exception as error:  # every store has a dozen kinds of its own
        raise SourceError(
            "The address cannot be reached.",
            received=f"{shown}: {_said(error)}",
            remedy="Check the address, the network, the credentials and, of an own store, endpoint_url (data.storage).",
        ) from None


def _said(error: Exception) -> str:
    words = redacted(" ".join(str(error).split())) or type(error).__name__
    return printable(words, limit=300)
