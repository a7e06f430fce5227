"""What a report is called."""

from pathlib import Path

import pytest

from foretell.run.titles import title_of


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"log": "complete-journey"}, "Complete journey"),
        ({"log": "exports/online_retail.csv.gz"}, "Online retail"),
        ({"log": "/data/tea-shop/"}, "Tea shop"),
        ({"log": "s3://key:s3cret@bucket/logs/events.parquet?token=s3cret"}, "Events"),
        ({"log": "postgresql://me:s3cret@db/shop", "table": "public.order_lines"}, "Order lines"),
        ({"log": "postgresql://me:pa/s3cret@db"}, "Run 1"),
        ({"log": "${SHOP_URL}"}, "Run 1"),
        ({"log": "logs/part-*.csv"}, "Run 1"),
        ({"log": "."}, "Run 1"),
        ({}, "Run 1"),
    ],
)
def test_a_report_is_called_like_its_log(data, title):
    assert title_of(data.get("log"), table=data.get("table"), dialect="canonical", run=Path("runs/run-1")) == title


def test_the_public_log_goes_by_its_own_name():
    assert title_of(None, table=None, dialect="complete-journey", run=Path("x")) == "Complete Journey"
