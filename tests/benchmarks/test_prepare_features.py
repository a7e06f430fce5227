"""The features of a large log are those that pandas computes, and the picture of their cost shows every size."""

from benchmarks.prepare_features import agreement, by_pandas, foretell
from benchmarks.scale_log import write_log
from benchmarks.scale_plot import picture


def test_pandas_computes_the_same_features(tmp_path):
    log = write_log(tmp_path / "log", n_events=60_000, seed=3)
    made, theirs = foretell(log, tmp_path), by_pandas(log, tmp_path)
    found = agreement(tmp_path)
    assert made["rows"] == theirs["rows"] == 60_000
    assert found["same_users"]
    assert found["compared"] == made["features"] == theirs["features"] == 78
    assert found["differing"] == []


def test_the_picture_has_a_point_for_each_size():
    sizes = {str(n): {"rows": n * 1_000_000, "seconds": 0.7 * n, "peak_memory_mib": 150 * n} for n in (10, 20, 50, 100)}
    drawn = picture({"by_size": sizes})
    assert drawn.count("<circle") == 4
    assert "100 million in 70 s with 14.6 GiB" in drawn
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawn
