"""A small shop's log in canonical columns, the same on every machine: what the golden samples are written from.

Not drawn by the simulator, so that changing it changes no golden sample, and from no data set.
"""

from __future__ import annotations

import random

import polars as pl

SECOND = 1_000_000
START = 1_704_103_200 * SECOND  # 2024-01-01 10:00 UTC
ITEMS = {
    f"{100 + number}": {
        "category": category,
        "category_2": kind,
        "brand": brand,
        "title": f"{brand} {kind} {number}",
        "price": price,
    }
    for number, (category, kind, brand, price) in enumerate(
        [
            ("garden", "seeds", "Fern", 2.5),
            ("garden", "spades", "Fern", 18.0),
            ("garden", "pots", "Clay", 7.25),
            ("kitchen", "knives", "Edge", 24.0),
            ("kitchen", "pans", "Edge", 39.5),
            ("kitchen", "cups", "Clay", 4.0),
            ("office", "pens", "Line", 1.75),
            ("office", "paper", "Line", 5.5),
        ]
    )
}
COLUMNS = {
    "event_id": pl.String,
    "user_id": pl.String,
    "time": pl.Int64,
    "action": pl.String,
    "item_id": pl.String,
    "session_id": pl.String,
    "query": pl.String,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "value": pl.Float64,
    "discount": pl.Float64,
    "order_id": pl.String,
    "position": pl.String,
    "list_id": pl.String,
    "channel": pl.String,
    "received_time": pl.Int64,
    "currency": pl.String,
}


def small_shop() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events of ten customers over four weeks, and their items."""
    chance = random.Random(20240101)
    rows: list[dict[str, object]] = []
    n_orders = 0
    for user in range(10):
        for visit in range(chance.randint(1, 3)):
            moment = START + (chance.randrange(28) * 86_400 + chance.randrange(36_000)) * SECOND
            session = {"user_id": f"{7001 + user}", "session_id": f"s{user}-{visit}", "channel": "web"}

            def add(action: str, *, wait: int = 20, session: dict[str, str] = session, **cells: object) -> None:
                nonlocal moment
                moment += wait * SECOND
                rows.append({"time": moment, "action": action, **session, **cells})

            seen = chance.sample(sorted(ITEMS), 3)
            if chance.random() < 0.5:
                add("search", query=ITEMS[seen[0]]["category_2"])
            if chance.random() < 0.6:
                for place, item in enumerate(seen):
                    add("impression", wait=0, item_id=item, position=str(place), list_id=f"list{user}")
                add("click", item_id=seen[0], position="0", list_id=f"list{user}")
            for item in seen:
                add("view", item_id=item, price=ITEMS[item]["price"])
            if chance.random() < 0.7:
                for item in seen[:2]:
                    add("cart", item_id=item, price=ITEMS[item]["price"], quantity=1.0)
                if chance.random() < 0.3:
                    add("uncart", item_id=seen[1], price=ITEMS[seen[1]]["price"], quantity=1.0)
                order = f"o{5000 + n_orders}"
                n_orders += 1
                moment += 60 * SECOND
                for item in seen[:2]:
                    price, units = float(str(ITEMS[item]["price"])), float(chance.randint(1, 3))
                    paid = {"price": price, "quantity": units, "value": price * units, "order_id": order}
                    add("purchase", wait=0, item_id=item, **paid)
                if chance.random() < 0.4:
                    price = float(str(ITEMS[seen[0]]["price"]))
                    paid = {"price": price, "quantity": 1.0, "value": price, "order_id": order}
                    add("refund", wait=86_400, item_id=seen[0], **paid)
            elif chance.random() < 0.5:
                add("favourite", item_id=seen[0])
    ordered = sorted(rows, key=lambda row: (str(row["user_id"]), int(str(row["time"]))))
    for row in ordered:
        row["received_time"] = int(str(row["time"])) + 2 * SECOND
        row["currency"] = "EUR" if row.get("item_id") else None
    events = pl.DataFrame([{"event_id": f"e{number:04d}", **row} for number, row in enumerate(ordered)], schema=COLUMNS)
    items = pl.DataFrame([{"item_id": item, **attributes} for item, attributes in ITEMS.items()])
    return events, items
