"""A head reads the features chosen for it, from training rows only, scaled as asked; the record says why."""

from dataclasses import replace

import numpy as np
import pytest

from foretell.config import parse_config
from foretell.explain.contributions import feature_contributions
from foretell.features import FeatureConfig
from foretell.model.inputs import HeadInputs
from foretell.predictor.storage import load_fitted, save_fitted
from foretell.run.again import load_dataset
from foretell.run.folder import RunFolder
from foretell.run.pipeline import make_reader
from foretell.train.choice import choose_features
from foretell.train.context import Examples, FitContext
from foretell.train.examples import user_examples
from foretell.train.fit_tasks import fit_task

ASKED = FeatureConfig(select="association", keep=6, measure="mutual_information", redundancy=0.95, scale="robust")


@pytest.fixture(scope="module")
def context(tiny_run, tiny_predictor):
    dataset = load_dataset(RunFolder.existing(tiny_run))
    return FitContext.of(dataset, tiny_predictor.reader, seed=0, features=ASKED)


@pytest.fixture(scope="module")
def fitted(context):
    return fit_task(context, context.dataset.task("purchase"))


@pytest.fixture(scope="module")
def examples(context):
    return user_examples(context, context.dataset.task("purchase"), "validation")


def made(features, label):
    names = tuple(f"f{number}" for number in range(features.shape[1]))
    inputs = HeadInputs(features.astype(np.float32), names, np.zeros((len(label), 0), dtype=np.float32))
    return Examples(None, inputs, label.astype(np.float64))


def test_a_head_reads_the_chosen_features_alone(fitted, context):
    head = fitted.head()
    assert 1 <= len(head.names) <= 6
    assert set(head.names) < set(context.reader.names)
    assert head.boosters["lightgbm"].gains().shape == (len(head.names),)
    assert {scale.name for scale in fitted.standardiser.scales} == set(head.names)
    assert not any(scale.knots for scale in fitted.standardiser.scales)
    assert fitted.record.baselines["recency_frequency"].names  # baselines keep theirs, chosen or not


def test_every_feature_is_listed_with_its_measures_and_its_fate(fitted, context):
    rows = fitted.record.strengths
    assert {row["name"] for row in rows} == set(context.reader.names)
    assert {row["name"] for row in rows if row["kept"]} == set(fitted.head().names)
    for row in rows:
        assert bool(row["reason"]) is not row["kept"]
        assert row["kept"] or row["importance"] == 0.0
        assert {"mutual_information_bits", "chi_squared", "anova_f", "correlation", "p_adjusted"} <= set(row)
    assert sum(row["importance"] for row in rows) == pytest.approx(1.0)
    assert any("duplicates" in row["reason"] for row in rows)
    assert any("weaker than the 6 kept" in row["reason"] for row in rows)


def test_a_selected_head_is_saved_and_explained_like_any_other(fitted, examples, tmp_path):
    save_fitted(fitted, tmp_path / "purchase")
    loaded = load_fitted(tmp_path / "purchase")
    answer = fitted.head().probability(examples.inputs)
    np.testing.assert_array_equal(loaded.head().probability(examples.inputs), answer)
    assert [dict(row) for row in loaded.record.strengths] == [dict(row) for row in fitted.record.strengths]
    one = examples.inputs.take(np.array([3]))
    told = feature_contributions(fitted, one)
    assert set(told.parts) <= {*fitted.head().names, "sequence"}
    assert 1 / (1 + np.exp(-told.total)) == pytest.approx(answer[3], abs=1e-4)


def test_what_is_not_read_changes_nothing(fitted, examples):
    head, inputs = fitted.head(), examples.inputs
    unread = [number for number, name in enumerate(inputs.names) if name not in head.names]
    features = inputs.features.copy()
    features[:, unread] = 1e6
    np.testing.assert_array_equal(head.probability(replace(inputs, features=features)), head.probability(inputs))


def test_without_selection_everything_is_read():
    random = np.random.default_rng(0)
    choice = choose_features(made(random.normal(size=(200, 4)), random.integers(0, 2, 200)), config=FeatureConfig())
    assert choice.names == ("f0", "f1", "f2", "f3")
    assert choice.table["kept"].all()


def test_where_nothing_goes_with_the_target_one_feature_is_kept_and_said_so():
    random = np.random.default_rng(0)
    train = made(random.normal(size=(300, 3)), random.integers(0, 2, 300))
    choice = choose_features(train, config=FeatureConfig(select="association", false_discovery_rate=1e-6))
    assert len(choice.names) == 1
    assert choice.table.filter("kept")["reason"].to_list() == ["nothing goes with the target; the strongest is kept"]


def test_a_measure_decides_what_is_strongest():
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 4000)
    bent = np.abs(random.normal(size=4000)) * np.where(label, 2.5, 0.4) * random.choice([-1, 1], 4000)
    straight = random.normal(size=4000) + 0.4 * label
    train = made(np.column_stack([bent, straight]), label)
    for measure, strongest in (("association", "f1"), ("correlation", "f1"), ("mutual_information", "f0")):
        config = FeatureConfig(select="association", keep=1, measure=measure)
        assert choose_features(train, config=config).names == (strongest,), measure


def test_declared_features_reach_reader_head_and_answer(context, tiny_predictor):
    section = {
        "replace_defaults": True,
        "visit_rhythm": {"aggregate": "gap_irregularity", "windows_days": [28, 56]},
        "taste": {"aggregate": "count_share", "actions": "view", "each": "category", "at_most": 3},
        "order_recency_days": {"aggregate": "order_recency_days"},
    }
    config = parse_config({"features": section}).features
    reader = make_reader(context.dataset, tiny_predictor.reader.ranker, config=config)
    assert reader.names[:2] == ("visit_rhythm_28_days", "visit_rhythm_56_days")
    assert len(reader.names) == 6
    task = context.dataset.task("purchase")
    fitted = fit_task(FitContext(context.dataset, context.view, reader, 0, config), task)
    assert fitted.head().names == reader.names
    assert fitted.record.baselines["recency_frequency"].names == ("order_recency_days",)
    predictor = replace(tiny_predictor, reader=reader, tasks={"purchase": fitted})
    found = predictor.predict("purchase", log=context.dataset.log)
    assert found["probability"].is_between(0, 1).all()
    assert found["probability"].n_unique() > 10


def test_a_declared_calendar_is_read_even_from_a_short_log(context, tiny_predictor):
    config = parse_config({"features": {"replace_defaults": True, "month_day": {"aggregate": "month_day"}}}).features
    reader = make_reader(context.dataset, tiny_predictor.reader.ranker, config=config)
    assert reader.names == ("month_day",)
