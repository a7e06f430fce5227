"""What the published schemas of flat dialects leave to be understood, one case each."""

import polars as pl
import pytest

from foretell.core.errors import ConfigError
from foretell.sources import read_events, recognise


def test_retailrocket_reads_the_categories_beside_its_events(write, tmp_path):
    write(
        "rr/events.csv",
        "timestamp,visitorid,event,itemid,transactionid\n1433221332117,1,view,10,\n1433221332118,1,transaction,11,5\n",
    )
    write(
        "rr/item_properties_part1.csv",
        "timestamp,itemid,property,value\n1435000000000,10,categoryid,33\n1434000000000,10,categoryid,3\n"
        "1434000000000,10,790,n1200.000\n1434000000000,11,categoryid,9\n",
    )
    write("rr/category_tree.csv", "categoryid,parentid\n3,2\n2,1\n1,\n9,\n")
    log = read_events(tmp_path / "rr")
    assert log.dialect == "retailrocket"
    assert log.table("items").rows() == [("10", "1", "2", "3"), ("11", "9", None, None)]
    assert log.events["quantity"].to_list() == [None, 1.0]
    assert any("earliest known" in note for note in log.notes)


def test_personalize_lists_what_was_shown(write):
    path = write(
        "interactions.csv",
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,RECOMMENDATION_ID\n"
        "u,a,1704103200,Click,0.7,a|b|c,r1\nu,a,1704103260,Purchase,12.5,,\n",
    )
    log = read_events(path)
    counts = dict(log.events["action"].value_counts().iter_rows())
    assert counts == {"click": 1, "purchase": 1, "impression": 3}
    shown = log.events.filter(pl.col("action") == "impression").sort("position")
    assert shown.select("item_id", "position", "list_id").rows() == [
        ("a", "0", "r1"),
        ("b", "1", "r1"),
        ("c", "2", "r1"),
    ]
    assert log.events["value"].drop_nulls().to_list() == [12.5]
    assert any("left aside on 1 other" in note for note in log.notes)


def test_personalize_items_and_users_lie_beside(write, tmp_path):
    write("p/interactions.csv", "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\nu,a,1704103200,View\n")
    write("p/items.csv", "ITEM_ID,CATEGORY_L1,CATEGORY_L2,PRICE,CREATION_TIMESTAMP\na,shoes,boots,12.5,1700000000\n")
    write("p/users.csv", "USER_ID,AGE,MEMBERSHIP\nu,33,gold\n")
    log = read_events(tmp_path / "p")
    item = log.table("items").row(0, named=True)
    assert (item["item_id"], item["category"], item["category_2"], item["price"]) == ("a", "shoes", "boots", 12.5)
    assert log.table("users").row(0, named=True)["MEMBERSHIP"] == "gold"


def test_personalize_without_event_types_is_views_and_says_so(write):
    log = read_events(write("log.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu,a,1704103200\n"))
    assert (log.dialect, log.events["action"].to_list()) == ("personalize", ["view"])
    assert any("every row is taken as a view" in note for note in log.notes)


def test_rees46_levels_of_a_category(write):
    path = write(
        "2019-Oct.csv",
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        "2019-10-01 00:00:00 UTC,view,1,77,electronics.audio.headphone,sony,35.79,9,s1\n"
        "2019-10-01 00:00:05 UTC,purchase,2,78,,,3.5,9,s1\n",
    )
    log = read_events(path)
    assert log.table("items").sort("item_id")["category"].to_list() == ["electronics", "78"]
    assert log.table("items").sort("item_id")["category_3"].to_list() == ["headphone", None]
    assert log.events["value"].to_list() == [None, 3.5]


TAOBAO = "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n"


def test_taobao_keeps_its_first_line(write):
    log = read_events(write("UserBehavior.csv", TAOBAO))
    assert log.events["item_id"].to_list() == ["2268318", "2333346"]
    assert log.events["action"].to_list() == ["view", "purchase"]


