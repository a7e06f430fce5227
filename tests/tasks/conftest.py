"""Hand-made logs: rows are (user, day, action, item), days counted from a round moment."""

import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.time import DAY

ORIGIN = 1_700_000_000_000_000


@pytest.fixture
def at():
    """From days (fractions allowed) to microseconds."""
    return lambda days: ORIGIN + round(days * DAY)


@pytest.fixture
def log_of():
    """From rows ``(user, time, action, item, value)``, the last two optional, to a log with an items table."""

    def build(*rows, **tables):
        filled = [(*row, *(None,) * (5 - len(row))) for row in rows]
        schema = {
            "user_id": pl.String,
            "time": pl.Int64,
            "action": pl.String,
            "item_id": pl.String,
            "value": pl.Float64,
        }
        items = pl.DataFrame({"item_id": ["x", "y", "z"], "category": ["TEA", "TEA", "CUPS"], "shelf": [1, 2, 1]})
        return EventLog(pl.DataFrame(filled, schema=schema, orient="row"), {"items": items, **tables})

    return build
