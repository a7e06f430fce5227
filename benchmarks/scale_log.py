"""A large simulated log as Parquet, for the benchmarks of scale: many users, popular items, all kinds of actions.

The shop of ``foretell.simulate`` plants causes customer by customer and is too slow for a hundred million rows; here
only sizes matter, so rows are drawn at random, a part at a time, in order of time.

Example:
    python -m benchmarks.scale_log --events 20000000 --out /tmp/log20
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

__all__ = ["write_log"]

DAYS: Final = 180
START: Final = 1_700_000_000_000_000
EVENTS_PER_USER: Final = 50
PART_ROWS: Final = 2_000_000
_DAY: Final = 86_400_000_000
_ACTIONS: Final = ("view", "search", "cart", "favourite", "purchase")
_SHARES: Final = (0.74, 0.06, 0.1, 0.02, 0.08)


def write_log(out: Path, *, n_events: int, seed: int = 0) -> Path:
    """Write ``n_events`` events into Parquet parts under ``out``; the same arguments write the same bytes.

    Of the rows 0.5 % repeat another one exactly and 0.2 % name no user, as real exports do.
    """
    out.mkdir(parents=True, exist_ok=True)
    n_users = max(n_events // EVENTS_PER_USER, 1)
    n_items = int(np.clip(n_events // 400, 100, 100_000))
    n_parts = -(-n_events // PART_ROWS)
    for part in range(n_parts):
        rows = min(PART_ROWS, n_events - part * PART_ROWS)
        frame = _part(np.random.default_rng([seed, part]), rows, n_users, n_items, part / n_parts, (part + 1) / n_parts)
        frame.write_parquet(out / f"part-{part:04d}.parquet", compression="zstd")
    return out


def _part(random: np.random.Generator, rows: int, n_users: int, n_items: int, begin: float, end: float) -> pl.DataFrame:
    span = DAYS * _DAY
    time = np.sort(random.integers(int(span * begin), int(span * end), rows)) + START
    user = (n_users * random.random(rows) ** 1.5).astype(np.int64)  # some customers come far more often than others
    item = (n_items * random.random(rows) ** 3).astype(np.int64)
    action = random.choice(len(_ACTIONS), rows, p=_SHARES)
    is_purchase = action == _ACTIONS.index("purchase")
    price = np.round(5 + (item * 7919 % 9973) / 100, 2)
    quantity = random.integers(1, 4, rows).astype(np.float64)
    order = user * 1000 + (time - START) // (_DAY // 4) % 1000
    is_search = action == _ACTIONS.index("search")
    frame = pl.DataFrame(
        {
            "user_id": user,
            "time": time,
            "action": pl.Series(action)
            .cast(pl.Int64)
            .replace_strict(dict(enumerate(_ACTIONS)), return_dtype=pl.String),
            "item_id": pl.Series(item).set(pl.Series(is_search), None),
            "price": pl.Series(price).set(pl.Series(is_search), None),
            "quantity": pl.Series(quantity).set(pl.Series(~is_purchase), None),
            "value": pl.Series(np.round(price * quantity, 2)).set(pl.Series(~is_purchase), None),
            "order_id": pl.Series(order).set(pl.Series(~is_purchase), None),
        }
    )
    nameless = pl.Series(random.random(rows) < 0.002)
    frame = frame.with_columns(pl.when(nameless).then(None).otherwise(pl.col("user_id")).alias("user_id"))
    keep = frame.head(rows - rows // 200)
    again = np.sort(random.integers(0, keep.height, rows - keep.height))
    return pl.concat([keep, keep[again]]).sort("time", maintain_order=True)


def main() -> None:
    """Write a log from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    write_log(chosen.out, n_events=chosen.events, seed=chosen.seed)


if __name__ == "__main__":
    main()
