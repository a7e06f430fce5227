"""The rules on an engine of another kind find what they find on Polars: nothing in them is Polars' own.

DuckDB stands for the engines that run SQL (Spark among them); it is no dependency, and without it this is skipped.
"""

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.core.events import action_rank
from foretell.prepare import CleaningRules
from foretell.prepare.amounts import amount_expressions
from foretell.prepare.group_rules import GROUP_RULES, ROW
from foretell.prepare.netting import LEFT, NETTING_RULES, net_refunds, returned_units
from foretell.prepare.row_rules import claiming_rule
from foretell.prepare.sessions import with_sessions

duckdb = pytest.importorskip("duckdb")

HOUR = 3_600_000_000
START = 1_577_836_800_000_000
RULES = CleaningRules(
    absurd_item_factor=3,
    absurd_item_rows=2,
    absurd_log_factor=5,
    absurd_price_floor=1,
    absurd_quantity_floor=1,
    robot_events_per_hour=4,
    robot_events_per_day=6,
    retry_minutes=120,
    repeated_lines="remove",
    stray_share=0.2,
    stray_jump=2,
    cents_factor=9,
)
CELLS = {
    "user_id": (pl.String, st.sampled_from(["a", "b", "c", "", None])),
    "time": (pl.Int64, st.integers(0, 200).map(lambda hours: START + hours * HOUR)),
    "action": (pl.String, st.sampled_from(["view", "purchase", "purchase", "refund", "coupon_sent"])),
    "item_id": (pl.String, st.sampled_from(["x", "y", None])),
    "price": (pl.Float64, st.sampled_from([1.0, 2.0, 9.0, 30.0, None])),
    "quantity": (pl.Float64, st.sampled_from([1.0, 2.0, 3.0, None])),
    "discount": (pl.Float64, st.sampled_from([0.5, None])),
    "order_id": (pl.String, st.sampled_from(["o1", "o2", None])),
    "event_id": (pl.String, st.sampled_from(["e1", "e2", "e3", None])),
    "session_id": (pl.String, st.sampled_from(["s", None])),
    "received_time": (pl.Int64, st.sampled_from([START, None])),
}
STEPS = {
    **{name: rule.find for name, rule in GROUP_RULES.items() if name not in NETTING_RULES},
    "net_refunds": lambda rows, _: net_refunds(rows),
    "returned_units": lambda rows, _: returned_units(rows),
    "with_sessions": lambda rows, _: with_sessions(rows, gap_minutes=30),
    "claiming_rule": lambda rows, rules: rows.select(ROW, claiming_rule(list(CELLS), rules).alias(LEFT)),
    "amounts": lambda rows, _: rows.with_columns(amount_expressions(list(CELLS))),
    "event_order": lambda rows, _: rows.select(ROW, action_rank().alias(LEFT)),
}


@pytest.mark.parametrize("step", STEPS)
@settings(max_examples=15)
@given(rows=st.lists(st.fixed_dictionaries({name: cell for name, (_, cell) in CELLS.items()}), max_size=40))
def test_an_engine_that_runs_sql_finds_the_same(step, rows):
    frame = pl.DataFrame(rows, schema={name: kind for name, (kind, _) in CELLS.items()}).with_row_index(ROW)
    if step != "amounts":
        frame = nw.from_native(frame, eager_only=True).with_columns(amount_expressions(frame.columns)).to_native()
    here = STEPS[step](nw.from_native(frame.lazy()), RULES).to_native().collect()
    with duckdb.connect() as connection:
        relation = connection.from_arrow(frame.to_arrow())
        there = pl.from_arrow(STEPS[step](nw.from_native(relation), RULES).to_native().to_arrow_table())
    there = there.select(here.columns).cast(dict(here.schema))
    assert here.sort(ROW).equals(there.sort(ROW))
