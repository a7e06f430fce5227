# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

import polars as pl
import pytest

from foretell.core.history import History
from foretell.core.time import DAY, SECOND
from foretell.explain.event_words import Narration
from foretell.explain.goods import Goods
from foretell.explain.speech import Speech
from foretell.explain.units import split_units

ITEMS = pl.DataFrame(
    {
        "item_id": ["1", "2", "3"],
        "title": ["Green tea, 20 bags", "Milk", None],
        "category": ["DRINKS", "DRINKS", "BAKERY"],
    }
)
CUTOFF = 100 * DAY


def told(*rows, language="en", item=None, n_latest=20):
    history = History.empty("ann").append(
        {"time": CUTOFF - ago, "action": action, **more} for ago, action, more in rows
    )
    units, _ = split_units(history, n_latest=n_latest, item=item)
    narration = Narration(Speech(language), Goods.of(ITEMS, wanted=["1", "2", "3"]), CUTOFF, item)
    return [narration.words(unit) for unit in units]


ORDER = [
    (9 * DAY, "purchase", {"order_id": "a", "item_id": "1", "value": 4.5}),
    (9 * DAY, "purchase", {"order_id": "a", "item_id": "2", "value": 1.0}),
    (9 * DAY, "purchase", {"order_id": "a", "item_id": "3", "value": 2.0}),
]
CART = [
    (2 * DAY, "search", {"query": "gift"}),
    (2 * DAY - 60 * SECOND, "view", {"item_id": "1"}),
    (2 * DAY - 90 * SECOND, "view", {"item_id": "2"}),
    (2 * DAY - 120 * SECOND, "cart", {"item_id": "2"}),
]


def test_an_order():
    assert told(*ORDER) == [
        "the order 9 days ago of 3 products for 7.50, among them Green tea 20 bags and item 3 (BAKERY)"
    ]
    assert told(*ORDER, language="zh") == ["9天前的订单：3件商品共7.50，其中有Green tea 20 bags、商品3（BAKERY）"]


def test_an_order_with_the_item_in_question():
    assert told(*ORDER, item="2") == ["the order 9 days ago of 3 products for 7.50, this item among them"]
    assert told(ORDER[1], item="2") == ["the order 9 days ago of 1 product for 1.00, this item"]
    assert told(*ORDER, item="9") == ["the order 9 days ago of 3 products for 7.50"]


def test_a_visit_with_a_cart_left_open():
    assert told(*CART) == [
        'the visit 1 day ago with Milk put in the cart but not ordered then, a search for "gift" '
        "and a look at 2 products of DRINKS"
    ]
    assert told(*CART, language="zh") == [
        "1天前的访问：把Milk放入购物车但当时没有下单、搜索“gift”、浏览2件商品（DRINKS）"
    ]


@pytest.mark.parametrize(
    ("action", "more", "words"),
    [
        ("review", {"rating": 2.0}, "the visit 5 days ago with a review of 2 stars"),
        ("review", {}, "the visit 5 days ago with a review"),
        ("refund", {}, "the visit 5 days ago with a refund"),
        ("wishlist_share", {}, "the visit 5 days ago with a wishlist share"),
        ("coupon_sent", {"campaign_id": "18"}, "the coupon of campaign 18 received 5 days ago"),
        ("coupon_redeemed", {"campaign_id": "18"}, "the visit 5 days ago with 1 coupon redeemed"),
        ("search", {}, "the visit 5 days ago with a search"),
        ("cart", {}, "the visit 5 days ago with something put in the cart but not ordered then"),
        ("purchase", {}, "the order 5 days ago of 1 product"),
    ],
)
def test_single_events_with_as_little_known_as_possible(action, more, words):
    assert told((5 * DAY, action, more)) == [words]


def test_what_came_before():
    rows = [(ago * DAY, "view", {"item_id": "1" if ago in (40, 50) else "2"}) for ago in (50, 40, 30, 20, 10)]
    assert told(*rows, n_latest=2)[0] == "everything up to 12 March 1970 (3 orders or visits, 3 events)"
    assert told(*rows, n_latest=2, item="1")[:2] == [
        "everything else up to 12 March 1970 (1 order or visit, 1 event)",
        "2 earlier visits with this item, the last 40 days ago",
    ]


def test_names_say_kind_and_time():
    history = History.empty("ann").append({"time": 0, "action": "view"} for _ in range(1))
    (unit,), _ = split_units(history)
    assert Narration(Speech("en"), Goods({}), CUTOFF).name(unit) == "visit 1970-01-01T00:00"
