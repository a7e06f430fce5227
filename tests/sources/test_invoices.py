"""Invoice tables: cancellations are refunds, descriptions and countries become side tables."""

import pytest

from foretell.sources import read_events

ONE = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
TWO = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
ROWS = """
536365,85123A,LANTERN,6,12/1/2010 8:26,2.55,17850.0,United Kingdom
536366,85123A,LANTERN,1,12/1/2010 8:28,2.55,17850.0,United Kingdom
C536379,85123A,lantern old,-1,12/13/2010 9:41,2.55,17850.0,France
536380,22960,?,-24,12/2/2010 9:41,0,,United Kingdom
"""


@pytest.mark.parametrize("header", [ONE, TWO])
def test_both_editions(header, write):
    log = read_events(write("retail.csv", header + ROWS))
    assert log.dialect == "invoices"
    assert log.events["action"].to_list() == ["refund", "purchase", "purchase", "refund"]
    assert log.events["quantity"].to_list() == [24.0, 6.0, 1.0, 1.0]
    assert log.events["value"].to_list() == pytest.approx([0.0, 15.3, 2.55, 2.55])
    assert log.events["user_id"].to_list() == [None, "17850", "17850", "17850"]
    assert log.table("items").rows() == [("22960", "?"), ("85123A", "LANTERN")]
    assert log.table("users").rows() == [("17850", "United Kingdom")]


def test_foreign_pounds_and_decimal_commas(write):
    text = ONE.replace(",", ";") + "\n536365;85123A;CAFÉ;6;1/12/2010 08:26;2,55;17850;France\n"
    log = read_events(write("retail.csv", text.encode("cp1252")))
    assert log.events["price"].to_list() == [2.55]
    assert log.table("items")["title"].to_list() == ["CAFÉ"]
