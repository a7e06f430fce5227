"""Labelled examples with their inputs: the right rows, the right labels, nothing read twice or late."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.core.time import DAY
from foretell.run.again import load_dataset
from foretell.run.folder import RunFolder
from foretell.train.context import FitContext
from foretell.train.examples import (
    campaign_examples,
    candidate_examples,
    exposure_examples,
    ranking_examples,
    ranking_points,
    rates_by_level,
    user_examples,
)


@pytest.fixture(scope="module")
def context(tiny_run, tiny_predictor):
    dataset = load_dataset(RunFolder.existing(tiny_run))
    return FitContext.of(dataset, tiny_predictor.reader, seed=0)


@pytest.fixture
def tasks(context):
    return context.dataset.tasks


def test_inputs_of_users_are_those_of_their_points(context, tasks):
    found = user_examples(context, tasks["churn"], "test")
    rows = [0, len(found.label) // 2, len(found.label) - 1]
    alone = context.reader.read(context.view, points=found.frame[rows].select("user_id", "cutoff"))
    np.testing.assert_array_equal(found.inputs.features[rows], alone.features)
    np.testing.assert_allclose(found.inputs.states[rows], alone.summary, atol=1e-5)
    assert found.label.tolist() == found.frame["label"].to_list()


def test_reading_ahead_gives_the_same_inputs(context, tasks):
    before = user_examples(context, tasks["churn"], "validation")
    frames = [context.dataset.examples(name, "validation") for name in ("purchase", "churn")]
    context.read_ahead(frames)
    after = user_examples(context, tasks["churn"], "validation")
    context.reader.forget()
    np.testing.assert_array_equal(before.inputs.features, after.inputs.features)
    np.testing.assert_allclose(before.inputs.states, after.inputs.states, atol=1e-5)


def test_points_read_ahead_for_others_are_not_taken_for_ones_own(context, tasks):
    """What was read ahead lacks these points: they are read anew, not found at some other row."""
    few = context.dataset.examples("churn", "test").head(3)
    context.read_ahead([few])
    found = user_examples(context, tasks["purchase"], "test")
    context.reader.forget()
    expected = user_examples(context, tasks["purchase"], "test")
    np.testing.assert_array_equal(found.inputs.features, expected.inputs.features)


def test_campaigns_are_learned_from_those_they_reached(context, tasks):
    reached = campaign_examples(context, tasks["promotion"], "train", kinds=("coupon",))
    everyone = campaign_examples(context, tasks["promotion"], "train", kinds=("coupon",), treated_only=False)
    assert reached.frame["treated"].all()
    assert 0 < len(reached.label) < len(everyone.label)
    kind = reached.inputs.features[:, reached.inputs.names.index("campaign_kind_code")]
    assert set(kind.tolist()) == {0.0}
    unknown = campaign_examples(context, tasks["promotion"], "train", kinds=("other",))
    assert np.isnan(unknown.inputs.features[:, unknown.inputs.names.index("campaign_kind_code")]).all()


def test_exposures_keep_label_weight_and_place(context, tasks):
    found = exposure_examples(context, tasks["ad"], "test", placements={"position": ("3", "2", "1")})
    frame = context.dataset.examples("ad", "test")
    assert found.label.tolist() == frame["label"].to_list()
    assert found.weight.tolist() == frame["weight"].to_list()
    code = found.inputs.features[:, found.inputs.names.index("position_code")]
    expected = frame["position"].replace_strict({"3": 0.0, "2": 1.0, "1": 2.0}, default=None).to_numpy()
    np.testing.assert_array_equal(code, expected.astype(np.float32))


def test_candidates_are_labelled_by_what_was_then_bought(context, tasks):
    frame = ranking_examples(context.dataset, tasks["recommend"], "validation").head(200)
    found = candidate_examples(context, tasks["recommend"], frame)
    assert 0 < found.label.sum() < len(found.label)
    labelled = found.frame.with_columns(pl.Series("label", found.label))
    for row in (0, frame.height // 2, frame.height - 1):
        wanted = set(frame["relevant"][row])
        mine = labelled.filter(pl.col("point") == row)
        assert set(mine.filter(pl.col("label") == 1)["item_id"]) == wanted & set(mine["item_id"])


def test_a_ranking_is_learned_where_its_evidence_has_not_seen_the_answers(context, tasks):
    """Sequence model and graph have seen the training window; what is chosen on comes after what is learned from."""
    task, windows = tasks["recommend"], context.dataset.windows
    learn, choose = ranking_points(context, task)
    assert learn["cutoff"].min() >= windows.validation
    assert learn["cutoff"].max() + task.horizon_days * DAY <= choose["cutoff"].min()
    assert choose["cutoff"].max() + task.horizon_days * DAY <= windows.test


def test_a_validation_window_of_one_cutoff_is_cut_by_customers(context, tasks):
    longer = tasks["recommend"].model_copy(update={"name": "long", "horizon_days": 28})
    dataset = replace(context.dataset, tasks={"long": longer})
    learn, choose = ranking_points(replace(context, dataset=dataset), longer)
    assert set(learn["user_id"]).isdisjoint(choose["user_id"])
    assert abs(learn.height - choose.height) < 0.2 * learn.height


def test_levels_go_from_least_to_most_responsive():
    frame = pl.DataFrame(
        {
            "place": ["low"] * 100 + ["high"] * 100 + ["rare"] + [None] * 9,
            "label": [0.0] * 95 + [1.0] * 5 + [0.0] * 50 + [1.0] * 50 + [1.0] + [1.0] * 9,
        }
    )
    # One lucky exposure does not make "rare" the most responsive of all.
    assert rates_by_level(frame, "place") == ("low", "rare", "high")


def test_levels_count_what_a_row_stands_for():
    frame = pl.DataFrame(
        {"place": ["a", "a", "b", "b"], "label": [1.0, 0.0, 1.0, 0.0], "weight": [1.0, 900.0, 1.0, 90.0]}
    )
    assert rates_by_level(frame, "place") == ("a", "b")
    assert rates_by_level(frame.with_columns(weight=pl.lit(1.0)), "place") == ("a", "b")
    assert rates_by_level(frame.with_columns(weight=pl.Series([1.0, 9.0, 1.0, 900.0])), "place") == ("b", "a")
