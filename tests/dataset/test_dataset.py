"""Tasks asked of a log at past cutoffs: every example answered inside its window, known before its cutoff."""

import polars as pl
import pytest

from foretell.core.errors import UnknownNameError
from foretell.core.task import Task
from foretell.core.time import DAY
from foretell.dataset.dataset import Dataset
from foretell.dataset.windows import SPLITS, SplitConfig, Windows
from foretell.features.demand import demand_features
from foretell.tasks import default_tasks
from foretell.tasks.demand import items_to_forecast


@pytest.fixture(scope="module")
def dataset(tiny_shop):
    tasks = default_tasks(response="click") | {
        "purchase": Task(name="purchase", kind="purchase", horizon_days=14),
        "churn": Task(name="churn", kind="churn", horizon_days=14, active_days=28),
        "promotion": Task(name="promotion", kind="promotion", horizon_days=14),
        "demand": Task(name="demand", kind="demand", horizon_days=14),
    }
    log = tiny_shop.log()
    config = SplitConfig(test_days=24, validation_days=30, warmup_days=14)
    return Dataset(log, tasks, Windows.plan(log, longest_horizon_days=14, config=config))


@pytest.mark.parametrize("name", ["purchase", "churn", "recommend", "ad", "promotion"])
@pytest.mark.parametrize("split", SPLITS)
def test_examples_lie_in_their_split_and_customers_are_known(dataset, name, split):
    low, high = dataset.windows.bounds(split)
    examples = dataset.examples(name, split)
    assert examples.height > 0
    horizon = dataset.tasks[name].horizon_days * DAY
    assert examples["cutoff"].min() >= low - (name == "promotion")
    assert examples["cutoff"].max() + horizon <= high
    if name != "ad":  # an exposure may be the first thing that ever happens to somebody
        first = dataset.log.events.group_by("user_id").agg(pl.col("time").min().alias("first"))
        joined = examples.join(first, on="user_id", how="left")
        assert (joined["first"] <= joined["cutoff"]).all()


@pytest.mark.parametrize("name", ["purchase", "churn", "recommend", "ad", "promotion"])
def test_labels_need_nothing_from_after_the_split(dataset, name):
    """Cut the log at the end of the training window: its training examples are the same."""
    low, high = dataset.windows.bounds("train")
    short = Dataset(dataset.log.before(high), dataset.tasks, dataset.windows)
    assert short.examples(name, "train").equals(dataset.examples(name, "train"))
    assert low < high


def test_labels_agree_with_the_log_row_by_row(dataset):
    bought = dataset.log.events.filter(action="purchase").select("user_id", "time")
    examples = dataset.examples("purchase", "test")
    for row in examples.sample(40, seed=1).iter_rows(named=True):
        times = bought.filter(user_id=row["user_id"])["time"]
        inside = ((times > row["cutoff"]) & (times <= row["cutoff"] + 14 * DAY)).any()
        assert row["label"] == float(inside)


def test_a_wider_stride_takes_every_other_cutoff(dataset):
    weekly = dataset.cutoffs(dataset.tasks["purchase"], "train")
    fortnightly = dataset.cutoffs(dataset.tasks["purchase"], "train", stride_days=14)
    assert set(fortnightly) < set(weekly)
    examples = dataset.examples("purchase", "train", stride_days=14)
    assert examples["cutoff"].unique().sort().to_list() == fortnightly


def test_asking_twice_gives_the_same_rows_in_the_same_order(dataset):
    for name in ("purchase", "ad", "promotion", "recommend"):
        assert dataset.examples(name, "validation").equals(dataset.examples(name, "validation"))


@pytest.mark.parametrize("split", SPLITS)
def test_examples_of_demand_are_the_units_its_features_bring_along(dataset, split):
    """Two ways to the label of a week: the task's own rule, and the table that demand is forecast from."""
    found = dataset.examples("demand", split)
    low, high = dataset.windows.bounds(split)
    assert found.height > 0
    assert found["cutoff"].min() >= low
    assert found["end"].max() <= high
    assert found["label"].sum() > 0
    task = dataset.tasks["demand"]
    features = demand_features(
        dataset.histories,
        cutoffs=dataset.cutoffs(task, split),
        item_ids=items_to_forecast(dataset.log, task, known_until=dataset.windows.validation),
        weeks=2,
        log_end=high,
    )
    both = found.join(features, on=["item_id", "cutoff", "week", "start", "end"], how="inner")
    assert both.height == found.height == features["units"].drop_nulls().len()
    assert (both["label"] - both["units"]).abs().max() < 1e-6


def test_an_unknown_task_offers_the_nearest(dataset):
    with pytest.raises(UnknownNameError, match="purchse") as caught:
        dataset.examples("purchse", "test")
    assert "'purchase'" in caught.value.remedy


def test_histories_leave_out_what_was_shown(dataset):
    assert "impression" not in set(dataset.histories["action"])
    assert dataset.histories.height == dataset.log.events.filter(pl.col("action") != "impression").height
