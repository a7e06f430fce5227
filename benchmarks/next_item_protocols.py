"""What each format is learned from and asked: the protocols of the next-item benchmark.

``s3rec``: a line a user, ``user item item ...``; the last item is the test, the one before the validation (and part of
the test's input). ``sessions``: a folder with ``train_sessions.parquet`` and ``test.parquet`` (input, target); the
last tenth of the training sessions, which are numbered in the order of time, is the validation. ``events``: any log
foretell reads; the last tenth of time is the test, the tenth before the validation, and each event with an item is
asked for, given everything before it. In the last two formats what is chosen on the validation is kept and everything
before the test is learned from again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

import foretell
from foretell.core.history import HISTORY_SCHEMA, history_frame
from foretell.prepare import clean
from foretell.train.next_item import Continued

__all__ = ["FORMATS", "Protocol"]

LONGEST = 50
_MINUTE = 60_000_000


@dataclass(frozen=True)
class Protocol:
    """What may be learned from, and what is asked.

    Attributes:
        known: Training histories, a ``history_frame``.
        validation: What the choices are made on.
        test: What is looked at once.
        again: What is learned from once more after the choices, by the same settings; None where the published protocol
            learns from the training part alone.
        customers: The number of each test question's customer, where one customer is asked for several times.
    """

    known: pl.DataFrame
    validation: Continued
    test: Continued
    again: pl.DataFrame | None = None
    customers: np.ndarray | None = None


def leave_one_out(path: Path) -> Protocol:
    """The last item of each user is the test, the one before it the validation."""
    frame = history_frame(foretell.read_events(path, dialect="sequences"))
    place = pl.int_range(pl.len()).over("user_id")
    left = pl.len().over("user_id") - place
    numbered = frame.with_row_index("row").with_columns(left.alias("left"))
    return Protocol(
        known=frame.filter(left > 2),
        validation=_asked(frame, numbered.filter(pl.col("left") == 2)["row"].to_numpy()),
        test=_asked(frame, numbered.filter(pl.col("left") == 1)["row"].to_numpy()),
    )


def sessions(folder: Path) -> Protocol:
    """Sessions to learn from; inputs and targets to be judged by. All prefixes of the later sessions validate."""
    train = _by_number(history_frame(foretell.read_events(folder / "train_sessions.parquet", dialect="session-lists")))
    order = train["user_id"].unique(maintain_order=True)
    later = set(order.cast(pl.Int64).sort().tail(len(order) // 10).cast(pl.String).to_list())
    is_later = pl.col("user_id").is_in(later)
    known, held = train.filter(~is_later), train.filter(is_later)
    place = pl.int_range(pl.len()).over("user_id")
    rows = held.with_row_index("row").filter(place > 0)["row"].to_numpy()
    test = pl.read_parquet(folder / "test.parquet")
    lists = pl.DataFrame({"items": test[test.columns[0]], "target": test[test.columns[1]].cast(pl.String)})
    lists = lists.with_row_index("asked").with_columns(_names(pl.col("asked")).alias("user_id"))
    inputs = lists.explode("items").select("user_id", pl.col("items").cast(pl.String).alias("item_id"))
    inputs = inputs.with_columns(
        pl.lit("view").alias("action"), _moment(pl.lit(int(train["time"].max()) // _MINUTE + 1))
    )
    return Protocol(
        known=known,
        validation=_asked(held, rows),
        test=Continued(_conformed(inputs), lists["target"]),
        again=train,
    )


def events(path: Path) -> Protocol:
    """A log cut by time: eight tenths to learn from, one to choose on, one to be judged by."""
    frame = history_frame(clean(foretell.read_events(path)).log).filter(pl.col("item_id").is_not_null())
    times = frame["time"]
    begins = [float(times.quantile(share) or 0) for share in (0.8, 0.9)]
    numbered = frame.with_row_index("row").with_columns(pl.int_range(pl.len()).over("user_id").alias("place"))
    asked = numbered.filter(pl.col("place") > 0)
    validation = asked.filter((pl.col("time") >= begins[0]) & (pl.col("time") < begins[1]))["row"].to_numpy()
    test = asked.filter(pl.col("time") >= begins[1])["row"].to_numpy()
    return Protocol(
        known=frame.filter(pl.col("time") < begins[0]),
        validation=_asked(frame, validation),
        test=_asked(frame, test),
        again=frame.filter(pl.col("time") < begins[1]),
        customers=frame["user_id"][test].rle_id().to_numpy(),
    )


def _by_number(train: pl.DataFrame) -> pl.DataFrame:
    """A minute for each session, in the order of their numbers, and a second for each event."""
    return train.with_columns(_moment(pl.col("user_id").cast(pl.Int64)))


def _moment(minute: pl.Expr) -> pl.Expr:
    return (minute * _MINUTE + pl.int_range(pl.len()).over("user_id") * 1_000_000).alias("time")


FORMATS = {"s3rec": leave_one_out, "sessions": sessions, "events": events}


def _asked(frame: pl.DataFrame, rows: np.ndarray) -> Continued:
    """For each row the events of its user before it, the last ``LONGEST`` of them, under a name of its own."""
    rows = rows.astype(np.int64)
    users = frame["user_id"].rle_id().to_numpy()
    begins = np.flatnonzero(np.concatenate([[True], users[1:] != users[:-1]]))
    first = np.maximum(begins[users[rows]], rows - LONGEST)
    lengths = rows - first
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = np.repeat(first - offsets[:-1], lengths) + np.arange(offsets[-1])
    asked = pl.Series("asked", np.repeat(np.arange(len(rows)), lengths))
    histories = frame[index].with_columns(pl.select(_names(asked)).to_series().alias("user_id"))
    return Continued(histories, frame["item_id"][rows])


def _names(asked: pl.Expr | pl.Series) -> pl.Expr:
    """Zero-padded, so that the order of the names is the order of the questions."""
    number = pl.lit(asked) if isinstance(asked, pl.Series) else asked
    return number.cast(pl.String).str.zfill(9)


def _conformed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in HISTORY_SCHEMA.items()
    )
