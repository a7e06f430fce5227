"""Usual prices speak of the periods before each, and of nothing later."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from foretell.core.history import History
from foretell.core.time import DAY
from foretell.features import CategoryMap
from foretell.features.price_levels import PriceLevels


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(["tea", "soap", "nut"]), st.integers(1, 500)), min_size=1
    )
)
def test_usual_prices_know_only_earlier_periods(rows):
    """What a later log adds changes no reference up to the period after the last known event."""
    items = pl.DataFrame({"item_id": ["tea", "soap"], "category": ["food", "home"]})
    events = (
        History.empty("a")
        .append(
            {"time": day * DAY, "action": "view", "item_id": item, "price": cents / 100} for day, item, cents in rows
        )
        .events
    )
    known = events.filter(pl.col("time") < 112 * DAY)
    fit = {"levels": ["category", "log"], "categories": CategoryMap.of(items)}
    whole, past = PriceLevels.of(events, **fit), PriceLevels.of(known, **fit)
    last = known["time"].max()
    times = np.arange(0, 0 if last is None else last // (28 * DAY) + 2) * 28 * DAY + 5
    for level, code in (("log", 0), ("category", 0), ("category", 1), ("category", -1)):
        asked = {"code": np.full(len(times), code), "time": times}
        assert (whole.reference(level, **asked) == past.reference(level, **asked)).all()
        assert code >= 0 or not whole.reference(level, **asked).any()
