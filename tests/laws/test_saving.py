"""Saved and loaded, a predictor gives the same answers to the last bit, under the same version."""

from polars.testing import assert_frame_equal

from foretell.predictor.predictor import Predictor


def test_answers_after_loading_are_identical(ask, answers, log, tiny_predictor, tmp_path):
    saved = tiny_predictor.save(tmp_path)
    loaded = Predictor.load(tmp_path)
    assert loaded.version == saved.version == tiny_predictor.version
    for name, found in ask(log, predictor=loaded).items():
        assert_frame_equal(found, answers[name], check_exact=True)


def test_saving_again_writes_the_same_bytes(tiny_predictor, tiny_run, tmp_path):
    tiny_predictor.save(tmp_path)
    written = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    assert written
    for name, path in written.items():
        assert path.read_bytes() == (tiny_run / name).read_bytes(), name


def test_nothing_is_pickled(tiny_predictor, tmp_path):
    tiny_predictor.save(tmp_path)
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert suffixes == {".safetensors", ".json", ".txt", ".parquet"}
