"""A file is there whole or not at all."""

import pytest

from foretell.core.files import PARTIAL, appearing_whole


def test_what_was_there_stands_until_all_is_written(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("old")
    with appearing_whole(path) as place:
        place.write_text("new")
        assert path.read_text() == "old"
        assert place.parent == tmp_path  # on the same disk, so that taking its place is one step
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_a_failure_leaves_what_was_there_and_nothing_beside_it(tmp_path, stop):
    path = tmp_path / "answers.csv"
    path.write_text("old")

    def write_half():
        with appearing_whole(path) as place:
            place.write_text("ne")
            raise stop

    with pytest.raises(stop):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_hidden_and_written_over(tmp_path):
    path = tmp_path / "answers.csv"
    left = tmp_path / f".answers.csv{PARTIAL}"
    left.write_text("half of something much longer")
    with appearing_whole(path) as place:
        assert place == left
        place.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
