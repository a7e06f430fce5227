"""Small logs in every shape the sources read, written by us."""

from datetime import UTC, datetime

import polars as pl
import pytest

ROWS = {
    "user_id": [7, 7, 8, 9],
    "time": [1_577_836_800_000_000, 1_577_836_860_500_000, 1_577_923_200_000_000, 1_580_515_200_000_000],
    "action": ["view", "purchase", "cart", "purchase"],
    "item_id": ["A1", "A1", "B2", None],
    "price": [2.5, 2.5, 10.0, None],
    "quantity": [None, 2.0, 1.0, None],
}


@pytest.fixture
def golden():
    """Four events in canonical columns, ids as whole numbers and text."""
    return pl.DataFrame(ROWS)


@pytest.fixture
def write(tmp_path):
    """Write bytes or text to a file of the given name and return its path."""

    def _write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def moment(year, month, day, hour=0, minute=0, second=0):
    return datetime(year, month, day, hour, minute, second)


@pytest.fixture
def tiny_journey(tmp_path):
    """A folder in the layout of Complete Journey: 3 households, 4 products, 2 stores, weeks 1 to 12."""
    folder = tmp_path / "journey"
    folder.mkdir()
    weeks = range(1, 13)
    purchases = []
    for household, store in ((1, 10), (2, 20), (3, 10)):
        for week in weeks:
            day = datetime(2016, 12, 28, 18, tzinfo=UTC).timestamp() + (week - 1) * 7 * 86_400
            when = datetime.fromtimestamp(day, tz=UTC).replace(tzinfo=None)
            purchases.append(
                (household, store, household * 1000 + week, 100 + week % 3, 1, 2.0, 0.5, 0.0, 0.0, week, when)
            )
    last = moment(2017, 3, 10, 12)
    purchases += [
        (1, 10, 9001, 104, 10_000, 24.0, 0.0, 0.0, 0.0, 11, last),  # ten gallons of fuel
        (1, 10, 9001, 101, 2, 3.0, 1.0, 0.5, 0.5, 11, last),  # a coupon and its match
        (1, 10, 9001, 102, 0, 0.0, 0.0, 2.0, 0.0, 11, last),  # a coupon without a product
    ]
    schema = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc"]
    schema += ["coupon_disc", "coupon_match_disc", "week", "transaction_timestamp"]
    pl.DataFrame(purchases, schema=schema, orient="row").write_parquet(folder / "transactions.parquet")
    pl.DataFrame(
        {
            "product_id": [100, 101, 102, 104],
            "manufacturer_id": [1, 1, 2, 3],
            "department": ["GROCERY", "GROCERY", "PRODUCE", "FUEL"],
            "brand": ["National", "Private", "National", "National"],
            "product_category": ["TEA", "TEA", "APPLES", "FUEL"],
            "product_type": ["GREEN TEA", "BLACK TEA", None, "GASOLINE-REG UNLEADED"],
            "package_size": ["20 CT", None, None, None],
        }
    ).write_parquet(folder / "products.parquet")
    pl.DataFrame({"household_id": [1, 2], "age": ["25-34", "65+"]}).write_parquet(folder / "demographics.parquet")
    pl.DataFrame(
        {
            "campaign_id": [5],
            "campaign_type": ["Type A"],
            "start_date": [moment(2017, 3, 8)],
            "end_date": [moment(2017, 3, 12)],
        }
    ).write_parquet(folder / "campaign_descriptions.parquet")
    pl.DataFrame({"campaign_id": [5, 5], "household_id": [1, 2]}).write_parquet(folder / "campaigns.parquet")
    pl.DataFrame(
        {
            "household_id": [1],
            "coupon_upc": [777],
            "campaign_id": [5],
            "redemption_date": [moment(2017, 3, 10)],
        }
    ).write_parquet(folder / "coupon_redemptions.parquet")
    placed = [
        (product, store, display, mailer, week)
        for week in weeks
        for store in (10, 20)
        for product, display, mailer in ((100, "0", "D"), (101, "7", "A"), (102, "3", "0"), (103, "0", "0"))
    ]
    names = ["product_id", "store_id", "display_location", "mailer_location", "week"]
    pl.DataFrame(placed, schema=names, orient="row").write_parquet(folder / "promotions.parquet")
    return folder
