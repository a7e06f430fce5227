"""Dialects of flat tables and of text, written from canonical columns."""

from __future__ import annotations

from pathlib import Path

import polars as pl

SECOND = 1_000_000


def write_personalize(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    words = {"view": "View", "purchase": "Purchase", "click": "Click"}
    events.select(
        pl.col("user_id").alias("USER_ID"),
        pl.col("item_id").alias("ITEM_ID"),
        (pl.col("time") // SECOND).alias("TIMESTAMP"),
        pl.col("action").replace(words).alias("EVENT_TYPE"),
        pl.when(pl.col("action") == "purchase").then("value").alias("EVENT_VALUE"),
    ).write_csv(path)


def write_retailrocket(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    words = {"cart": "addtocart", "purchase": "transaction"}
    events.select(
        (pl.col("time") // 1000).alias("timestamp"),
        pl.col("user_id").alias("visitorid"),
        pl.col("action").replace(words).alias("event"),
        pl.col("item_id").alias("itemid"),
        pl.when(pl.col("action") == "purchase").then("order_id").alias("transactionid"),
    ).write_csv(path)


def write_rees46(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    known = events.join(items.drop("price", strict=False), on="item_id", how="left", maintain_order="left")
    words = {"uncart": "remove_from_cart"}
    known.select(
        pl.from_epoch(pl.col("time") // SECOND).dt.strftime("%Y-%m-%d %H:%M:%S UTC").alias("event_time"),
        pl.col("action").replace(words).alias("event_type"),
        pl.col("item_id").alias("product_id"),
        pl.lit("2053013555631882655").alias("category_id"),
        pl.concat_str("category", "category_2", separator=".").alias("category_code"),
        pl.col("brand"),
        pl.col("price").fill_null(0.0),
        pl.col("user_id"),
        pl.col("session_id").alias("user_session"),
    ).write_csv(path)


def write_taobao(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    categories = {name: str(number + 1) for number, name in enumerate(items["category"].unique().sort())}
    known = events.join(items.select("item_id", "category"), on="item_id", how="left", maintain_order="left")
    words = {"view": "pv", "favourite": "fav", "purchase": "buy"}
    known.select(
        numbers("user_id"),
        numbers("item_id"),
        pl.col("category").replace(categories).fill_null("0"),
        pl.col("action").replace(words),
        pl.col("time") // SECOND,
    ).write_csv(path, include_header=False)


def numbers(name: str) -> pl.Expr:
    """The whole number in an id, because the dialect has nothing but numbers."""
    return pl.col(name).str.extract(r"(\d+)").cast(pl.Int64).alias(name)


def write_sequences(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    rows = events.select(numbers("user_id"), numbers("item_id"), "time").group_by("user_id", maintain_order=True)
    text = []
    for (user,), part in rows:
        line = " ".join(str(cell) for cell in (user, *part["item_id"]))
        gaps = part["time"].diff().fill_null(0) // SECOND
        text.append(line + ("\t" + " ".join(str(gap) for gap in gaps) if "gaps" in path.name else ""))
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def write_session_lists(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    grouped = events.drop_nulls("session_id").sort("time", maintain_order=True)
    lists = grouped.group_by("session_id", maintain_order=True).agg(numbers("item_id").alias("items"))
    lists.select(pl.col("session_id").alias("session"), "items").write_parquet(path)


def write_invoices(events: pl.DataFrame, items: pl.DataFrame, path: Path) -> None:
    known = events.join(items.select("item_id", "title"), on="item_id", how="left", maintain_order="left")
    is_refund = pl.col("action") == "refund"
    known.select(
        (pl.when(is_refund).then(pl.lit("C")).otherwise(pl.lit("")) + pl.col("order_id")).alias("InvoiceNo"),
        pl.col("item_id").alias("StockCode"),
        pl.col("title").alias("Description"),
        pl.when(is_refund).then(-pl.col("quantity")).otherwise(pl.col("quantity")).cast(pl.Int64).alias("Quantity"),
        pl.from_epoch(pl.col("time") // SECOND).dt.strftime("%Y-%m-%d %H:%M:%S").alias("InvoiceDate"),
        pl.col("price").alias("UnitPrice"),
        pl.col("user_id").alias("CustomerID"),
        pl.lit("Ireland").alias("Country"),
    ).write_csv(path)


def write_cdnow(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    day = pl.from_epoch(pl.col("time") // SECOND).dt.strftime("%Y%m%d").alias("day")
    text = [" customer_id  date number_of_cds  dollar_value"]
    for row in events.with_columns(day, numbers("user_id")).iter_rows(named=True):
        text.append(f" {row['user_id']:05d} {row['day']} {int(row['quantity']):2d}  {row['value']:6.2f}")
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def write_canonical(events: pl.DataFrame, _: pl.DataFrame, path: Path) -> None:
    events.write_csv(path)
