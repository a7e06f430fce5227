"""The README's results are those of the recorded run, and the table says of them what is true."""

import copy
import importlib.util
import json

import pytest


@pytest.fixture(scope="module")
def script(repository):
    spec = importlib.util.spec_from_file_location("readme_table", repository / "benchmarks" / "readme_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figure(value, spread=0.01):
    return {"value": value, "low": value - spread, "high": value + spread}


@pytest.fixture
def report():
    def task(metrics, outcome, **baselines):
        metric = next(iter(metrics))
        return {
            "kind": "probability",
            "horizon_days": 28,
            "n": 2000,
            "positives": 900,
            "metrics": metrics,
            "baselines": baselines,
            "paired": {name: {metric: {"outcome": outcome}} for name in baselines},
            "checks": [],
        }

    return {
        "version": 1,
        "model": {"size": "small", "parameters": 1_234_567, "seed": 7, "device": "cpu"},
        "data": {"events": 1_000_000, "users": 2000, "items": 300, "removed": {}},
        "windows": {
            "train": ["2017-01-01", "2017-09-30"],
            "test": ["2017-11-01T00:00:00+00:00", "2017-11-29"],
        },
        "seconds": {"train": 12.5},
        "peak_memory_mib": 900,
        "tasks": {
            "purchase": task({"auc": figure(0.8), "ece": figure(0.012)}, "beats", majority={"auc": figure(0.5)}),
            "recommend": task(
                {"ndcg@10": figure(0.3)},
                "ties",
                popularity={"ndcg@10": figure(0.2)},
                buy_again={"ndcg@10": figure(0.305)},
                lightgbm_features={"ndcg@10": figure(0.31)},
            ),
            "demand": task(
                {"wape": figure(0.4)}, "behind", seasonal_naive={"wape": figure(0.3)}, moving={"wape": figure(0.9)}
            ),
        },
    }


@pytest.fixture
def desk(script, monkeypatch, tmp_path, report):
    """A README and a report of their own for the script to work on."""
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "README", tmp_path / "README.md")
    monkeypatch.setattr(script, "EVIDENCE", tmp_path / "results" / "demo.json")
    (tmp_path / "README.md").write_text(f"# x\n{script.START}\nold\n{script.END}\nend\n")
    (tmp_path / "report.json").write_text(json.dumps(report))
    return tmp_path


def test_the_readme_says_what_the_recorded_run_says(script):
    assert script.main(["--check"]) == 0


def test_the_verdict_is_that_of_the_paired_difference(script, report):
    words = {name: script.rivals(task)[0].words().rsplit(", ", 1)[1] for name, task in report["tasks"].items()}
    assert words == {"purchase": "ahead", "recommend": "level", "demand": "behind"}


def test_the_strongest_simple_baseline_is_shown(script, report):
    best = {name: script.rivals(task)[0].name for name, task in report["tasks"].items()}
    assert best == {"purchase": "majority", "recommend": "buy_again", "demand": "seasonal_naive"}


def test_the_trees_alone_have_a_column_of_their_own(script, report):
    assert script.rivals(report["tasks"]["recommend"])[1].value == 0.31
    assert script.rivals(report["tasks"]["demand"])[1] is None


def test_taking_a_report_over_writes_its_figures(script, desk):
    assert script.main([str(desk / "report.json")]) == 0
    text = (desk / "README.md").read_text()
    assert text.startswith("# x\n")
    assert text.endswith("\nend\n")
    assert "\nold\n" not in text
    assert "| purchase, 28 days, n = 2,000 | AUC, higher is better | 0.800 (0.790 to 0.810) |" in text
    assert "| 0.300 (seasonal naive), behind |" in text
    assert "2017-11-01 to 2017-11-29" in text
    assert script.main(["--check"]) == 0
    assert script.main([str(desk / "report.json"), "--check"]) == 0


def test_other_timings_are_no_news(script, desk, report):
    script.main([str(desk / "report.json")])
    (desk / "report.json").write_text(json.dumps(report | {"seconds": {"train": 99.0}, "peak_memory_mib": 1}))
    assert script.main([str(desk / "report.json"), "--check"]) == 0


def test_a_stale_readme_is_found(script, desk, capsys):
    script.main([str(desk / "report.json")])
    (desk / "README.md").write_text((desk / "README.md").read_text().replace("0.800", "0.900"))
    assert script.main(["--check"]) == 1
    assert "make results" in capsys.readouterr().err


def test_a_report_with_other_figures_is_found(script, desk, report):
    script.main([str(desk / "report.json")])
    changed = copy.deepcopy(report)
    changed["tasks"]["purchase"]["metrics"]["auc"] = figure(0.7)
    (desk / "report.json").write_text(json.dumps(changed))
    assert script.main([str(desk / "report.json"), "--check"]) == 1


def test_without_a_run_the_readme_says_so(script, desk):
    assert script.main(["--check"]) == 1
    (desk / "README.md").write_text(f"{script.START}\n{script.EMPTY}\n{script.END}")
    assert script.main(["--check"]) == 0


def test_a_task_without_a_known_metric_is_refused(script, report):
    with pytest.raises(ValueError, match="no headline metric"):
        script.headline(report["tasks"]["purchase"] | {"metrics": {"r2": figure(0.5)}})


def test_a_task_without_a_baseline_is_refused(script, report):
    with pytest.raises(ValueError, match="no baseline reports auc"):
        script.rivals(report["tasks"]["purchase"] | {"baselines": {}})
