"""The simulated shop as one object: its log, its side tables and the truth about it.

This module owns the public functions. It refuses to know how the shop works (``engine``) or what its files
look like (``storage``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import polars as pl

from foretell.core.errors import ConfigError
from foretell.core.events import SIDE_TABLES, EventLog
from foretell.simulate import truth as tables_of_truth
from foretell.simulate.config import ShopConfig
from foretell.simulate.dirt import add_dirt
from foretell.simulate.engine import Engine
from foretell.simulate.randomness import Streams
from foretell.simulate.state import World, draw_world
from foretell.simulate.storage import TRUTH, join_parts, new_folder, write_settings, write_table

__all__ = ["Shop", "simulate", "simulate_into"]

_LARGE: Final = ("events", "demand", "clicks", "intents")
_ROWS_PER_PART: Final = 2_000_000


@dataclass(frozen=True)
class Shop:
    """A simulated shop.

    Attributes:
        config: The settings it was made with.
        events: The log, canonical columns, one row an event.
        tables: Side tables ``items, users, campaigns, treatments, promotions, stockouts``.
        truth: Truth tables ``users, items, purchase, uplift, demand, clicks, intents, transitions`` and,
            where dirt was asked for, ``dirt``.
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
    order_value: float

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
        return dict(counts.iter_rows())

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the log, the side tables, the truth and the settings; nothing is left half-written.

        Args:
            folder: Where to; made if it does not exist.
            overwrite: Replace a folder that is not empty.

        Returns:
            The folder.

        Raises:
            SourceError: If the folder is a file, or is not empty and ``overwrite`` is False.
        """
        with new_folder(folder, overwrite=overwrite) as partial:
            write_table(self.events, partial / "events.parquet")
            for name, table in self.tables.items():
                write_table(table, partial / f"{name}.parquet")
            for name, table in self.truth.items():
                write_table(table, partial / TRUTH / f"{name}.parquet")
            write_settings(self.config, partial, order_value=self.order_value, dirt=self.dirt_counts())
        return Path(folder)


def simulate(
    config: ShopConfig | None = None, *, dirt: float = 0.0, order: Literal["time", "shuffled"] = "time"
) -> Shop:
    """Simulate a shop in memory; the same settings give the same shop to the last byte.

    Args:
        config: The settings; the default shop has 2,000 customers, 400 items and 180 days.
        dirt: Dirty rows to add, as a share of the clean ones; 0 adds none, more than 0 also adds one robot.
        order: How the rows of the log lie: by time or shuffled.

    Raises:
        ConfigError: If ``dirt`` is not a share between 0 and 0.5, or ``order`` is unknown.

    Example:
        >>> shop = simulate(ShopConfig(n_users=50, n_items=60, days=30, seed=3))
        >>> shop.events["event_id"].is_unique().all()
        True

    References:
        Customers who buy until they drop out: Schmittlein, Morrison and Colombo, "Counting Your Customers",
        1987. Response types: Radcliffe, "Using Control Groups to Target on Predicted Lift", 2007. Clicks by
        position: Richardson, Dominowska and Ragno, "Predicting Clicks", 2007.
    """
    if not 0 <= dirt <= 0.5:
        raise ConfigError("The share of dirty rows is out of range.", received=dirt, remedy="Give 0 to 0.5.")
    if order not in ("time", "shuffled"):
        raise ConfigError("Unknown order of rows.", received=repr(order), remedy="Use 'time' or 'shuffled'.")
    config = config or ShopConfig()
    world = draw_world(config)
    engine = Engine(world)
    days = list(engine.days())
    events = pl.concat([day.events for day in days if day.events is not None], rechunk=True)
    names = dict.fromkeys(name for day in days for name in day.truth)
    truth = {name: pl.concat([day.truth[name] for day in days if name in day.truth]) for name in names}
    truth |= engine.lasting_truth()
    truth["uplift"] = tables_of_truth.with_profit(truth["uplift"], world, order_value=engine.order_value)
    if dirt > 0 and events.height:
        events, truth["dirt"] = add_dirt(events, share=dirt, rng=Streams(config.seed)("dirt"))
    if order == "shuffled":
        events = events[Streams(config.seed)("shuffle").permutation(events.height)]
    treatments = pl.concat([day.treatments for day in days if day.treatments is not None])
    return Shop(config, events, {**_side_tables(world), "treatments": treatments}, truth, engine.order_value)


def simulate_into(
    folder: str | Path, config: ShopConfig | None = None, *, with_truth: bool = True, overwrite: bool = False
) -> Path:
    """Simulate straight to disk, a few days at a time, for shops whose log does not fit in memory.

    The files are those of ``simulate(config).save(folder)``, without dirt and by time.

    Args:
        folder: Where to; made if it does not exist.
        config: The settings.
        with_truth: Whether to write the truth that grows with the log as well: purchase, uplift, demand,
            clicks, intents.
        overwrite: Replace a folder that is not empty.

    Returns:
        The folder.

    Raises:
        SourceError: If the folder is a file, or is not empty and ``overwrite`` is False.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "shop"
        >>> path = simulate_into(place, ShopConfig(n_users=50, n_items=60, days=30))
        >>> (path / "events.parquet").exists()
        True
    """
    config = config or ShopConfig()
    world = draw_world(config)
    engine = Engine(world, with_truth=with_truth)
    with new_folder(folder, overwrite=overwrite) as partial:
        kept = _write_days(engine, partial)
        truth = engine.lasting_truth()
        if with_truth:
            truth |= {name: pl.concat(parts) for name, parts in kept.items() if name != "treatments"}
            truth["uplift"] = tables_of_truth.with_profit(truth["uplift"], world, order_value=engine.order_value)
        for name, table in truth.items():
            write_table(table, partial / TRUTH / f"{name}.parquet")
        for name, table in {**_side_tables(world), "treatments": pl.concat(kept["treatments"])}.items():
            write_table(table, partial / f"{name}.parquet")
        write_settings(config, partial, order_value=engine.order_value, dirt={})
    return Path(folder)


def _write_days(engine: Engine, folder: Path) -> dict[str, list[pl.DataFrame]]:
    """Write what grows with the log in parts, then join them; returns the tables that stay small."""
    small: dict[str, list[pl.DataFrame]] = {}
    large: dict[str, list[pl.DataFrame]] = {}
    parts: dict[str, list[Path]] = {}

    def flush() -> None:
        for name, frames in large.items():
            place = parts.setdefault(name, [])
            place.append(folder / f"{name}-{len(place):05d}.part")
            write_table(pl.concat(frames), place[-1])
        large.clear()

    for day in engine.days():
        tables = {"events": day.events, "treatments": day.treatments, **day.truth}
        for name, table in tables.items():
            if table is not None:
                (large if name in _LARGE else small).setdefault(name, []).append(table)
        if sum(table.height for table in large.get("events", [])) >= _ROWS_PER_PART:
            flush()
    flush()
    for name, paths in parts.items():
        join_parts(paths, (folder if name == "events" else folder / TRUTH) / f"{name}.parquet")
    return small


def _side_tables(world: World) -> dict[str, pl.DataFrame]:
    """The side tables that do not grow with the log."""
    start = world.config.start_microseconds
    return {
        "items": world.catalogue.frame(start=start),
        "users": world.customers.frame(start=start),
        "campaigns": world.calendar.campaigns_frame(),
        "promotions": world.calendar.promotions_frame(),
        "stockouts": world.calendar.stockouts_frame(),
    }
