"""A run is never done twice, is continued where it stopped, and is never mixed with another."""

import json
import shutil

import pytest

import foretell
from foretell.config import parse_config
from foretell.core.errors import InputError, InsufficientDataError, RunError
from foretell.core.files import PARTIAL
from foretell.run.pipeline import train

TIMED = ("seconds", "peak_memory_mib")


@pytest.fixture
def copy(tiny_run, tmp_path):
    """A copy of the finished run, to be changed."""
    return shutil.copytree(tiny_run, tmp_path / "run")


def interrupt(folder, *, after, heads=()):
    """Take away everything a run makes after the stage ``after``; heads of the tasks named were already fitted."""
    state = json.loads((folder / "run.json").read_text())
    stages = list(state["stages"])
    for stage in stages[stages.index(after) + 1 :]:
        del state["stages"][stage]
    state["facts"].pop("left_out")
    (folder / "run.json").write_text(json.dumps(state))
    for name in ("report.json", "report.html", "predictor/manifest.json"):
        (folder / name).unlink()
    shutil.rmtree(folder / "predictions")
    for head in (folder / "predictor" / "heads").iterdir():
        if head.name not in heads:
            shutil.rmtree(head)
    if after == "prepare":
        shutil.rmtree(folder / "pretraining")
        shutil.rmtree(folder / "predictor")


def timeless(folder):
    """The report but for times and memory."""
    report = json.loads((folder / "report.json").read_text())
    return {name: value for name, value in report.items() if name not in TIMED}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def same_predictions(one, other):
    names = {path.name for path in (one / "predictions").iterdir()}
    assert names == {path.name for path in (other / "predictions").iterdir()}
    for name in names:
        assert (one / "predictions" / name).read_bytes() == (other / "predictions" / name).read_bytes(), name


def test_a_finished_run_is_not_made_again(copy, tiny_log_folder, tiny_settings, tiny_predictor):
    kept = [path for path in copy.rglob("*") if path.is_file() and path.name != "run.json"]
    before = {path: path.stat().st_mtime_ns for path in kept}
    predictor = train(tiny_log_folder, out=copy, config=parse_config(tiny_settings))
    assert predictor.version == tiny_predictor.version
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert {path for path in copy.rglob("*") if path.is_file() and path.name != "run.json"} == set(kept)


def test_a_run_interrupted_while_fitting_ends_as_if_it_had_not_been(
    copy, tiny_run, tiny_predictor, tiny_log_folder, tiny_settings
):
    interrupt(copy, after="pretrain", heads=("purchase", "recommend", "ad", "churn", "demand"))
    with pytest.raises(RunError):
        foretell.Predictor.load(copy)
    predictor = train(tiny_log_folder, out=copy, config=parse_config(tiny_settings))
    assert predictor.version == tiny_predictor.version
    assert timeless(copy) == timeless(tiny_run)
    same_predictions(copy, tiny_run)


def test_a_run_interrupted_before_its_page_gets_the_page(copy, tiny_run, tiny_log_folder, tiny_settings):
    interrupt_page(copy)
    train(tiny_log_folder, out=copy, config=parse_config(tiny_settings))
    assert timeless(copy) == timeless(tiny_run)
    assert (copy / "report.html").exists()


def interrupt_page(folder):
    """As if killed between the scores and the page."""
    state = json.loads((folder / "run.json").read_text())
    del state["stages"]["report"]
    (folder / "run.json").write_text(json.dumps(state))
    (folder / "report.json").unlink()


@pytest.mark.slow
@pytest.mark.parametrize("after", ["prepare", "pretrain"])
def test_a_run_interrupted_early_ends_as_if_it_had_not_been(
    copy, tiny_run, tiny_log_folder, tiny_settings, tiny_predictor, after
):
    interrupt(copy, after=after)
    predictor = train(tiny_log_folder, out=copy, config=parse_config(tiny_settings))
    assert predictor.version == tiny_predictor.version
    assert timeless(copy) == timeless(tiny_run)
    same_predictions(copy, tiny_run)


def test_another_config_or_log_is_refused_and_changes_nothing(copy, tiny_log_folder, tiny_settings, tmp_path):
    before = contents(copy)
    with pytest.raises(RunError, match="another log or config") as caught:
        train(tiny_log_folder, out=copy, config=parse_config({**tiny_settings, "seed": 5}))
    assert caught.value.exit_code == 2
    other = shutil.copytree(tiny_log_folder, tmp_path / "other")
    with pytest.raises(RunError, match="another log or config"):
        train(other, out=copy, config=parse_config(tiny_settings))
    assert contents(copy) == before


@pytest.mark.parametrize("state", ['{"stages": ', "", "[3]", "7", '{"stages": [], "facts": {}}'])
def test_a_damaged_state_is_refused_not_overwritten(copy, tiny_log_folder, tiny_settings, state):
    (copy / "run.json").write_text(state)
    before = contents(copy)
    with pytest.raises(RunError, match="damaged") as caught:
        train(tiny_log_folder, out=copy, config=parse_config(tiny_settings))
    assert caught.value.remedy
    assert contents(copy) == before


def test_a_run_killed_as_it_began_can_begin(tmp_path, tiny_log_folder, tiny_settings):
    """Killed between making the folder and naming its state: what is left is no other run."""
    out = tmp_path / "run"
    out.mkdir()
    (out / f".run.json{PARTIAL}").write_text('{"finger')
    config = parse_config({**tiny_settings, "split": {"test_days": 1000}})
    with pytest.raises(InputError, match="too short"):  # past the door: now the log is looked at
        train(tiny_log_folder, out=out, config=config)


def test_a_folder_that_was_there_and_empty_is_left_so(tmp_path, tiny_log_folder, tiny_settings, monkeypatch):
    """The input turns out to be at fault late, when the run's folder is full of what was made of it."""

    def refuse(_, task):
        raise InsufficientDataError("Too few examples.", received=task.name, remedy="Bring more.")

    monkeypatch.setattr("foretell.run.pipeline.fit_task", refuse)
    out = tmp_path / "run"
    out.mkdir()
    with pytest.raises(InsufficientDataError, match="No task"):
        train(tiny_log_folder, out=out, config=parse_config(tiny_settings))
    assert out.is_dir()
    assert not list(out.iterdir())


def test_the_command_line_continues_a_run_and_refuses_another_seed(
    foretell_command, copy, tiny_log_folder, tiny_settings, tmp_path
):
    state = json.loads((copy / "run.json").read_text())
    state["fingerprint"] = ""  # the run was begun in Python; let the command below begin it
    (copy / "run.json").write_text(json.dumps(state))
    config = tmp_path / "config.toml"
    config.write_text(as_toml({"data": {"log": str(tiny_log_folder)}, **tiny_settings}))

    ran = foretell_command("train", config, "--out", copy, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [row["task"] for row in found["tasks"]] == list(tiny_settings["task"])
    assert "finished" in ran.err

    text = foretell_command("train", config, "--out", copy)
    assert text.code == 0
    assert text.out.startswith("task ")

    other = foretell_command("train", config, "--out", copy, "--seed", 7, "--json")
    assert other.code == 2
    assert other.out == ""
    assert "another log or config" in other.err


def as_toml(settings):
    """Nested plain values as TOML (what JSON and TOML share is enough here)."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items() if not isinstance(value, dict)]

    def table(path, values):
        lines.append(f"[{path}]")
        lines.extend(f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, dict))
        for name, value in values.items():
            if isinstance(value, dict):
                table(f"{path}.{name}", value)

    for name, value in settings.items():
        if isinstance(value, dict):
            table(name, value)
    return "\n".join(lines) + "\n"
