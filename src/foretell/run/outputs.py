"""Files a verb writes or reads beside a run: answers, user lists, simulated shops.

This module owns their formats. It refuses to overwrite anything half-way: files appear whole.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import polars as pl

from foretell.core.errors import InputError, SourceError
from foretell.core.files import appearing_whole
from foretell.core.system_errors import from_os_error
from foretell.simulate import ShopConfig, simulate

__all__ = ["check_folder", "check_output", "read_users", "simulate_shop", "write_answers"]

_SEPARATORS: Final = (",", ";", "\t")

_talk = logging.getLogger("foretell.run")


def check_output(path: Path) -> None:
    """Refuse a file name before any work is done for it.

    Raises:
        InputError: If the name ends in neither .parquet nor .csv, is a folder, or lies under a file.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise InputError(
            "The output format is not known.", received=path.name, remedy="End the name in .parquet or .csv."
        )
    if path.is_dir():
        raise InputError("The output is a folder.", received=path, remedy="Name a file in it.")
    above = next((folder for folder in path.parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise InputError("The output lies under a file.", received=path, remedy=f"{above} is a file: name a folder.")


def check_folder(path: Path) -> None:
    """Refuse a folder that cannot be made or written to, before any work is done for it; nothing stays there.

    Raises:
        SourceError: If another folder is needed.
        ForetellError: If the disk is full or fails.
    """
    made: list[Path] = []
    try:
        made = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        refused = from_os_error(error)
        if refused is not None and not isinstance(refused, InputError):
            raise refused from error
        raise SourceError(
            "The output folder cannot be made or written to.",
            received=f"{path}: {error.strerror or error}",
            remedy="Give a folder on a disk that you may write to.",
        ) from error
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def write_answers(answers: pl.DataFrame, path: Path) -> None:
    """Write answers as Parquet or CSV, by the name's ending."""
    check_output(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with appearing_whole(path) as place:
        if path.suffix == ".csv":
            answers.write_csv(place)
        else:
            answers.write_parquet(place)


def read_users(path: Path) -> list[str]:
    """User ids, one a line, each once; a first line ``user_id`` is a header.

    How many lines repeat an earlier one is said as a warning of the logger ``foretell``.

    Raises:
        SourceError: If the file is missing, unreadable or names nobody.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()  # spreadsheets begin with a mark that is no id
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            "The list of users cannot be read.", received=path, remedy="Give a text file, one id a line."
        ) from error
    separator = next((mark for mark in _SEPARATORS if lines and mark in lines[0]), None)
    if separator is not None:
        lines = _user_column(path, lines[0], separator=separator)
    names = [line.strip().strip('"') for line in lines if line.strip()]
    if names[:1] == ["user_id"]:
        names = names[1:]
    if not names:
        raise SourceError("The list of users is empty.", received=path, remedy="Write one user id a line.")
    distinct = list(dict.fromkeys(names))
    if len(distinct) < len(names):
        _talk.warning(
            "Lines of %s that repeat a user: %s of %s; each user gets one answer.",
            path,
            f"{len(names) - len(distinct):,}",
            f"{len(names):,}",
        )
    return distinct


def _user_column(path: Path, header: str, *, separator: str) -> list[str]:
    """The column ``user_id`` of a CSV file with several columns."""
    try:
        return pl.read_csv(path, infer_schema=False, separator=separator)["user_id"].drop_nulls().to_list()
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            "The list of users has several columns and none is called user_id.",
            received=header[:200],
            remedy="Write one user id a line, or name the column user_id.",
        ) from error


def simulate_shop(out: Path, *, n_users: int, n_items: int, days: int, seed: int) -> dict[str, Any]:
    """Simulate a shop and write it with its truth; returns what was written.

    Raises:
        SourceError: If the place is taken; then nothing is simulated.
    """
    if out.exists() and not out.is_dir():
        raise SourceError(
            "The place for the simulated shop is a file.", received=out, remedy="Name a new folder as --out."
        )
    if out.is_dir() and any(out.iterdir()):
        raise SourceError(
            "The folder for the simulated shop is not empty.",
            received=out,
            remedy="Name a new or empty folder as --out, or remove this one first.",
        )
    shop = simulate(ShopConfig(n_users=n_users, n_items=n_items, days=days, seed=seed))
    shop.save(out)
    return {
        "folder": str(out),
        "events": shop.events.height,
        "users": n_users,
        "items": n_items,
        "days": days,
        "tables": sorted(shop.tables),
        "truth": str(out / "truth"),
    }
