"""What `inspect` says a log suffices for is what training answers; what is not answered is named with its reason."""

import json

import pytest

from foretell.config import parse_config
from foretell.evaluate import Report
from foretell.run.inspection import inspect_log
from foretell.run.pipeline import train
from foretell.run.summary import summary_rows, summary_text


@pytest.mark.slow
def test_training_answers_what_inspection_promises(tiny_log_folder, tmp_path):
    found = {gate["task"]: gate["status"] for gate in inspect_log(str(tiny_log_folder))["gates"]}
    assert {found["purchase"], found["recommend"]} == {"refused", "warn"}  # sixteen weeks cannot be cut for 28 days
    config = parse_config({"model": {"size": "nano", "epochs": 1, "n_negatives": 32}, "bootstrap_replicates": 20})
    train(tiny_log_folder, out=tmp_path / "run", config=config)
    document = json.loads((tmp_path / "run" / "report.json").read_text())
    assert set(document["tasks"]) | set(document["left_out"]) == set(found)
    assert {name for name, status in found.items() if status == "refused"} <= set(document["left_out"])
    assert "at least 126 needed" in document["left_out"]["purchase"]
    assert document["left_out"]["purchase"] in (tmp_path / "run" / "report.html").read_text().replace("&#39;", "'")
    told = summary_rows(Report.load(tmp_path / "run"), tmp_path / "run")
    assert told["left_out"] == document["left_out"]
    assert "purchase           left out: Too little data" in summary_text(told)
