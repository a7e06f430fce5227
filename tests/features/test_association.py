"""The measures agree with their published implementations, and the selection says why."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mutual_info_score, roc_auc_score

from foretell.core.errors import ConfigError, InsufficientDataError, SchemaError
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


def test_every_classical_measure_agrees_with_the_libraries(sample):
    table = measure_association(sample.drop("spent"), label="bought")
    label = sample["bought"].to_numpy()
    for name in ("strong", "against", "noise"):
        row, values = row_of(table, name), sample[name].to_numpy()
        assert row["correlation"] == pytest.approx(stats.pearsonr(values, label).statistic)
        assert row["anova_f"] == pytest.approx(stats.f_oneway(values[label == 0], values[label == 1]).statistic)
    coarse = sample.select("coarse", "bought").to_dummies("bought").group_by("coarse").sum().drop("coarse")
    row = row_of(measure_association(sample.select("coarse", "bought"), label="bought", n_bins=5000), "coarse")
    assert row["chi_squared"] == pytest.approx(stats.chi2_contingency(coarse.to_numpy(), correction=False).statistic)
    groups = [part["spent"].to_numpy() for part in sample.partition_by("coarse")]
    row = row_of(measure_association(sample.drop("bought"), label="spent", n_bins=5000), "coarse")
    assert row["anova_f"] == pytest.approx(stats.f_oneway(*groups).statistic)


@given(
    values=st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=30),
    numeric=st.booleans(),
)
def test_measures_are_finite_whatever_the_values(values, numeric):
    label = pl.Series([number % 3 + 0.5 if numeric else number % 2 for number in range(len(values))])
    row = measure_association(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}), label=label).row(0, named=True)
    for name in ("association", "mutual_information_bits", "chi_squared", "anova_f", "correlation", "p_value"):
        assert np.isfinite(row[name]), (name, row)
    assert 0 <= row["p_value"] <= 1
    assert -1 <= row["correlation"] <= 1


def test_the_strongest_are_kept_and_the_rest_told_so(sample):
    frame = sample.drop("spent")
    table = select_features(frame, label="bought", keep=2)
    assert table["kept"].sum() == 2
    assert set(table.filter(reason="weaker than the 2 kept")["name"]) >= {"against", "u_shaped"}
    by_information = select_features(frame, label="bought", measure="mutual_information")
    assert by_information["mutual_information_bits"].is_sorted(descending=True)
    by_correlation = select_features(frame, label="bought", measure="correlation")
    assert by_correlation["correlation"].abs().is_sorted(descending=True)
    with pytest.raises(ConfigError, match="no such measure"):
        select_features(frame, label="bought", measure="beauty")
