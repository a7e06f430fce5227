"""What is placed before each customer around a moment: the current placements of the customer's own store.

This module owns which placements are current and which store is a customer's own, both from what was known at the
cutoff. It refuses to invent a placement and to judge any.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from foretell.core import columns
from foretell.core.errors import InsufficientDataError
from foretell.core.time import DAY
from foretell.predictor.pair_inputs import POINT
from foretell.predictor.view import ShopView

__all__ = ["MOST_PLACEMENTS", "current_placements", "own_stores", "placements_at"]

MOST_PLACEMENTS: Final = 200
"""So many placements at most are weighed for a customer."""

_FOR_STORE: Final = "for_store"
_PLACE: Final = (columns.ITEM_ID, columns.POSITION, columns.CHANNEL)
_CURRENT_DAYS: Final = 7
_SILENT_DAYS: Final = 28
_HOME_DAYS: Final = 91


def placements_at(view: ShopView, *, points: pl.DataFrame) -> pl.DataFrame:
    """The placements each user may meet: those of the user's own store (``own_stores``).

    Who has never bought at a store with placements is offered those of the whole shop, as everybody is where
    placements have no store. Placements without a store among others that have one are offered to all.

    Args:
        view: What is known; its histories hold the users asked about.
        points: ``user_id``, ``cutoff``; one cutoff for all.

    Returns:
        ``point`` (row number in ``points``), ``item_id``, ``position``, ``channel`` and ``store_id`` (null where the
        placement is no single store's): points in order, the most shown placement first.

    Raises:
        InsufficientDataError: If nothing was shown before the cutoff.
    """
    cutoff = int(points[columns.CUTOFF][0])
    shown = current_placements(view, cutoff=cutoff)
    stores = shown[_FOR_STORE].drop_nulls().unique()
    home = own_stores(view.histories, users=points[columns.USER_ID], stores=stores, cutoff=cutoff)
    asked = (
        points.select(columns.USER_ID)
        .with_row_index(POINT)
        .join(home, on=columns.USER_ID, how="left", maintain_order="left")
        .select(POINT, pl.col(columns.STORE_ID).alias(_FOR_STORE))
    )
    offered = asked.join(shown, on=_FOR_STORE, how="inner", nulls_equal=True, maintain_order="left_right")
    return offered.select(POINT, *_PLACE, columns.STORE_ID)


def own_stores(histories: pl.DataFrame, *, users: pl.Series, stores: pl.Series, cutoff: int) -> pl.DataFrame:
    """The store of each user: of ``stores``, the one bought at most often in the 91 days before the cutoff.

    Of equals it is the one bought at last: the rule by which a shop's own lists are told which store a household is
    at home in. Where there is no purchase in those days, all earlier ones decide.

    Returns:
        ``user_id`` and ``store_id`` of the users who ever bought at one of ``stores``.

    Example:
        >>> from foretell.core.history import History
        >>> rows = [{"time": t, "action": "purchase", "store_id": s} for t, s in ((1, "a"), (2, "b"), (3, "b"))]
        >>> asked = {"users": pl.Series(["ann"]), "stores": pl.Series(["a", "b"]), "cutoff": 2}
        >>> own_stores(History.empty("ann").append(rows).events, **asked)["store_id"].to_list()
        ['b']
    """
    visits = histories.filter(
        (pl.col(columns.ACTION) == columns.PURCHASE)
        & (pl.col(columns.TIME) <= cutoff)
        & pl.col(columns.STORE_ID).is_in(stores.implode())
        & pl.col(columns.USER_ID).is_in(users.implode())
    )
    visit = pl.coalesce(columns.ORDER_ID, pl.col(columns.TIME).cast(pl.String))
    lately = pl.col(columns.TIME) > cutoff - _HOME_DAYS * DAY
    counted = visits.group_by(columns.USER_ID, columns.STORE_ID).agg(
        visit.filter(lately).n_unique().alias("lately"),
        visit.n_unique().alias("ever"),
        pl.col(columns.TIME).max().alias("last"),
    )
    counted = counted.with_columns(pl.when(pl.col("lately") == 0).then("ever").otherwise(0).alias("ever"))
    order = [columns.USER_ID, "lately", "ever", "last", columns.STORE_ID]
    return (
        counted.sort(order, descending=[False, True, True, True, False])
        .unique(columns.USER_ID, keep="first", maintain_order=True)
        .select(columns.USER_ID, columns.STORE_ID)
    )


def current_placements(view: ShopView, *, cutoff: int) -> pl.DataFrame:
    """The placements shown in the last week that had any before the cutoff, for each store and for the whole shop.

    A store that shows nothing in that week (of a thinned log, none of its rows may have been kept) counts with its own
    last week, if that lies in the 28 days before.

    Returns:
        ``item_id``, ``position``, ``channel``, ``store_id`` and ``for_store``, the store whose customers may meet it,
        null for the whole shop: the ``MOST_PLACEMENTS`` most shown rows of each, the most shown first.

    Raises:
        InsufficientDataError: If nothing was shown before the cutoff.
    """
    exposures = view.tables.get("exposures")
    past = None if exposures is None else _over(exposures, cutoff=cutoff)
    if past is None or not past.height:
        raise InsufficientDataError(
            "There is no placement to ask about.", received="no exposure before this moment", remedy="Ask later."
        )
    latest = int(str(past[columns.TIME].max()))
    return view.recall(("shown", latest), lambda: _most_shown(past, latest=latest))


def _over(exposures: pl.DataFrame, *, cutoff: int) -> pl.DataFrame:
    """The exposures that may be looked at: those by the cutoff, of a thinned log those a week before it.

    Which rows a thinned log keeps depends on what was bought in the week after them; that week must be over.
    """
    past = exposures.filter(pl.col(columns.TIME) <= cutoff)
    is_thinned = bool((past[columns.WEIGHT] != 1.0).any())
    return past.filter(pl.col(columns.TIME) <= cutoff - _CURRENT_DAYS * DAY) if is_thinned else past


def _most_shown(past: pl.DataFrame, *, latest: int) -> pl.DataFrame:
    in_week = pl.col(columns.TIME) > latest - _CURRENT_DAYS * DAY
    of_store = past.filter(
        (pl.col(columns.TIME) > latest - _SILENT_DAYS * DAY) & pl.col(columns.STORE_ID).is_not_null()
    )
    newest = pl.col(columns.TIME).max().over(columns.STORE_ID)
    of_store = _count(of_store.filter(pl.col(columns.TIME) > newest - _CURRENT_DAYS * DAY), columns.STORE_ID)
    stores = of_store.select(pl.col(columns.STORE_ID).alias(_FOR_STORE)).unique()
    storeless = _count(past.filter(in_week & pl.col(columns.STORE_ID).is_null()), columns.STORE_ID)
    of_shop = _count(past.filter(in_week)).with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in (columns.STORE_ID, _FOR_STORE)
    )
    lists = pl.concat(
        [
            of_store.with_columns(pl.col(columns.STORE_ID).alias(_FOR_STORE)),
            storeless.join(stores, how="cross"),
            of_shop,
        ],
        how="diagonal",
    )
    order = [_FOR_STORE, "shown", *_PLACE, columns.STORE_ID]
    ranked = lists.sort(order, descending=[False, True, *(False for _ in order[2:])])
    best = ranked.group_by(_FOR_STORE, maintain_order=True).head(MOST_PLACEMENTS)
    return best.select(*_PLACE, columns.STORE_ID, _FOR_STORE)


def _count(rows: pl.DataFrame, *more: str) -> pl.DataFrame:
    """How many real exposures each placement had."""
    return rows.group_by(*_PLACE, *more).agg(pl.col(columns.WEIGHT).sum().alias("shown"))
