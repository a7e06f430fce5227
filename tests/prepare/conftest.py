"""Logs to clean and to judge, small and made here."""

import polars as pl
import pytest

from foretell.core.events import EventLog
from foretell.core.time import DAY

START = 1_577_836_800_000_000  # 2020-01-01


@pytest.fixture
def make_log():
    """Build a log from rows of (user, day, action, item, price, quantity), with further columns by name."""

    def _make(rows, *, tables=None, rejected=None, **more):
        frame = pl.DataFrame(
            [(user, None if day is None else START + int(day * DAY), *rest) for user, day, *rest in rows],
            schema={
                "user_id": pl.String,
                "time": pl.Int64,
                "action": pl.String,
                "item_id": pl.String,
                "price": pl.Float64,
                "quantity": pl.Float64,
            },
            orient="row",
        )
        extra = [pl.Series(name, values) for name, values in more.items()]
        return EventLog(frame.with_columns(extra), tables or {}, rejected=rejected)

    return _make
