"""From a day's numbers to the rows of the event log, with the shop's public ids.

This module owns the spelling of ids and the canonical frame. It refuses to draw or to decide anything.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from foretell.core import columns
from foretell.simulate.behaviour import Treatment
from foretell.simulate.market import campaign_ids
from foretell.simulate.rows import Block
from foretell.simulate.state import World
from foretell.simulate.words import CHANNELS, QUERIES, REVIEWS

__all__ = ["EVENT_SCHEMA", "EventFrames", "number_ids", "treatments_frame"]

EVENT_SCHEMA = pl.Schema(
    {
        columns.EVENT_ID: pl.String(),
        columns.USER_ID: pl.String(),
        columns.TIME: pl.Int64(),
        columns.ACTION: pl.String(),
        columns.ITEM_ID: pl.String(),
        columns.SESSION_ID: pl.String(),
        columns.QUERY: pl.String(),
        columns.PRICE: pl.Float64(),
        columns.QUANTITY: pl.Float64(),
        columns.VALUE: pl.Float64(),
        columns.DISCOUNT: pl.Float64(),
        columns.ORDER_ID: pl.String(),
        columns.CAMPAIGN_ID: pl.String(),
        columns.POSITION: pl.String(),
        columns.LIST_ID: pl.String(),
        columns.RATING: pl.Float64(),
        columns.TEXT: pl.String(),
        columns.CHANNEL: pl.String(),
    }
)


class EventFrames:
    """Turns blocks of numbers into frames of ``EVENT_SCHEMA``.

    Args:
        world: The shop whose ids are used.
    """

    def __init__(self, world: World) -> None:
        texts = [text for phrases in REVIEWS for text in phrases]
        positions = [str(number) for number in range(128)]
        self._names = {
            columns.USER_ID: ("user", _with_null(world.customers.ids)),
            columns.ACTION: (columns.ACTION, _with_null(pl.Series(columns.ACTIONS))),
            columns.ITEM_ID: ("item", _with_null(world.catalogue.ids)),
            columns.QUERY: (columns.QUERY, _with_null(pl.Series(QUERIES))),
            columns.CAMPAIGN_ID: ("campaign", _with_null(campaign_ids(len(world.calendar.campaign_starts)))),
            columns.POSITION: (columns.POSITION, _with_null(pl.Series(positions))),
            columns.TEXT: (columns.TEXT, _with_null(pl.Series(texts))),
            columns.CHANNEL: (columns.CHANNEL, _with_null(pl.Series(CHANNELS))),
        }

    def frame(self, block: Block, *, first_event: int) -> pl.DataFrame:
        """The rows of ``block``; the first of them is event number ``first_event``."""
        n = len(block["user"])
        made: dict[str, pl.Series] = {
            columns.EVENT_ID: number_ids("e", np.arange(first_event, first_event + n)),
            columns.SESSION_ID: number_ids("s", block["session"]),
            columns.ORDER_ID: number_ids("o", block["order"]),
            columns.LIST_ID: number_ids("l", block["list"]),
            columns.TIME: pl.Series(block[columns.TIME]),
        }
        for name, (source, lookup) in self._names.items():
            made[name] = lookup.gather(block[source].astype(np.int64) % len(lookup))
        for name in (columns.PRICE, columns.QUANTITY, columns.VALUE, columns.DISCOUNT, columns.RATING):
            made[name] = pl.Series(block[name].astype(np.float64), nan_to_null=True)
        return pl.DataFrame({name: made[name] for name in EVENT_SCHEMA})


def number_ids(prefix: str, numbers: NDArray[np.generic]) -> pl.Series:
    """Ids such as ``e1000000042``; a negative number gives null.

    Example:
        >>> number_ids("e", np.array([42, -1])).to_list()
        ['e1000000042', None]
    """
    number = pl.lit(pl.Series(numbers.astype(np.int64)))
    named = pl.format(f"{prefix}{{}}", number + 1_000_000_000)
    return pl.select(pl.when(number >= 0).then(named).alias("id")).to_series()


def treatments_frame(world: World, treatment: Treatment) -> pl.DataFrame:
    """The side table ``treatments`` of one campaign; the untreated carry the time they would have had."""
    campaign = campaign_ids(treatment.campaign + 1).tail(1)
    return pl.DataFrame(
        {
            columns.CAMPAIGN_ID: campaign.new_from_index(0, len(treatment.user)),
            columns.USER_ID: world.customers.ids.gather(treatment.user),
            columns.TIME: treatment.time,
            columns.TREATED: treatment.treated,
        }
    )


def _with_null(names: pl.Series) -> pl.Series:
    """``names`` and a null behind them, where the code -1 points by wrapping around."""
    return pl.concat([names.cast(pl.String), pl.Series([None], dtype=pl.String)], rechunk=True)
