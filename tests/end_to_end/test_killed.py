"""A training stopped by hand, then killed twice without warning, ends as if it had never been interrupted."""

import json
import signal
import subprocess
import sys
import time

import pytest

TASKS = ("purchase", "promotion", "demand")
TIMED = ("seconds", "peak_memory_mib")


def config_text(log, settings):
    """Long pre-training with many checkpoints, three tasks."""
    lines = [
        f"bootstrap_replicates = {settings['bootstrap_replicates']}",
        f"[data]\nlog = {json.dumps(str(log))}",
        "[model]\nsize = 'tiny'\nepochs = 24\nn_negatives = 32\ncheckpoint_seconds = 0.05",
        "[split]",
        *(f"{name} = {value}" for name, value in settings["split"].items()),
    ]
    for name in TASKS:
        lines.append(f"[task.{name}]")
        lines.extend(f"{key} = {json.dumps(value)}" for key, value in settings["task"][name].items())
    return "\n".join(lines) + "\n"


def start(folder):
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "foretell.cli", "train", "../config.toml", "--out", "run", "--json"]
    with (folder / "stderr.txt").open("w") as talk:
        return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=talk, text=True)


def finish(folder):
    process = start(folder)
    out, _ = process.communicate()
    assert process.returncode == 0, (folder / "stderr.txt").read_text()
    return json.loads(out)


def stop_once_there(folder, path, *, by):
    """Start, wait for a file, send a signal; returns the exit code, the data and the stages done by then."""
    process = start(folder)
    while not (folder / "run" / path).exists():
        assert process.poll() is None, (folder / "stderr.txt").read_text()
        time.sleep(0.005)
    process.send_signal(by)
    out, _ = process.communicate()
    return process.returncode, out, set(json.loads((folder / "run" / "run.json").read_text())["stages"])


def kill_once_there(folder, path):
    """Start, wait for a file, kill -9; returns the stages that were done by then."""
    code, _, stages = stop_once_there(folder, path, by=signal.SIGKILL)
    assert code == -signal.SIGKILL
    return stages


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_stopped_and_killed_twice_ends_as_if_it_had_not_been(tiny_log_folder, tiny_settings, tmp_path):
    (tmp_path / "config.toml").write_text(config_text(tiny_log_folder, tiny_settings))
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    code, out, stages = stop_once_there(broken, "run.json", by=signal.SIGINT)  # what Ctrl-C sends
    told = (broken / "stderr.txt").read_text()
    assert (code, out) == (130, "")
    assert told.rstrip().endswith("Stopped. Run the same command again to continue.")
    assert "Traceback" not in told
    assert stages <= {"prepare"}
    assert kill_once_there(broken, "pretraining/checkpoint.pt") == {"prepare"}
    checkpoint = broken / "run" / "pretraining" / "checkpoint.pt"
    assert checkpoint.stat().st_size > 0
    assert kill_once_there(broken, "predictor/heads/purchase/head.json") == {"prepare", "pretrain"}
    assert not (broken / "run" / "report.json").exists()

    found, expected = finish(broken), finish(whole)
    timed = ("seconds", "peak_memory_mib")
    assert {key: found[key] for key in found if key not in timed} == {
        key: expected[key] for key in expected if key not in timed
    }
    reports = []
    for folder in (broken, whole):
        report = json.loads((folder / "run" / "report.json").read_text())
        assert all(report.pop(name) for name in TIMED)
        reports.append(report)
    assert reports[0] == reports[1]
    for name in TASKS:
        one, other = (folder / "run" / "predictions" / f"{name}.parquet" for folder in (broken, whole))
        assert one.read_bytes() == other.read_bytes()
