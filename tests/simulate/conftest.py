"""One default shop for the whole set, and the small frames the tests look at it through."""

import polars as pl
import pytest

from foretell.core.time import DAY
from foretell.simulate import Shop, ShopConfig, simulate


@pytest.fixture(scope="session")
def shop() -> Shop:
    return simulate(ShopConfig())


@pytest.fixture(scope="session")
def tiny_config() -> ShopConfig:
    return ShopConfig(n_users=80, n_items=60, days=50, seed=5)


@pytest.fixture(scope="session")
def purchases(shop: Shop) -> pl.DataFrame:
    """Purchased lines with the number of their day and the item's category."""
    day = ((pl.col("time") - shop.config.start_microseconds) // DAY).alias("day")
    bought = shop.events.filter(pl.col("action") == "purchase").with_columns(day)
    return bought.join(shop.tables["items"].select("item_id", "category", "category_2"), on="item_id")


@pytest.fixture(scope="session")
def outcomes(shop: Shop, purchases: pl.DataFrame) -> pl.DataFrame:
    """``truth/purchase`` at the cutoffs whose window lies in the log, with what then happened."""
    end = shop.config.start_microseconds + shop.config.days * DAY
    cutoffs = shop.truth["purchase"].filter(pl.col("cutoff") <= end - 28 * DAY)
    bought = purchases.select("user_id", "time").unique()
    pairs = cutoffs.select("user_id", "cutoff").join(bought, on="user_id")
    gap = pl.col("time") - pl.col("cutoff")
    later = pairs.filter((gap > 0) & (gap <= 28 * DAY)).group_by("user_id", "cutoff").agg(gap.min().alias("wait"))
    before = pairs.filter(gap <= 0).group_by("user_id", "cutoff")
    history = before.agg(pl.len().alias("frequency"), (-gap).min().alias("recency"))
    joined = cutoffs.join(later, on=["user_id", "cutoff"], how="left")
    joined = joined.join(history, on=["user_id", "cutoff"], how="left")
    return joined.with_columns(
        pl.col("wait").is_not_null().alias("bought_28_days"),
        (pl.col("wait") <= 7 * DAY).fill_null(False).alias("bought_7_days"),
        pl.col("frequency").fill_null(0),
        pl.col("recency").fill_null(10_000 * DAY),
    )
