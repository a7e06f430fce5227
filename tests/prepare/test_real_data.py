"""Real dirt, counted: what is known of public logs is found in them to the row."""

import polars as pl
import pytest

from foretell.prepare import CleaningRules, clean
from foretell.sources import read_events

ROWS, NAMELESS, CANCELLED = 541_909, 135_080, 9_288


@pytest.fixture(scope="module")
def retail(shared_data):
    """UCI Online Retail as it is read."""
    return read_events(shared_data / "online_retail")


@pytest.fixture(scope="module")
def cleaned(retail):
    return clean(retail)


def test_online_retail_is_accounted_for(cleaned):
    assert cleaned.rows_in == ROWS
    assert cleaned.rows_in == cleaned.rows_out + cleaned.kept_apart + sum(cleaned.removed.values())
    assert cleaned.removed["exact_duplicate"] == 5_265  # 5,268, less the three without a price
    assert cleaned.removed["non_positive_price"] == 2_517
    assert cleaned.rows_out > 400_000


def test_rows_without_a_customer_are_kept_for_demand_or_quarantined(retail, cleaned):
    assert retail.events["user_id"].null_count() == NAMELESS
    assert cleaned.kept_apart + cleaned.quarantine["user_id"].null_count() == NAMELESS
    assert cleaned.kept_apart > 130_000
    assert cleaned.removed["missing_user"] == 0
    apart = cleaned.log.table("unattributed")
    sales = cleaned.log.sales().events
    bought = cleaned.log.events.filter(pl.col("action") == "purchase")
    assert sales.height == bought.height + apart.filter(pl.col("action") == "purchase").height


def test_cancellations_are_refunds_at_their_own_time(retail, cleaned):
    cancelled = pl.col("order_id").str.starts_with("C")
    assert retail.events.filter(cancelled)["action"].to_list() == ["refund"] * CANCELLED
    kept = sum(frame.filter(cancelled).height for frame in (cleaned.log.events, cleaned.log.table("unattributed")))
    assert kept + cleaned.quarantine.filter(cancelled).height == CANCELLED
    # Three quarters give back a purchase that the log holds; others were bought before it begins.
    assert cleaned.noted["refunds"] < CANCELLED + 1_336
    assert cleaned.noted["matched_refunds"] > 7_000


def test_netting_takes_as_many_units_off_purchases_as_refunds_give_back(retail):
    netted = clean(retail, rules=CleaningRules(refunds="net"))
    assert netted.rows_in == netted.rows_out + netted.kept_apart + sum(netted.removed.values())
    assert netted.removed["cancelled_purchase"] > 2_000
    assert netted.removed["netted_refund"] > 7_000
    units, action = pl.col("quantity").abs(), pl.col("action")
    removed = netted.quarantine.filter(pl.col("rule").is_in(["cancelled_purchase", "netted_refund"]))
    kept = netted.log.events
    taken = {
        name: removed.filter(action == name)["quantity"].abs().sum()
        + kept.filter(action == name)["netted_quantity"].sum()
        for name in ("purchase", "refund")
    }
    gone = netted.quarantine.filter(pl.col("rule").str.starts_with("absurd")).height
    assert taken["purchase"] == pytest.approx(taken["refund"], rel=0.01), gone
    assert kept.select(units.min()).item() > 0


def test_cleaning_online_retail_again_changes_nothing(cleaned):
    again = clean(cleaned.log)
    assert sum(again.removed.values()) == 0
    assert again.log.events.equals(cleaned.log.events)
    assert again.log.table("unattributed").equals(cleaned.log.table("unattributed"))


def test_taobao_loses_its_stray_early_rows(shared_data):
    cleaned = clean(read_events(shared_data / "taobao" / "UserBehavior.csv"))
    assert cleaned.rows_in == 84_475
    assert {rule: count for rule, count in cleaned.removed.items() if count} == {"stray_time": 35}
    assert cleaned.log.events["time"].min() >= 1_511_539_200_000_000  # midnight of 25 November 2017 in China
