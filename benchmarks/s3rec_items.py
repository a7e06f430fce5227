"""An items table of the files that S3-Rec and its successors publish, as foretell reads it.

Usage: python -m benchmarks.s3rec_items --attributes item_attributes.json --names attribute_names.json
           --text item_text.csv --out items.parquet

An item's attributes are a brand, if it has one, and behind it a path of categories. Which is which is not said. A
category of the first level begins the lists of items without a brand and stands second in those of the others; a brand
does only the first.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import polars as pl

_LEVELS = ("category", "category_2", "category_3")
_FIRST_LEVEL_SHARE = 0.002
"""A name of the first level does each in at least so many of the lists."""


def first_level(lists: list[list[str]]) -> set[str]:
    """The names that paths of categories begin with: they lead lists and stand behind brands, each of it often."""
    leads = Counter(names[0] for names in lists if names)
    seconds = Counter(names[1] for names in lists if len(names) > 1)
    fewest = _FIRST_LEVEL_SHARE * len(lists)
    return {name for name, count in leads.items() if min(count, seconds[name]) >= fewest}


def items_table(attributes: dict[str, list[int]], names: dict[str, str], titles: dict[str, str]) -> pl.DataFrame:
    """One row an item: ``item_id, title, category, category_2, category_3, brand``."""
    lists = {item: [names[str(number)] for number in numbers] for item, numbers in attributes.items()}
    first = first_level(list(lists.values()))
    rows = []
    for item in sorted({*lists, *titles}, key=lambda name: (len(name), name)):
        path = lists.get(item, [])
        brand = path[0] if path and path[0] not in first else None
        levels = path[1:] if brand is not None else path
        row = {"item_id": item, "title": titles.get(item), "brand": None if brand == "Unknown" else brand}
        rows.append(row | dict(zip(_LEVELS, levels, strict=False)))
    schema = dict.fromkeys(("item_id", "title", *_LEVELS, "brand"), pl.String)
    return pl.DataFrame(rows, schema=schema)


def main() -> None:
    """Read the three files, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attributes", type=Path, required=True)
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--text", type=Path, help="CSV with the columns item and text")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    titles: dict[str, str] = {}
    if arguments.text is not None:
        table = pl.read_csv(arguments.text, schema_overrides={"item": pl.String, "text": pl.String})
        titles = dict(zip(table["item"].to_list(), table["text"].to_list(), strict=True))
    found = items_table(
        json.loads(arguments.attributes.read_text(encoding="utf-8")),
        json.loads(arguments.names.read_text(encoding="utf-8")),
        titles,
    )
    found.write_parquet(arguments.out)
    print(f"{found.height} items, {found['brand'].n_unique() - 1} brands, {found['category'].n_unique()} first levels")


if __name__ == "__main__":
    main()
