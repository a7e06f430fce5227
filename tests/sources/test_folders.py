"""Folders: events with side tables beside them, or part files."""

import polars as pl
from polars.testing import assert_frame_equal

from foretell.sources import read_events, recognise

EVENTS = "user_id,time,action,item_id\n1,2020-01-01,view,9\n"


def test_side_tables_are_read_in_canonical_form(tmp_path, write):
    write("events.csv", EVENTS)
    write("items.csv", "product_id,department,colour,price\n9,TEA,red,$2\n9,TEA,blue,3\n,TEA,blue,3\n")
    write("users.jsonl", '{"customer_id": 1, "age": 30}\n')
    write("campaigns.csv", "campaign_id,start_date,end_date,type\n5,2020-01-01,2020-02-01,mail\n")
    write("treatments.csv", "campaign_id,user_id,time,treated\n5,1,2020-01-01,yes\n5,2,2020-01-01,0\n")
    pl.DataFrame(
        {"item_id": [9], "start": [1_577_836_800], "end": [1_578_441_600], "mailer_share": [0.5]}
    ).write_parquet(tmp_path / "promotions.parquet")
    write("exposures.csv", "user_id,timestamp,item_id,weight,position\n1,1577836800,9,2.5,top\n")
    log = read_events(tmp_path)
    assert log.table("items").rows(named=True) == [{"item_id": "9", "category": "TEA", "colour": "red", "price": 2.0}]
    assert log.table("users").rows() == [("1", 30)]
    assert log.table("campaigns").rows() == [("5", 1_577_836_800_000_000, 1_580_515_200_000_000, "mail")]
    assert log.table("treatments")["treated"].to_list() == [True, False]
    assert log.table("promotions").row(0) == ("9", 1_577_836_800_000_000, 1_578_441_600_000_000, 0.5)
    assert log.table("exposures").row(0) == ("1", 1_577_836_800_000_000, "9", 2.5, "top")


def test_the_layout_of_a_simulated_shop(tmp_path, write):
    write("events.csv", EVENTS)
    write("config.json", "{}")
    write("truth/effects.csv", "user_id,effect\n1,0.5\n")
    recognition = recognise(tmp_path)
    assert recognition.notes[0] == "Not part of the log and left aside: config.json, truth/."
    assert len(read_events(tmp_path)) == 1


def test_events_may_be_a_folder_of_parts(tmp_path, write):
    write("log/events/0.csv", EVENTS)
    write("log/events/1.csv", EVENTS.replace("view", "cart"))
    write("log/items.csv", "item_id,category\n9,TEA\n")
    log = read_events(tmp_path / "log")
    assert sorted(log.events["action"]) == ["cart", "view"]
    assert log.table("items").height == 1


def test_parts_of_different_types_agree(tmp_path):
    frame = pl.DataFrame({"user_id": [1], "time": [1_577_836_800], "action": ["view"]})
    frame.write_parquet(tmp_path / "0.parquet")
    frame.with_columns(pl.col("user_id").cast(pl.String), pl.col("time").cast(pl.Int32)).write_parquet(
        tmp_path / "1.parquet"
    )
    events = read_events(tmp_path).events
    assert_frame_equal(events[:1], events[1:])
