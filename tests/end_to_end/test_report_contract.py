"""What a finished run leaves: report.json keeps its shape, report.html stands alone."""

import json
import math
import re
import shutil
from html.parser import HTMLParser

import pytest

TASKS = {"purchase", "recommend", "ad", "promotion", "churn", "demand"}
HOSTILE = '<script>alert("x")</script><img src="https://example.org/x.png">'


@pytest.fixture(scope="module")
def report(tiny_run):
    return json.loads((tiny_run / "report.json").read_text())


def test_report_json_has_every_part(report):
    assert report["version"] == 1
    assert {"size", "parameters", "seed", "device"} <= set(report["model"])
    assert report["model"]["size"] == "nano"
    assert report["model"]["parameters"] > 0
    assert {"events", "users", "items", "removed"} <= set(report["data"])
    assert all(isinstance(count, int) and count >= 0 for count in report["data"]["removed"].values())
    assert set(report["windows"]) == {"train", "validation", "test"}
    assert all(isinstance(value, (int, float)) and value >= 0 for value in report["seconds"].values())
    assert {"prepare", "pretrain", "fit", "predict", "evaluate"} <= set(report["seconds"])
    assert report["peak_memory_mib"] > 100
    assert set(report["tasks"]) == TASKS


def test_the_report_is_called_by_its_log(report):
    assert report["title"] == "Shop"


def test_the_windows_lie_end_to_end(report):
    windows = report["windows"]
    assert all(low < high for low, high in windows.values())
    assert windows["train"][1] == windows["validation"][0]
    assert windows["validation"][1] == windows["test"][0]


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_figure_of_a_task_has_its_interval(report, name):
    task = report["tasks"][name]
    assert task["kind"] == name
    assert task["n"] > 0
    assert {"horizon_days", "positives", "metrics", "baselines", "checks"} <= set(task)
    assert task["baselines"]
    for metrics in (task["metrics"], *task["baselines"].values()):
        assert metrics
        for metric, figure in metrics.items():
            assert set(figure) >= {"value", "low", "high"}, metric
            assert all(math.isfinite(figure[key]) for key in ("value", "low", "high")), metric
            assert figure["low"] <= figure["value"] <= figure["high"], metric
    for check in task["checks"]:
        assert set(check) >= {"code", "status", "message"}
        assert check["status"] in {"pass", "warn", "fail"}
        assert re.fullmatch(r"FT\d{3}", check["code"])
        assert check["message"]


@pytest.mark.parametrize(
    ("task", "metrics", "baselines"),
    [
        ("purchase", {"auc", "average_precision", "logloss", "brier", "ece", "f1"}, {"majority", "recency_frequency"}),
        ("churn", {"auc", "ece"}, {"majority", "recency_frequency", "lightgbm_features"}),
        ("ad", {"auc", "ece"}, {"popularity", "recency_frequency", "lightgbm_features"}),
        ("promotion", {"auc"}, {"popularity", "recency_frequency", "lightgbm_features"}),
        ("recommend", {"hit_rate@10", "ndcg@10", "recall@10", "coverage@10"}, {"popularity", "buy_again"}),
        ("demand", {"pinball", "wape", "bias"}, {"seasonal_naive", "moving_average", "lightgbm_features"}),
    ],
)
def test_the_promised_metrics_and_baselines_are_there(report, task, metrics, baselines):
    found = report["tasks"][task]
    assert metrics <= set(found["metrics"])
    assert baselines <= set(found["baselines"])
    assert all(metrics <= set(found["baselines"][baseline]) for baseline in baselines - {"majority"})


def test_lists_are_judged_with_and_without_what_was_bought_before(report):
    variant = report["tasks"]["recommend"]["variants"]["new_items_only"]
    assert 0 <= variant["metrics"]["ndcg@10"]["value"] <= 1
    assert variant["n"] > 0


class References(HTMLParser):
    """Every address a page would fetch or open, and every tag."""

    def __init__(self):
        super().__init__()
        self.found, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name in ("src", "href", "xlink:href", "data", "srcset")]


def references(page):
    parser = References()
    parser.feed(page)
    return parser


def test_the_page_opens_offline(tiny_run):
    page = (tiny_run / "report.html").read_text(encoding="utf-8")
    seen = references(page)
    assert all(address.startswith(("#", "data:")) for address in seen.found), seen.found
    assert seen.tags.isdisjoint({"script", "link", "iframe", "object", "embed"})
    assert "@import" not in page
    assert not re.search(r"url\(\s*['\"]?(?!#|data:)", page)


def test_the_page_speaks_of_every_task(tiny_run, report):
    page = (tiny_run / "report.html").read_text(encoding="utf-8")
    assert all(task["question"].rstrip("?") in page for task in report["tasks"].values())


def test_the_page_shows_a_hostile_id_as_text(foretell_command, tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    report = json.loads((run / "report.json").read_text())
    report["title"] = HOSTILE
    for task in report["tasks"].values():
        for example in task["examples_of_answers"]:
            example.update({name: HOSTILE for name in ("user_id", "item_id") if name in example})
        for slices in task["slices"]:
            for group in slices["groups"]:
                group["group"] = HOSTILE
    (run / "report.json").write_text(json.dumps(report))
    ran = foretell_command("report", run)
    assert ran.code == 0, ran.err
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(" in page
    assert "<script" not in page
    assert references(page).tags.isdisjoint({"script", "img"})
