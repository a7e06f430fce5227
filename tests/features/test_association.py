"""The measures agree with their published implementations, and the selection says why."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mutual_info_score, roc_auc_score

from foretell.core.errors import InsufficientDataError, SchemaError
from foretell.features import measure_association, select_features
from foretell.features.association import adjust_p_values

N_ROWS = 4000


@pytest.fixture(scope="module")
def sample():
    """Features that go with a target more, less, oddly and not at all."""
    random = np.random.default_rng(7)
    strong, noise = random.normal(size=N_ROWS), random.normal(size=N_ROWS)
    bought = (strong + random.normal(size=N_ROWS) > 0.5).astype(int)
    coarse = np.round(strong)
    hole = np.where(bought == 1, np.nan, noise)  # missing exactly where the label is 1
    return pl.DataFrame(
        {
            "strong": strong,
            "same_again": np.exp(strong),
            "coarse": coarse,
            "against": -strong + 3 * random.normal(size=N_ROWS),
            "u_shaped": np.where(bought == 1, random.choice([-2, 2], N_ROWS), 0) + noise,
            "noise": noise,
            "constant": np.ones(N_ROWS),
            "hole": hole,
            "bought": bought,
            "spent": strong * 10 + random.normal(size=N_ROWS),
        }
    ).with_columns(pl.col("hole").fill_nan(None))


def row_of(table, name):
    return table.filter(pl.col("name") == name).row(0, named=True)


def test_binary_measures_agree_with_the_libraries(sample):
    table = measure_association(sample.drop("spent"), label="bought")
    for name in ("strong", "coarse", "against", "noise"):
        row = row_of(table, name)
        auc = roc_auc_score(sample["bought"], sample[name])
        assert row["association"] == pytest.approx(abs(auc - 0.5))
        assert row["direction"] == np.sign(auc - 0.5)
        assert row["measure"] == "auc_distance"
    coarse = sample["coarse"].to_numpy()
    levels, codes = np.unique(coarse, return_inverse=True)
    counts = np.zeros((len(levels), 2))
    np.add.at(counts, (codes, sample["bought"].to_numpy()), 1)
    # As many bins as levels here, so that the test is the library's own.
    row = row_of(measure_association(sample.select("coarse", "bought"), label="bought", n_bins=5000), "coarse")
    assert row["p_value"] == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue)
    excess = (len(levels) - 1) / (2 * N_ROWS * np.log(2))
    bits = mutual_info_score(codes, sample["bought"]) / np.log(2)
    assert row["mutual_information_bits"] == pytest.approx(bits - excess)


def test_numeric_measures_agree_with_the_libraries(sample):
    table = measure_association(sample.drop("bought"), label="spent", n_bins=5000)
    for name in ("strong", "against", "noise"):
        row = row_of(table, name)
        assert row["association"] == pytest.approx(abs(stats.spearmanr(sample[name], sample["spent"]).statistic))
    groups = [part["spent"].to_numpy() for part in sample.partition_by("coarse")]
    assert row_of(table, "coarse")["p_value"] == pytest.approx(stats.f_oneway(*groups).pvalue)
    assert row_of(table, "strong")["measure"] == "spearman"


def test_what_auc_cannot_see_the_test_does(sample):
    row = row_of(measure_association(sample, label="bought"), "u_shaped")
    assert row["association"] < 0.05
    assert row["mutual_information_bits"] > 0.05
    assert row["p_adjusted"] < 1e-6
    hole = row_of(measure_association(sample, label="bought"), "hole")
    assert hole["association"] == 0
    assert hole["p_adjusted"] < 1e-6


def test_noise_reads_about_nothing(sample):
    row = row_of(measure_association(sample, label="bought"), "noise")
    assert row["mutual_information_bits"] < 0.003
    assert row["p_value"] > 0.001


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_agree_with_scipy(p_values):
    values = np.array(p_values)
    assert adjust_p_values(values) == pytest.approx(stats.false_discovery_control(values), abs=1e-12)


def test_the_selection_says_why(sample):
    table = select_features(sample.drop("spent"), label="bought")
    kept = dict(zip(table["name"], table["kept"], strict=True))
    reasons = dict(zip(table["name"], table["reason"], strict=True))
    assert kept == {
        "strong": True, "same_again": False, "coarse": True, "against": True, "u_shaped": True,
        "noise": False, "constant": False, "hole": True,
    }  # fmt: skip
    assert reasons["same_again"] == "duplicates strong"
    assert reasons["noise"] == "no association"
    assert reasons["constant"] == "constant"
    assert table["association"].is_sorted(descending=True)


def test_false_discoveries_stay_rare():
    random = np.random.default_rng(3)
    frame = pl.DataFrame({f"noise_{n}": random.normal(size=1000) for n in range(200)})
    table = select_features(frame, label=pl.Series(random.integers(0, 2, 1000)))
    assert (table["p_value"] < 0.05).sum() >= 5
    assert table["kept"].sum() <= 1


def test_classes_and_texts_are_measured_by_information(sample):
    kinds = pl.Series([("low", "middle", "high")[(value > -1) + (value > 1)] for value in sample["strong"]])
    table = measure_association(sample.select("strong", "noise"), label=kinds)
    assert table["measure"].to_list() == ["mutual_information_bits"] * 2
    assert row_of(table, "strong")["association"] > 1
    assert row_of(table, "noise")["association"] < 0.01


def test_rows_without_a_label_are_left_out(sample):
    label = sample["bought"].cast(pl.Float64).set(sample["noise"] > 0, None)
    alone = sample.filter(pl.col("noise") <= 0)
    table = measure_association(sample, label=label, names=["strong"])
    assert table.equals(measure_association(alone, label="bought", names=["strong"]))


def test_what_cannot_be_measured_is_refused(sample):
    with pytest.raises(InsufficientDataError, match="single value"):
        measure_association(sample, label=pl.Series([1] * N_ROWS))
    with pytest.raises(SchemaError, match="not in the frame"):
        measure_association(sample, label="bought", names=["height"])
