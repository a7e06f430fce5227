"""What is saved: whole or refused, in this format or refused, and changed when anything learned changes."""

import json
import shutil
from pathlib import Path

import pytest

from foretell.core.errors import InputError, RunError
from foretell.core.files import PARTIAL
from foretell.predictor.predictor import Predictor
from foretell.predictor.storage import load_fitted, save_fitted


@pytest.fixture
def saved(tiny_predictor, tmp_path):
    tiny_predictor.with_tasks({name: tiny_predictor.tasks[name] for name in ("churn", "demand")}).save(tmp_path)
    return tmp_path


def refused(folder):
    with pytest.raises(RunError) as caught:
        Predictor.load(folder)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    return caught.value


def test_a_folder_without_a_predictor(tmp_path):
    assert str(tmp_path / "none") in str(refused(tmp_path / "none").received)
    assert "foretell train" in refused(tmp_path).remedy


@pytest.mark.parametrize("folder", [5, None])
def test_what_is_no_path_at_all(folder):
    with pytest.raises(InputError, match="no folder a predictor could be in") as caught:
        Predictor.load(folder)
    assert type(folder).__name__ in caught.value.received
    assert caught.value.remedy


def test_a_predictor_is_shown_in_a_line(tiny_predictor):
    shown = repr(tiny_predictor)
    assert tiny_predictor.version in shown
    assert "churn" in shown
    assert len(shown) < 500


def test_a_predictor_whose_writing_was_interrupted(saved):
    """The manifest comes last: without it the rest does not count."""
    (saved / "predictor" / "manifest.json").unlink()
    assert "no finished predictor" in refused(saved).problem


def test_another_format(saved):
    path = saved / "predictor" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    error = refused(saved)
    assert "another format" in error.problem
    assert "99" in error.received


FILES = (
    "manifest.json",
    "encoder.json",
    "ranker.json",
    "graph.safetensors",
    "encoder.safetensors",
    "catalogue.parquet",
    "heads/churn/head.json",
    "heads/churn/networks.safetensors",
    "heads/churn/lightgbm.txt",
    "heads/churn/amount.txt",
    "heads/demand/plain_0.txt",
)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone(saved, name):
    (saved / "predictor" / name).unlink()
    refused(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short(saved, name):
    path = saved / "predictor" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(saved)


def test_the_version_is_a_fingerprint_of_everything_learned(tiny_predictor, saved, tmp_path):
    part = Predictor.load(saved)
    assert part.version != tiny_predictor.version
    assert len(part.version) == 12
    again = tmp_path / "again"
    shutil.copytree(saved / "predictor" / "heads", again / "predictor" / "heads")
    assert part.save(again).version == part.version


def test_what_a_killed_writer_left_is_no_part_of_the_version(saved):
    """Killed while the manifest was written: saving again gives the same version, and it loads."""
    home = saved / "predictor"
    (home / f".manifest.json{PARTIAL}").write_text('{"version": "0')
    (home / f".encoder.safetensors{PARTIAL}").write_bytes(b"half")
    part = Predictor.load(saved)
    assert part.save(saved).version == part.version == Predictor.load(saved).version


@pytest.mark.parametrize("n_files", [0, 1, 2, 5, 11])
def test_a_writer_killed_at_any_file_leaves_the_parts_readable(saved, monkeypatch, n_files):
    """A finished run writes its parts once more: those of before must not be cut short by dying there."""
    before = contents(saved)
    replace, replaced = Path.replace, []

    def replace_some(place, target):
        if len(replaced) == n_files:
            raise KeyboardInterrupt  # as near to a kill as one process comes to itself
        replaced.append(target)
        return replace(place, target)

    part = Predictor.load(saved)
    monkeypatch.setattr(Path, "replace", replace_some)
    with pytest.raises(KeyboardInterrupt):
        part.save(saved)
    assert contents(saved) == before


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_head_comes_back_as_it_was(tiny_predictor, tmp_path):
    for name, fitted in tiny_predictor.tasks.items():
        save_fitted(fitted, tmp_path / name)
        again = load_fitted(tmp_path / name)
        assert again.task == fitted.task
        assert again.levels == fitted.levels
        assert json.dumps(again.record.thresholds) == json.dumps(dict(fitted.record.thresholds))
        assert again.record.baselines == fitted.record.baselines
        assert [dict(row) for row in again.record.strengths] == [dict(row) for row in fitted.record.strengths]
        if fitted.probability is not None:
            assert again.head().to_dict() == fitted.head().to_dict()
            for part, booster in fitted.head().boosters.items():
                assert again.head().boosters[part].to_text() == booster.to_text()


def test_no_place_of_this_machine_is_written(tiny_run):
    """A run can be moved: nothing in the predictor says where it was made."""
    root = str(Path(tiny_run).parent)
    for path in (tiny_run / "predictor").rglob("*.json"):
        assert root not in path.read_text(), path.name
