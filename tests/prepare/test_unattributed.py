"""Sales that name no user: kept apart from the users, counted by demand, never lost."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.events import EventLog
from foretell.core.history import history_frame
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.dataset.log_folder import load_log, save_log
from foretell.features.demand import LABEL_UNITS, demand_features
from foretell.predictor.view import ShopView
from foretell.prepare import CleaningRules, clean, gates
from foretell.tasks.demand import examples, items_to_forecast

START = 1_577_836_800_000_000
DEMAND = Task(name="demand", kind="demand", horizon_days=14)


@pytest.fixture
def mixed(make_log):
    """Ten weeks: item x is bought by a known customer each week, and twice as much by nobody."""
    rows = [("a", 7 * week, "purchase", "x", 2.0, 1.0) for week in range(10)]
    rows += [(" ", 7 * week + 1, "purchase", "x", 2.0, 2.0) for week in range(10)]
    rows += [
        (None, 3, "purchase", "y", 2.0, 9.0),
        (None, 3, "view", "y", None, None),
        (None, 4, "purchase", None, 1, 1),
    ]
    return make_log(rows)


def test_they_are_kept_apart_and_counted(mixed):
    cleaned = clean(mixed)
    assert cleaned.kept_apart == 11
    assert cleaned.removed["missing_user"] == 2  # a view of nobody, and a sale of nothing
    assert cleaned.rows_in == cleaned.rows_out + cleaned.kept_apart + sum(cleaned.removed.values())
    apart = cleaned.log.table("unattributed")
    assert apart["user_id"].null_count() == apart.height == 11
    assert set(cleaned.log.events["user_id"]) == {"a"}
    assert history_frame(cleaned.log).height == 10


def test_other_rules_hold_for_them_too(make_log):
    rows = [(None, 1, "purchase", "x", 2.0, 1.0)] * 2 + [(None, 2, "purchase", "x", 0.0, 1.0)]
    cleaned = clean(make_log(rows))
    assert (cleaned.kept_apart, cleaned.removed["exact_duplicate"], cleaned.removed["non_positive_price"]) == (1, 1, 1)


def test_nobody_is_no_robot(make_log):
    rows = [(None, 1 + n / 10**6, "purchase", f"i{n}", 2.0, 1.0) for n in range(2_000)]
    assert clean(make_log(rows)).kept_apart == 2_000


def test_they_are_set_aside_where_they_are_not_wanted(mixed):
    cleaned = clean(mixed, rules=CleaningRules(keep_unattributed=False))
    assert (cleaned.kept_apart, cleaned.removed["missing_user"]) == (0, 13)


def test_cleaning_again_keeps_them(mixed):
    once = clean(mixed)
    twice = clean(once.log)
    assert_frame_equal(twice.log.table("unattributed"), once.log.table("unattributed"))
    assert (twice.rows_in, twice.kept_apart) == (21, 11)


def test_a_saved_log_still_has_them(mixed, tmp_path):
    cleaned = clean(mixed).log
    save_log(cleaned, tmp_path / "data")
    assert_frame_equal(load_log(tmp_path / "data").table("unattributed"), cleaned.table("unattributed"))


def test_demand_counts_them_in_labels_and_features_alike(mixed):
    log = clean(mixed).log
    cutoff, end = START + 49 * DAY, START + 64 * DAY
    assert items_to_forecast(log, DEMAND, known_until=cutoff) == ["x", "y"]
    label = examples(log, DEMAND, cutoffs=[cutoff], known_until=cutoff, end=end)
    assert label.filter(pl.col("item_id") == "x")["label"].to_list() == [3.0, 3.0]
    features = demand_features(ShopView.of(log).sales(), cutoffs=[cutoff], item_ids=["x", "y"], weeks=2, log_end=end)
    assert features[LABEL_UNITS].to_list() == label["label"].to_list()
    assert features["units_week_1"].to_list() == [3.0, 3.0, 0.0, 0.0]


def test_what_is_known_at_a_moment_leaves_later_ones_out(mixed):
    known = clean(mixed).log.before(START + 10 * DAY)
    assert known.table("unattributed")["time"].max() <= START + 10 * DAY


def test_the_gate_of_demand_counts_them(make_log):
    rows = [
        (user, 3 * day, "purchase", f"i{day % 12}", 1.0, 1.0) for day in range(120) for user in (None, f"u{day % 3}")
    ]
    named = [row for row in rows if row[0]]
    with_all, alone = clean(make_log(rows)).log, clean(make_log(named)).log
    has = [gates(log, [DEMAND])[0].has["items"] for log in (with_all, alone)]
    assert has == [12, 12]
    nobody = EventLog(alone.events.head(5), {"unattributed": with_all.table("unattributed")})
    assert gates(nobody, [DEMAND])[0].has["items"] == 12
