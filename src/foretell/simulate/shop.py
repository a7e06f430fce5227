"""The simulated shop as one object, and its files.

This module owns the public functions and the layout on disk. It refuses to know how the shop works.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from foretell.core import columns
from foretell.core.errors import ConfigError, SourceError
from foretell.core.events import SIDE_TABLES, EventLog
from foretell.simulate import truth as truth_tables
from foretell.simulate.causes import causes_of
from foretell.simulate.config import ShopConfig
from foretell.simulate.dirt import add_dirt
from foretell.simulate.engine import DayTables, Engine
from foretell.simulate.frames import EVENT_SCHEMA
from foretell.simulate.randomness import Streams
from foretell.simulate.state import World, draw_world

__all__ = ["Shop", "simulate", "simulate_into"]

_ROW_GROUP = 250_000
_DAILY_TRUTH = ("purchase", "uplift", "demand", "clicks", "intents")


@dataclass(frozen=True)
class Shop:
    """A simulated shop: its log, its side tables and the truth about it.

    Attributes:
        config: The settings it was made with.
        events: The log, canonical columns, one row an event.
        tables: Side tables ``items, users, campaigns, treatments, promotions, stockouts``.
        truth: Truth tables ``users, items, purchase, uplift, demand, clicks, intents, transitions`` and, where
            dirt was asked for, ``dirt``.
        order_value: Mean money paid for an order: what the profits in ``uplift`` value a conversion by.

    Example:
        >>> shop = simulate(ShopConfig(n_users=50, n_items=60, days=30))
        >>> sorted(shop.tables)
        ['campaigns', 'items', 'promotions', 'stockouts', 'treatments', 'users']
        >>> shop.truth["purchase"].columns[:4]
        ['user_id', 'cutoff', 'probability_7_days', 'probability_28_days']
    """

    config: ShopConfig
    events: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    order_value: float = field(default=0.0)

    def log(self) -> EventLog:
        """The log as foretell's own ``EventLog``, with the side tables it knows."""
        known = {name: table for name, table in self.tables.items() if name in SIDE_TABLES}
        return EventLog(self.events, tables=known)

    def dirt_counts(self) -> dict[str, int]:
        """How many dirty rows of each rule the log holds; empty for a clean log."""
        dirt = self.truth.get("dirt")
        if dirt is None:
            return {}
        counts = dirt.group_by("rule", maintain_order=True).len()
        return dict(zip(counts["rule"].to_list(), counts["len"].to_list(), strict=True))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the log, the side tables, the truth and the settings; nothing is left half-written.

        Args:
            folder: Where to; made if it does not exist.
            overwrite: Replace a folder that is not empty.

        Returns:
            The folder.

        Raises:
            SourceError: If the folder is not empty and ``overwrite`` is False, or is a file.
        """
        target, partial = _begin(folder, overwrite=overwrite)
        _write(self.events, partial / "events.parquet")
        for name, table in self.tables.items():
            _write(table, partial / f"{name}.parquet")
        for name, table in self.truth.items():
            _write(table, partial / "truth" / f"{name}.parquet")
        _write_settings(self.config, partial, order_value=self.order_value, dirt=self.dirt_counts())
        return _finish(target, partial)


def simulate(
    config: ShopConfig | None = None, *, dirt: float = 0.0, order: Literal["time", "shuffled"] = "time"
) -> Shop:
    """Simulate a shop in memory; the same settings and seed give the same shop to the last byte.

    Args:
        config: The settings; the default shop has 2,000 customers, 400 items and 180 days.
        dirt: Dirty rows to add, as a share of the clean ones; 0 adds none.
        order: How the rows of the log lie: by time or shuffled.

    Raises:
        ConfigError: If ``dirt`` is not a share between 0 and 0.5, or ``order`` is unknown.

    Example:
        >>> shop = simulate(ShopConfig(n_users=50, n_items=60, days=30, seed=3))
        >>> shop.events["event_id"].is_unique().all()
        True

    References:
        The customer model follows the buy-till-you-drop family (Schmittlein, Morrison and Colombo, "Counting
        Your Customers", 1987) with replenishment clocks; the response types are those of Radcliffe, "Using
        Control Groups to Target on Predicted Lift", 2007; the click model is a position-based logit (Richardson,
        Dominowska and Ragno, "Predicting Clicks", 2007).
    """
    if not 0 <= dirt <= 0.5:
        raise ConfigError("The share of dirty rows is out of range.", received=dirt, remedy="Give 0 to 0.5.")
    if order not in ("time", "shuffled"):
        raise ConfigError("Unknown order of rows.", received=repr(order), remedy="Use 'time' or 'shuffled'.")
    config = config or ShopConfig()
    world, state = draw_world(config)
    engine = Engine(world, state)
    days = list(engine.days())
    events = pl.concat([day.events for day in days], rechunk=True)
    tables = _side_tables(world, days)
    truth = {name: _concat(day.truth.get(name) for day in days) for name in _DAILY_TRUTH}
    value = engine.money / max(engine.n_orders, 1)
    known = {name: table for name, table in truth.items() if table is not None}
    if "uplift" in known:
        known["uplift"] = truth_tables.with_profit(known["uplift"], world, order_value=value)
    known |= _lasting_truth(world, engine)
    if dirt > 0 and events.height:
        events, known["dirt"] = add_dirt(events, share=dirt, rng=Streams(config.seed)("dirt"))
    if order == "shuffled":
        events = events[Streams(config.seed)("shuffle").permutation(events.height)]
    return Shop(config, events, tables, known, value)
