"""Lists of users as people have them."""

import pytest

from foretell.run.outputs import read_users


@pytest.mark.parametrize("lines", ["user_id\n{}\n", "user_id;age\n{};30\n", "age\tuser_id\n30\t{}\n", "{}"])
def test_a_list_of_users_from_a_spreadsheet(tmp_path, lines):
    listed = tmp_path / "users.csv"
    listed.write_text(lines.format("u007"), encoding="utf-8-sig")  # which begins with a mark, as spreadsheets do
    assert read_users(listed) == ["u007"]
