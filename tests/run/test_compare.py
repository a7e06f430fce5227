"""Two runs on the rows both have answered: who is ahead, and what is not compared."""

import shutil

import polars as pl
import pytest

from foretell.core.errors import InputError, RunError, UnknownNameError
from foretell.run.compare import compare_runs, comparison_text


@pytest.fixture
def twin(tiny_run, tmp_path):
    """A copy of the run's answers, to be changed."""
    other = tmp_path / "other"
    (other / "predictions").mkdir(parents=True)
    shutil.copy(tiny_run / "run.json", other / "run.json")
    for file in (tiny_run / "predictions").glob("*.test.parquet"):
        shutil.copy(file, other / "predictions" / file.name)
    return other


def changed(run, task, change):
    file = run / "predictions" / f"{task}.test.parquet"
    change(pl.read_parquet(file)).write_parquet(file)


def test_a_run_against_its_copy_differs_in_nothing(tiny_run, twin):
    found = compare_runs(tiny_run, second=twin, replicates=50)
    assert set(found["tasks"]) == {"purchase", "churn", "promotion", "ad", "recommend", "demand"}
    assert not found["left_out"]
    for task in found["tasks"].values():
        assert {row["better"] for row in task["metrics"].values()} == {"neither"}
        assert task["permutation"]["p_value"] == 1.0
        assert task["only_first"] == task["only_second"] == 0


def test_a_copy_that_is_always_wrong_is_behind_and_the_text_says_so(tiny_run, twin):
    changed(twin, "purchase", lambda frame: frame.with_columns(probability=0.9 - 0.8 * pl.col("label")))
    found = compare_runs(tiny_run, second=twin, task="purchase", replicates=100)
    task = found["tasks"]["purchase"]
    assert task["metrics"]["auc"]["better"] == task["metrics"]["logloss"]["better"] == "first"
    assert task["permutation"]["p_value"] < 0.05
    assert "first is better" in comparison_text(found)
    assert list(found["tasks"]) == ["purchase"]


def test_figures_are_those_of_the_report(tiny_run, twin):
    from foretell.evaluate import Report

    report = Report.load(tiny_run).document["tasks"]
    found = compare_runs(tiny_run, second=twin, replicates=20)["tasks"]
    for name, metric in (("purchase", "auc"), ("ad", "logloss"), ("recommend", "ndcg@10"), ("demand", "wape")):
        assert found[name]["metrics"][metric]["first"] == pytest.approx(report[name]["metrics"][metric]["value"])


def test_only_common_rows_are_compared(tiny_run, twin):
    changed(twin, "churn", lambda frame: frame.head(frame.height - 5))
    task = compare_runs(tiny_run, second=twin, task="churn", replicates=20)["tasks"]["churn"]
    assert (task["only_first"], task["only_second"]) == (5, 0)


def test_rows_that_ended_otherwise_are_another_question(tiny_run, twin):
    changed(twin, "purchase", lambda frame: frame.with_columns(label=1 - pl.col("label")))
    found = compare_runs(tiny_run, second=twin, replicates=20)
    assert "another outcome" in found["left_out"]["purchase"]
    with pytest.raises(InputError, match="no task in common") as caught:
        compare_runs(tiny_run, second=twin, task="purchase", replicates=20)
    assert "another outcome" in caught.value.received


def test_what_cannot_be_compared_is_refused(tiny_run, tmp_path):
    with pytest.raises(UnknownNameError, match="purchse"):
        compare_runs(tiny_run, second=tiny_run, task="purchse")
    with pytest.raises(RunError):
        compare_runs(tiny_run, second=tmp_path / "nothing")