def test_taobao_without_names_in_memory():
    rows = [line.split(",") for line in TAOBAO.splitlines()]
    log = read_events(pl.DataFrame(rows, schema=[str(number) for number in range(5)], orient="row"))
    assert log.events["item_id"].to_list() == ["2268318", "2333346"]


def test_taobao_parts_keep_their_first_lines(write, tmp_path):
    write("t/part-0.csv", TAOBAO)
    write("t/part-1.csv", TAOBAO.replace("1,", "2,", 1))
    assert len(read_events(tmp_path / "t")) == 4


def test_taobao_with_a_header_is_taobao_too(write):
    header = "user_id,item_id,category_id,behavior_type,timestamp\n"
    assert recognise(write("UserBehavior.csv", header + TAOBAO)).dialect == "taobao"


def test_other_headerless_numbers_are_not_taobao(write):
    assert recognise(write("log.csv", "user_id,time,action,a,b\n1,1511544070,view,pv,1\n")).dialect == "canonical"


def test_sequences_keep_order_where_gaps_are_zero(write):
    log = read_events(write("seq.txt", "1 5 6 7\t0 0 60\n2 9\t0\n"))
    mine = log.events.filter(pl.col("user_id") == "1")
    assert mine["item_id"].to_list() == ["5", "6", "7"]
    assert mine["time"].is_sorted()
    assert mine["time"].n_unique() == 3
    assert mine["time"][2] == log.events.filter(pl.col("user_id") == "2")["time"][0]


def test_made_up_times_are_said_loudly(write):
    for content in ("1 5 6\n2 7 8 9\n", "1 5 6\t0 4\n2 7 8 9\t0 1 2\n"):
        assert any("MADE UP" in note for note in recognise(write("seq.txt", content)).notes)


def test_lines_without_items_are_set_aside(write):
    rows = "".join(f"{user} 5 6\n" for user in range(300))
    log = read_events(write("seq.txt", rows + "42\n"))
    assert log.rejected.rows() == [("The line is not a user with items.", "42")]
    assert len(log) == 600


def test_a_mapping_of_sequences_is_refused(write):
    with pytest.raises(ConfigError, match="no columns to map"):
        read_events(write("seq.txt", "1 5 6\n"), dialect="sequences", mapping={"user_id": "x"})


def test_samples_of_sessions_end_with_their_target(tmp_path):
    frame = pl.DataFrame({"items": [[1, 2], [3]], "target": [9, 4]})
    frame.write_parquet(tmp_path / "test.parquet")
    log = read_events(tmp_path / "test.parquet")
    assert log.dialect == "session-lists"
    assert log.events["item_id"].to_list() == ["1", "2", "9", "3", "4"]


def test_sessions_with_starts_and_customers_keep_them(write):
    path = write("s.csv", 'session_id,user_id,start_time,items\ns1,ann,2024-01-01T10:00:00Z,"[5, 6]"\n')
    log = read_events(path)
    assert log.events.select("user_id", "session_id", "item_id").rows() == [("ann", "s1", "5"), ("ann", "s1", "6")]
    assert log.events["time"].diff().drop_nulls().to_list() == [1_000_000]


def test_cdnow_lines_that_are_short_are_set_aside(write):
    text = " customer_id  date number_of_cds  dollar_value\n 00001 19970101  2   11.76\n 00002 19970112\n"
    log = read_events(write("cdnow.txt", text))
    assert log.events.select("user_id", "quantity", "value", "price").rows() == [("00001", 2.0, 11.76, 5.88)]
    assert log.rejected["reason"].to_list() == ["The line does not have 4 cells."]


def test_dates_of_a_shop_in_another_zone(write):
    path = write(
        "retail.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,A,LAMP,1,2010-07-01 12:00:00,2.5,7,UK\n",
    )
    assert (
        read_events(path).events["time"][0] - read_events(path, zone="Europe/London").events["time"][0] == 3_600_000_000
    )
